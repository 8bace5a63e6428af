"""Kept reasons are those of the reference path, whatever came and went since they were kept."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedlab.api import Cluster, Workload
from schedlab.core import answers, rejections
from schedlab.core.profile import Profile
from schedlab.core.reference import ReferencePath
from schedlab.core.rejections import Rejections
from schedlab.core.select import Lowest
from schedlab.model.objects import (
    EMPTY_BATCH,
    HOSTNAME,
    ZONE,
    LabelSelector,
    PodAffinityTerm,
    PodBatch,
    TopologySpreadConstraint,
)

from .test_groups import replicas
from .test_paths import profiles


def strict(workload: Workload) -> Workload:
    """Return the workload with pods that several filters, and several parts of one, reject."""
    alike = LabelSelector.of({"app": "web"})
    apart = (PodAffinityTerm(HOSTNAME, alike), PodAffinityTerm(ZONE, alike))
    spread = tuple(TopologySpreadConstraint(1, k, "DoNotSchedule", alike) for k in (HOSTNAME, ZONE))
    specs = [
        replace(spec, required_anti_affinity=apart[i % 3 :], spread=spread)
        for i, spec in enumerate(workload.pods.specs)
    ]
    pods = PodBatch(tuple(specs), workload.pods.signature, workload.pods.names)
    return replace(workload, pods=pods)


steps = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 13), st.sampled_from([1, 1, 1, -1])),
    min_size=3,
    max_size=12,
)
"""A spec that is placed (1) on a row, or one of those placed that leaves (-1)."""


@pytest.mark.parametrize("size", ["small", "as if large"])
@settings(max_examples=40, deadline=None)
@given(workload=replicas() | replicas().map(strict), profile=profiles(), steps=steps)
def test_kept_reasons_are_those_of_the_reference_path(
    size: str, workload: Workload, profile: Profile, steps: list[tuple[int, int, int]]
) -> None:
    """Every spec is asked about after every step, so that all that moved is to be taken in."""
    with pytest.MonkeyPatch.context() as patch:
        if size == "as if large":
            patch.setattr(answers, "MANY", 1)
            patch.setattr(rejections, "FEW", 0)
        _come_and_go(workload, profile, steps)


def _come_and_go(workload: Workload, profile: Profile, steps: list[tuple[int, int, int]]) -> None:
    cluster = Cluster.of(replace(workload, pods=EMPTY_BATCH))
    signatures = [cluster.signature(spec) for spec in workload.pods.specs]
    kept, reference = Rejections(profile, cluster), ReferencePath(profile, cluster, Lowest())
    there: list[tuple[int, int]] = []
    for number, row, sign in steps:
        if sign > 0:
            there.append((signatures[number % len(signatures)], row % len(cluster)))
            cluster.place(*there[-1])
        elif there:
            cluster.remove(*there.pop(row % len(there)))
        for signature in signatures:
            assert kept.failures(signature) == reference.failures(signature)
