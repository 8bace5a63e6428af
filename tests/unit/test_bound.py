"""Bounds on cases small enough to know the best placement."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from schedlab.api import Placement, Workload
from schedlab.metrics import METRICS, Outcome, measure
from schedlab.metrics.bounds import Bounds
from schedlab.model.objects import GpuDevices, GpuRequest, Node, PodBatch, PodSpec


def cpu(milli: int, **rest: object) -> PodSpec:
    return PodSpec(requests=(("cpu", milli),), **rest)  # type: ignore[arg-type]


def gpu(milli: int, count: int = 1) -> PodSpec:
    return PodSpec(gpu=GpuRequest(count, milli))


def workload(nodes: list[Node], pods: list[PodSpec]) -> Workload:
    batch = PodBatch.of((f"default/p{i}", spec) for i, spec in enumerate(pods))
    return Workload(name="case", nodes=tuple(nodes), pods=batch)


def bounds(nodes: list[Node], pods: list[PodSpec]) -> Bounds:
    return Bounds.of(workload(nodes, pods), np.ones(0, np.bool_))


def machines(number: int, milli: int, gpus: int = 0) -> list[Node]:
    devices = GpuDevices(gpus) if gpus else None
    return [Node(f"n{i}", {"cpu": milli, "pods": 10}, gpus=devices) for i in range(number)]


def most(found: Bounds) -> int:
    return int(found.pods.limit)


def test_pods_that_fill_nodes_exactly() -> None:
    assert most(bounds(machines(3, 1000), [cpu(250)] * 20)) == 12


def test_a_pod_larger_than_every_node_is_not_counted() -> None:
    assert most(bounds(machines(2, 1000), [cpu(1500), cpu(1000)])) == 1


def test_a_pod_is_not_cut_to_fit_the_scraps_of_many_nodes() -> None:
    assert most(bounds(machines(10, 1000), [cpu(501)] * 30)) == 10


def test_the_number_of_pods_a_node_may_hold() -> None:
    assert most(bounds(machines(2, 1000), [cpu(1)] * 50)) == 20


@pytest.mark.parametrize(
    ("pods", "expected"),
    [
        ([gpu(600)] * 5, 2),  # two do not share a device
        ([gpu(1000)] * 2 + [gpu(300)], 2),
        ([gpu(1000, 2)] * 3, 1),
        ([gpu(600)] * 2 + [gpu(500)], 2),  # nor do 600 and 500, though their sum would fit
    ],
)
def test_devices_are_whole(pods: list[PodSpec], expected: int) -> None:
    assert most(bounds(machines(1, 1000, gpus=2), pods)) == expected


def test_room_that_bound_pods_take_is_not_offered() -> None:
    case = replace(
        workload(machines(1, 1000), [cpu(500)] * 2),
        bound=PodBatch.of([("default/b", cpu(500))]),
        bound_node=np.zeros(1, np.int32),
    )
    assert most(Bounds.of(case, np.ones(1, np.bool_))) == 1
    assert most(Bounds.of(case, np.zeros(1, np.bool_))) == 2  # it was evicted


def test_a_tier_is_bounded_by_what_is_placed_of_higher_ones() -> None:
    pods = [cpu(750, priority=9)] * 2 + [cpu(250)] * 8
    tiers = bounds(machines(1, 1000), pods).tiers
    assert tiers.given(np.array([1, 0])).tolist() == [1, 1]
    assert tiers.given(np.array([0, 0])).tolist() == [1, 4]


def test_nodes_in_use() -> None:
    found = bounds(machines(9, 1000), [cpu(400), cpu(600), cpu(1000)])
    assert found.fewest_nodes(np.array([1, 1, 1])) == 2
    assert found.fewest_nodes(np.array([0, 1, 0])) == 1
    assert found.fewest_nodes(np.array([0, 0, 0])) == 0


def test_metrics_of_a_placement() -> None:
    pods = [cpu(750, priority=9), cpu(250), cpu(250), cpu(250), cpu(250), cpu(250)]
    placement = Placement.empty(6)
    placement.node[[0, 2]] = 0, 1
    found = measure(Outcome(workload(machines(2, 1000), pods), placement))
    assert found["bound"] == 6
    assert found["gap"] == pytest.approx(4 / 6)
    assert found["gap_priority_weighted"] == pytest.approx(4 / 7)
    assert (found["bound_by_priority:9"], found["bound_by_priority:0"]) == (1, 5)
    assert (found["gap_by_priority:9"], found["gap_by_priority:0"]) == (0, pytest.approx(4 / 5))
    assert (found["nodes_bound"], found["nodes_gap"]) == (1, 0.5)


def test_metrics_without_pods_or_nodes() -> None:
    for case in (workload([], [cpu(1)]), workload(machines(1, 1), [])):
        found = measure(Outcome(case, Placement.empty(len(case.pods))))
        assert (found["bound"], found["gap"], found["nodes_bound"], found["nodes_gap"]) == (0,) * 4


def test_every_metric_says_what_it_is() -> None:
    assert all(METRICS[n].description for n in ("bound", "gap", "nodes_bound", "nodes_gap"))
