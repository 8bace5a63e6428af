"""Shares of GPU devices are dealt anew over the cluster, so that more devices are whole."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedlab import engine
from schedlab.api import Budget, Cluster, Placement
from schedlab.model.objects import GpuDevices, GpuRequest, Node, PodBatch, PodSpec
from schedlab_algorithms.large_neighbourhood.cutting import thrifty
from schedlab_algorithms.large_neighbourhood.recutting import recut
from schedlab_algorithms.packing.effort import Effort
from schedlab_algorithms.packing.incumbent import Incumbent
from schedlab_algorithms.packing.sharing import sharing

CYCLE = [[550, 370], [590, 320], [650, 230], [220]]
"""Only if all four devices are broken up do three hold what is on them."""


def placed(
    devices: list[list[int]], nodes: int = 1, cpu: int = 99, waiting: tuple[int, ...] = ()
) -> Incumbent:
    """Return shares on devices dealt round the nodes, and pods that wait for so many devices.

    Every pod asks for 1 cpu, of which each node has ``cpu``.
    """
    shares = [(m, d) for d, held in enumerate(devices) for m in held]
    specs = [PodSpec(requests=(("cpu", 1),), gpu=GpuRequest(1, m)) for m, _ in shares]
    specs += [PodSpec(requests=(("cpu", 1),), gpu=GpuRequest(n, 1000)) for n in waiting]
    batch = PodBatch.of((f"default/p{i}", spec) for i, spec in enumerate(specs))
    each = -(-len(devices) // nodes)
    made = [Node(f"n{i}", {"cpu": cpu, "pods": 99}, gpus=GpuDevices(each)) for i in range(nodes)]
    problem = engine.packing_problem(
        engine.profile("kubernetes"), Cluster(made, batch.specs), batch
    )
    placement = Placement.empty(len(batch))
    for pod, (_, device) in enumerate(shares):
        placement.node[pod] = device % nodes
        placement.devices[pod] = 1 << device // nodes
    return Incumbent.of(problem, batch, placement)


def deal(found: Incumbent, loose: list[bool] | None = None) -> int:
    """Deal anew; check that nobody lost a node and that the books are right."""
    before = found.unplaced.copy()
    mask = np.array(loose or [True] * len(before), np.bool_)
    problem, worths = found.problem, engine.share_worths(found.problem)
    everyone = np.ones(len(before), np.bool_)
    saved = recut(found, worths, mask, everyone, Effort.of(Budget()), 2.0)
    assert (found.unplaced <= before).all()
    np.testing.assert_array_equal(found.counts.sum(axis=1), problem.supply - found.unplaced)
    np.testing.assert_array_equal(
        found.free, problem.free - found.counts.T.astype(np.int64) @ problem.requests
    )
    devices = problem.devices.copy()
    for (signature, node), masks in found.masks.items():
        assert len(masks) == found.counts[signature, node]
        for mask in masks:
            devices[node, mask.bit_length() - 1] -= problem.gpu_milli[signature]
    np.testing.assert_array_equal(found.devices, devices)
    for left in (found.free, found.slots, devices[problem.devices >= 0]):
        assert (left >= 0).all()
    return saved


def whole(found: Incumbent) -> int:
    return int((found.devices == 1000).sum())


@pytest.mark.parametrize("nodes", [1, 2, 4])
def test_a_cycle_that_no_single_exchange_finds(nodes: int) -> None:
    found = placed(CYCLE, nodes)
    everyone = np.ones(len(found.unplaced), np.bool_)
    sharing(found.copy(), everyone, Effort.of(Budget())).tighten()
    assert whole(found) == 0
    assert deal(found) == 1
    assert whole(found) == 1
    assert deal(found) == 0


def test_a_waiting_pod_takes_the_device_that_became_whole() -> None:
    found = placed(CYCLE, 2, waiting=(1,))
    assert deal(found) == 1
    assert found.unplaced.tolist() == [0] * 8
    assert whole(found) == 0


def test_pods_that_want_several_devices_are_left_waiting() -> None:
    found = placed(CYCLE, 2, waiting=(2,))
    assert deal(found) == 1
    assert found.unplaced.tolist() == [0] * 7 + [1]


def test_nothing_changes_where_the_nodes_lack_other_room() -> None:
    # Each node holds as many pods as it has cpu: three that fill a device have no place.
    found = placed(CYCLE, 4, cpu=2)
    before = found.counts.copy()
    assert deal(found) == 0
    np.testing.assert_array_equal(found.counts, before)


def test_devices_with_pods_that_may_not_move_are_left_alone() -> None:
    # 220 would complete the second device, and the first would be whole but for who stays.
    found = placed([[780, 220], [550, 230]])
    assert deal(found.copy(), [False, True, True, True]) == 0
    assert deal(placed([[220], [550, 230]])) == 1


@given(
    st.lists(
        st.lists(
            st.sampled_from([110, 160, 220, 230, 320, 370, 470, 550, 650, 810]), max_size=4
        ).filter(lambda held: sum(held) <= 1000),
        min_size=1,
        max_size=8,
    ),
    st.integers(1, 3),
    st.integers(0, 2),
)
@settings(max_examples=40, deadline=None)
def test_books_are_right_and_devices_only_become_whole(
    devices: list[list[int]], nodes: int, waiting: int
) -> None:
    fullest = max(sum(len(held) for held in devices[n::nodes]) for n in range(nodes))
    found = placed(devices, nodes, cpu=fullest + 1, waiting=(1,) * waiting)
    before, waited = whole(found), int(found.unplaced.sum())
    saved = deal(found)
    assert whole(found) + waited - int(found.unplaced.sum()) == before + saved


@given(st.sets(st.integers(90, 900), min_size=1, max_size=5), st.integers(0, 1 << 30))
@settings(max_examples=30, deadline=None)
def test_thrifty_patterns_are_all_those_worth_most_of_a_device(sizes: set[int], seed: int) -> None:
    size = np.array(sorted(sizes), np.int64)
    worth = np.random.default_rng(seed).integers(0, size + 1)
    found = list(thrifty(size, worth, 1000))
    every = product(*(range(1000 // s + 1) for s in size.tolist()))
    fitting = [p for p in every if size @ p <= 1000 and worth @ p >= 900]
    assert sorted(found) == sorted(fitting)
