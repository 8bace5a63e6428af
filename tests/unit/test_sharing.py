"""Shares of GPU devices are moved together, so that other devices become whole."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from schedlab import engine
from schedlab.api import Budget, Cluster, Placement
from schedlab.model.objects import GpuDevices, GpuRequest, Node, PodBatch, PodSpec
from schedlab_algorithms.packing.effort import Effort
from schedlab_algorithms.packing.incumbent import Incumbent
from schedlab_algorithms.packing.sharing import sharing

At = tuple[int, int]


def shares(milli: list[int], where: list[At], nodes: list[Node], cpu: int = 0) -> Incumbent:
    """Return a placement of pods with one share each, on (node, device)."""
    specs = [PodSpec(requests=(("cpu", cpu),), gpu=GpuRequest(1, m)) for m in milli]
    batch = PodBatch.of((f"default/p{i}", spec) for i, spec in enumerate(specs))
    problem = engine.packing_problem(
        engine.profile("kubernetes"), Cluster(nodes, batch.specs), batch
    )
    placement = Placement.empty(len(batch))
    placement.node[:] = [n for n, _ in where]
    placement.devices[:] = [1 << d for _, d in where]
    return Incumbent.of(problem, batch, placement)


def gpus(name: str, devices: int, cpu: int = 9) -> Node:
    return Node(name, {"cpu": cpu, "pods": 20}, gpus=GpuDevices(devices))


def tighten(found: Incumbent, loose: list[bool] | None = None) -> int:
    mask = np.array(loose or [True] * len(found.unplaced))
    return sharing(found, mask, Effort.of(Budget())).tighten()


def whole(found: Incumbent) -> int:
    return int((found.devices == 1000).sum())


def test_two_halves_are_put_together() -> None:
    found = shares([500, 490], [(0, 0), (1, 0)], [gpus("a", 1), gpus("b", 1)])
    assert tighten(found) == 1
    assert whole(found) == 1
    assert found.unplaced.tolist() == [0, 0]


def test_small_shares_go_where_a_large_one_stays_anyway() -> None:
    where = [(0, 0), (0, 1), (1, 0), (1, 1)]
    found = shares([650, 320, 470, 460], where, [gpus("a", 2), gpus("b", 2)])
    tighten(found)
    assert sorted(found.devices.ravel().tolist()) == [30, 70, 1000, 1000]


def test_a_full_device_is_broken_up_where_another_can_never_be_whole() -> None:
    found = shares([550, 460, 320, 220], [(0, 0), (0, 1), (0, 1), (0, 1)], [gpus("a", 2)])
    tighten(found)
    assert found.devices[0].tolist() == [1000 - 550 - 320, 1000 - 460 - 220]


def test_an_exchange_fills_what_no_move_could() -> None:
    # Only if 300 and 400 change places is there room for 300 elsewhere to leave its device.
    where = [(0, 0), (0, 1), (0, 1), (0, 0)]
    found = shares([600, 550, 400, 300], where, [gpus("a", 2)])
    tighten(found)
    assert sorted(found.devices[0].tolist()) == [0, 150]


def test_requests_are_kept_within_a_node() -> None:
    found = shares([500, 490], [(0, 0), (1, 0)], [gpus("a", 1, 1), gpus("b", 1, 1)], cpu=1)
    assert tighten(found) == 0


def test_pods_that_may_not_move_stay() -> None:
    found = shares([500, 490], [(0, 0), (1, 0)], [gpus("a", 1), gpus("b", 1)])
    assert tighten(found, [False, False]) == 0
    assert tighten(found, [False, True]) == 1
    assert found.masks == {(0, 0): [1], (1, 0): [1]}


@given(
    st.lists(st.sampled_from([160, 230, 320, 470, 550, 650, 810]), min_size=1, max_size=12),
)
@settings(max_examples=60, deadline=None)
def test_no_device_is_overdrawn_and_none_is_lost(milli: list[int]) -> None:
    nodes = [gpus("a", 8, 8), gpus("b", 4, 8)]
    slots = [(0, d) for d in range(8)] + [(1, d) for d in range(4)]
    found = shares(milli, slots[: len(milli)], nodes, cpu=1)
    before = whole(found)
    tighten(found)
    assert found.unplaced.sum() == 0
    assert (found.free >= 0).all()
    assert whole(found) >= before
    free = found.problem.devices.copy()
    for (signature, node), masks in found.masks.items():
        for mask in masks:
            free[node, mask.bit_length() - 1] -= milli_of(found, signature)
    np.testing.assert_array_equal(found.devices, free)
    assert (free[found.problem.devices >= 0] >= 0).all()


def milli_of(found: Incumbent, signature: int) -> int:
    return int(found.problem.gpu_milli[signature])
