"""Ejection chains on instances small enough to see what must happen."""

from __future__ import annotations

import numpy as np

from schedlab import engine
from schedlab.api import Budget, Cluster, Placement
from schedlab.model.objects import GpuDevices, GpuRequest, Node, PodBatch, PodSpec
from schedlab_algorithms.packing.certificate import certify
from schedlab_algorithms.packing.effort import Effort
from schedlab_algorithms.packing.ejection import Ejector
from schedlab_algorithms.packing.incumbent import Incumbent


def ejector(
    nodes: list[Node], pods: list[PodSpec], where: list[int], devices: list[int] | None = None
) -> Ejector:
    """Return an ejector over pods placed as ``where`` says (-1: waiting)."""
    batch = PodBatch.of((f"default/p{i}", spec) for i, spec in enumerate(pods))
    cluster = Cluster(nodes, batch.specs)
    problem = engine.packing_problem(engine.profile("kubernetes"), cluster, batch)
    placement = Placement.empty(len(batch))
    placement.node[:] = where
    placement.devices[:] = devices or 0
    incumbent = Incumbent.of(problem, batch, placement)
    effort = Effort.of(Budget())
    unordered = np.ones(len(batch.specs), np.bool_)
    return Ejector(incumbent, certify(problem, effort), unordered, effort)


def cpu(milli: int, **rest: object) -> PodSpec:
    return PodSpec(requests=(("cpu", milli),), **rest)  # type: ignore[arg-type]


def node(name: str, milli: int, **rest: object) -> Node:
    return Node(name, {"cpu": milli, "pods": 10}, **rest)  # type: ignore[arg-type]


def test_a_pod_is_moved_so_that_another_fits() -> None:
    found = ejector([node("a", 3), node("b", 2)], [cpu(1), cpu(3)], [0, -1])
    found.insert_waiting(1.0)
    assert found.incumbent.unplaced.tolist() == [0, 0]
    assert found.incumbent.counts.tolist() == [[0, 1], [1, 0]]


def test_a_chain_of_two_ejections() -> None:
    pods = [cpu(2), cpu(3), cpu(4)]
    found = ejector([node("a", 4), node("b", 3), node("c", 2)], pods, [1, 0, -1])
    found.insert_waiting(1.0)
    assert found.incumbent.counts.tolist() == [[0, 0, 1], [0, 1, 0], [1, 0, 0]]


def test_a_pod_takes_the_place_of_as_few_of_a_lower_tier_as_possible() -> None:
    pods = [cpu(1), cpu(1), cpu(2), cpu(2, priority=9)]
    found = ejector([node("a", 2), node("b", 2)], pods, [0, 0, 1, -1])
    found.insert_waiting(1.0)
    assert found.incumbent.unplaced.tolist() == [0, 1, 0]
    assert found.incumbent.value == (1, 2, -2)


def test_a_pod_never_takes_the_place_of_one_of_its_own_tier() -> None:
    found = ejector([node("a", 2)], [cpu(1), cpu(1), cpu(2)], [0, 0, -1])
    found.insert_waiting(1.0)
    assert found.incumbent.unplaced.tolist() == [0, 1]


def test_nothing_changes_where_no_chain_places_more() -> None:
    found = ejector([node("a", 3), node("b", 1)], [cpu(2), cpu(3)], [0, -1])
    before = found.incumbent.counts.copy(), found.incumbent.free.copy()
    found.insert_waiting(1.0)
    np.testing.assert_array_equal(found.incumbent.counts, before[0])
    np.testing.assert_array_equal(found.incumbent.free, before[1])
    assert found.gains == 0


def test_a_node_is_emptied_into_nodes_in_use_alone() -> None:
    pods = [cpu(1), cpu(2)]
    found = ejector([node("a", 4), node("b", 4), node("c", 9)], pods, [0, 1])
    found.empty_nodes(1.0)
    assert found.incumbent.nodes_used == 1
    assert found.incumbent.counts[:, 2].sum() == 0


def test_the_devices_of_a_share_are_cleared() -> None:
    share, whole = PodSpec(gpu=GpuRequest(1, 500)), PodSpec(gpu=GpuRequest(2, 1000))
    nodes = [node("a", 1, gpus=GpuDevices(2)), node("b", 1, gpus=GpuDevices(1))]
    found = ejector(nodes, [share, whole], [0, -1], [0b10, 0])
    found.insert_waiting(1.0)
    assert found.incumbent.masks == {(0, 1): [0b1], (1, 0): [0b11]}
    assert found.incumbent.devices.tolist() == [[0, 0], [500, -1]]


def test_pods_that_may_not_be_moved_stay() -> None:
    found = ejector([node("a", 3), node("b", 2)], [cpu(1), cpu(3)], [0, -1])
    found.unordered[0] = False
    found.insert_waiting(1.0)
    assert found.incumbent.unplaced.tolist() == [0, 1]


def test_a_large_pod_makes_way_for_several_smaller_ones() -> None:
    pods = [cpu(4), cpu(2), cpu(2), cpu(1)]
    found = ejector([node("a", 4)], pods, [0, -1, -1, -1])
    found.trade(1.0)
    assert found.incumbent.unplaced.tolist() == [1, 1, 0]
    assert found.incumbent.counts.tolist() == [[0], [1], [1]]


def test_a_large_pod_stays_where_no_more_smaller_ones_fit_or_its_priority_is_higher() -> None:
    for pods in ([cpu(4), cpu(3)], [cpu(4, priority=3), cpu(2), cpu(2)]):
        found = ejector([node("a", 4)], pods, [0] + [-1] * (len(pods) - 1))
        found.trade(1.0)
        assert found.incumbent.unplaced[0] == 0
        assert found.gains == 0


def test_nothing_is_emptied_if_nobody_minds_nodes_in_use() -> None:
    found = ejector([node("a", 4), node("b", 4)], [cpu(1), cpu(2)], [0, 1])
    found.incumbent.objectives = ("placed",)
    found.empty_nodes(1.0)
    assert found.incumbent.nodes_used == 2


def test_a_node_is_not_emptied_if_an_earlier_objective_suffers() -> None:
    nodes = [Node(n, {"cpu": 4, "memory": m, "pods": 10}) for n, m in (("a", 2), ("b", 8))]
    pods = [PodSpec(requests=(("cpu", c), ("memory", m))) for c, m in ((2, 1), (1, 2))]
    for objectives, used in (
        (("placed", "nodes-used"), 1),
        (("placed", "balance", "nodes-used"), 2),
    ):
        found = ejector(nodes, pods, [0, 1])
        found.incumbent.objectives = objectives
        found.empty_nodes(1.0)
        assert found.incumbent.nodes_used == used
