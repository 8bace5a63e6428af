"""Which volumes are taken, as placements are undone: as if these had never been."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from schedlab.api import Cluster, Workload
from schedlab.core.undo import undo
from schedlab_algorithms.kubernetes.volume_binding_account import VolumeAccount
from tests.property.volumes import workloads

Known = tuple[list[list[int]], list[int | None]]


def known(cluster: Cluster) -> Known:
    """Return the volume that each claim would get by node, and the node selected for it."""
    account = VolumeAccount.of(cluster.view(np.arange(len(cluster))))
    claims = cluster.storage.claims
    volumes = [account.matches((claim,))[0].tolist() for claim in claims]
    return volumes, [account.selected_row(claim) for claim in claims]


def afresh(workload: Workload, placements: list[tuple[int, int]]) -> Cluster:
    cluster = Cluster.of(workload)
    for pod, row in placements:
        cluster.place(cluster.signature(list(workload.pods)[pod][1]), row)
    return cluster


@settings(max_examples=60, deadline=None)
@given(workload=workloads, data=st.data())
def test_what_was_undone_took_no_volume(workload: Workload, data: st.DataObject) -> None:
    cluster, specs = Cluster.of(workload), [s for _, s in workload.pods]
    kept: list[tuple[int, int]] = []
    began: list[int] = []
    for step in range(12):
        if kept and data.draw(st.integers(0, 3)) == 0:
            first = data.draw(st.integers(0, len(kept) - 1))
            undo(cluster, began[first])
            del kept[first:], began[first:]
        elif specs:
            pod = data.draw(st.integers(0, len(specs) - 1))
            row = data.draw(st.integers(0, len(cluster) - 1))
            began.append(len(cluster.log))
            kept.append((pod, row))
            cluster.place(cluster.signature(specs[pod]), row)
        if step == 11 or data.draw(st.booleans()):
            assert known(cluster) == known(afresh(workload, kept))
