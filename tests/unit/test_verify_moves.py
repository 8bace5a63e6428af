"""Moves of running pods: what verify holds them to, and how they are measured and written down."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from schedlab.api import Eviction, Move, Placement, Workload
from schedlab.harness.tables import moves as moves_table
from schedlab.metrics import Outcome, measure
from schedlab.metrics.verify import verify
from schedlab.model.objects import (
    HOSTNAME,
    GpuDevices,
    GpuRequest,
    HostPort,
    LabelSelector,
    Node,
    PodAffinityTerm,
    PodBatch,
    PodSpec,
    Requirement,
    Taint,
    TopologySpreadConstraint,
)

WEB = LabelSelector((Requirement("app", "In", ("web",)),))


def node(name: str, cpu: int = 1000, **fields: object) -> Node:
    return Node(name, {"cpu": cpu}, {HOSTNAME: name, "zone": name}, **fields)  # type: ignore[arg-type]


def pod(cpu: int, **fields: object) -> PodSpec:
    return PodSpec(requests=(("cpu", cpu),), **fields)  # type: ignore[arg-type]


def scene(bound: list[tuple[PodSpec, int]], waiting: list[PodSpec], *nodes: Node) -> Workload:
    return Workload(
        "moves",
        nodes or (node("n0"), node("n1")),
        PodBatch.of((f"default/p{i}", s) for i, s in enumerate(waiting)),
        bound=PodBatch.of((f"default/b{i}", s) for i, (s, _) in enumerate(bound)),
        bound_node=np.array([row for _, row in bound], np.int32),
    )


def placed(workload: Workload, *moves: Move, rows: tuple[int, ...] = (0,)) -> Placement:
    placement = Placement.empty(len(workload.pods))
    placement.node[:] = rows
    placement.moves.extend(moves)
    return placement


def faults(workload: Workload, placement: Placement) -> list[tuple[str, str, str]]:
    return [(v.constraint, v.pod, v.node) for v in verify(workload, placement)]


def test_a_move_makes_room_at_the_turn_of_the_pod_that_needs_it() -> None:
    workload = scene([(pod(600), 0)], [pod(500)])
    assert faults(workload, placed(workload)) == [("capacity", "default/p0", "n0")]
    assert faults(workload, placed(workload, Move(0, 0, 0, 1))) == []


def test_a_move_does_not_help_those_placed_before_it() -> None:
    workload = scene([(pod(600), 0)], [pod(500), pod(100)])
    late = placed(workload, Move(1, 0, 0, 1), rows=(0, 0))
    assert faults(workload, late) == [("capacity", "default/p0", "n0")]


def test_the_moved_pod_needs_room_where_it_comes_to() -> None:
    workload = scene([(pod(600), 0), (pod(600), 1)], [pod(500)])
    placement = placed(workload, Move(0, 0, 0, 1))
    assert faults(workload, placement) == [("capacity", "default/b0", "n1")]


def test_the_moved_pod_takes_room_from_those_after_it() -> None:
    workload = scene([(pod(600), 0)], [pod(500), pod(500)])
    placement = placed(workload, Move(0, 0, 0, 1), rows=(0, 1))
    assert faults(workload, placement) == [("capacity", "default/p1", "n1")]


def test_moves_follow_one_another() -> None:
    nodes = node("n0"), node("n1"), node("n2")
    workload = scene([(pod(600), 0), (pod(600), 1)], [pod(500)], *nodes)
    first, second = Move(0, 1, 1, 2), Move(0, 0, 0, 1)
    assert faults(workload, placed(workload, first, second)) == []
    assert faults(workload, placed(workload, second, first)) == [("capacity", "default/b0", "n1")]


def test_a_pod_may_move_twice() -> None:
    workload = scene([(pod(600), 0)], [pod(500), pod(500)])
    there_and_back = Move(0, 0, 0, 1), Move(1, 0, 1, 0)
    placement = placed(workload, *there_and_back, rows=(0, 1))
    assert faults(workload, placement) == [("capacity", "default/b0", "n0")]


@pytest.mark.parametrize(
    ("wrong", "detail"),
    [
        (Move(0, 0, 1, 0), "it is not on"),
        (Move(0, 0, 0, 0), "to where it is"),
        (Move(0, 0, 0, 1, held=1), "gives back devices 0b1, it holds 0b0"),
    ],
)
def test_only_what_is_there_moves(wrong: Move, detail: str) -> None:
    workload = scene([(pod(100), 0)], [pod(500)])
    [violation] = verify(workload, placed(workload, wrong))
    assert (violation.constraint, violation.pod) == ("moves", "default/b0")
    assert detail in violation.detail


def test_a_pod_that_is_being_deleted_does_not_move() -> None:
    workload = scene([(pod(600, terminating=True), 0)], [pod(500)])
    placement = placed(workload, Move(0, 0, 0, 1))
    assert faults(workload, placement) == [("moves", "default/b0", "n0")]


def test_what_was_evicted_does_not_move_and_what_moved_is_evicted_where_it_is() -> None:
    workload = scene([(pod(600), 0)], [pod(500, priority=1), pod(500, priority=1)])
    gone = placed(workload, Move(1, 0, 0, 1), rows=(0, 0))
    gone.evictions.append(Eviction(by=0, row=0, bound=0))
    assert faults(workload, gone) == [("moves", "default/b0", "n0")]
    moved = placed(workload, Move(0, 0, 0, 1), rows=(0, 1))
    moved.evictions.append(Eviction(by=1, row=1, bound=0))
    assert faults(workload, moved) == []
    moved.evictions[0] = Eviction(by=1, row=0, bound=0)
    assert ("preemption", "default/b0", "n0") in faults(workload, moved)


@pytest.mark.parametrize(
    ("spec", "target", "constraint"),
    [
        (pod(600, node_name="n0"), node("n1"), "node-name"),
        (pod(600, node_selector=((HOSTNAME, "n0"),)), node("n1"), "node-affinity"),
        (pod(600), node("n1", taints=(Taint("k"),)), "taints"),
        (pod(600), node("n1", unschedulable=True), "unschedulable"),
        (pod(600, host_ports=(HostPort(80),)), node("n1"), "host-ports"),
        (
            pod(600, required_anti_affinity=(PodAffinityTerm("zone", WEB),)),
            node("n1"),
            "pod-anti-affinity",
        ),
        (
            pod(
                600,
                labels=(("app", "web"),),
                spread=(TopologySpreadConstraint(1, "zone", selector=WEB),),
            ),
            node("n1"),
            "spread",
        ),
    ],
)
def test_every_other_constraint_holds_where_it_comes_to(
    spec: PodSpec, target: Node, constraint: str
) -> None:
    there = pod(100, labels=(("app", "web"),), host_ports=(HostPort(80),))
    workload = scene([(spec, 0), (there, 1), (there, 1)], [pod(500)], node("n0"), target)
    placement = placed(workload, Move(0, 0, 0, 1))
    assert faults(workload, placement) == [(constraint, "default/b0", "n1")]


def test_its_own_anti_affinity_does_not_hold_it_back() -> None:
    alone = pod(
        600,
        labels=(("app", "web"),),
        required_anti_affinity=(PodAffinityTerm("region", WEB),),
    )
    nodes = tuple(Node(n, {"cpu": 1000}, {"region": "r"}) for n in ("n0", "n1"))
    workload = scene([(alone, 0)], [pod(500)], *nodes)
    assert faults(workload, placed(workload, Move(0, 0, 0, 1))) == []


def gpu_scene() -> Workload:
    nodes = tuple(
        Node(n, {"cpu": 1000}, {HOSTNAME: n}, gpus=GpuDevices(2, "T4")) for n in ("n0", "n1")
    )
    shares = [(pod(100, gpu=GpuRequest(1, milli)), row) for milli, row in ((600, 0), (500, 0))]
    return scene(
        [*shares, (pod(100, gpu=GpuRequest(1, 600)), 1)], [pod(1, gpu=GpuRequest(2))], *nodes
    )


def test_devices_move_with_the_pod() -> None:
    """On n0 the bound pods hold devices 0 and 1, on n1 device 0."""
    workload = gpu_scene()
    right = placed(
        workload, Move(0, 0, 0, 1, held=1, devices=2), Move(0, 1, 0, 1, held=2, devices=1)
    )
    right.devices[0] = 3
    assert faults(workload, right) == [("devices", "default/b1", "n1")]
    only_one = placed(workload, Move(0, 0, 0, 1, held=1, devices=2))
    only_one.devices[0] = 3
    assert ("devices", "default/p0", "n0") in faults(workload, only_one)


def test_moves_must_name_pods_and_nodes() -> None:
    workload = scene([(pod(600), 0)], [pod(500)])
    wrong = Move(1, 0, 0, 1), Move(0, 1, 0, 1), Move(0, 0, 0, 2), Move(0, 0, 0, 1, devices=-1)
    for move in wrong:
        assert [c for c, _, _ in faults(workload, placed(workload, move))] == ["placement"]


def test_a_placement_may_be_judged_without_its_moves() -> None:
    workload = scene([(pod(100), 0)], [pod(500)])
    assert verify(workload, placed(workload, Move(0, 0, 0, 0)), hard_constraints=["capacity"]) == []


def test_moves_are_measured_on_the_cluster_as_they_left_it() -> None:
    workload = scene([(pod(600), 0), (pod(300), 0)], [pod(700)])
    outcome = Outcome(workload, placed(workload, Move(0, 0, 0, 1)))
    assert verify(workload, outcome.placement) == []
    assert outcome.cluster.requested[:, 0].tolist() == [1000, 600]
    rows = outcome.running[1].tolist()
    assert rows == [1, 0, 0]
    metrics = measure(outcome)
    assert metrics["moves"] == 1
    assert metrics["pods_evicted"] == 0
    assert (metrics["bound"], metrics["gap"]) == (1, 0)


def test_moved_pods_that_are_evicted_leave_the_cluster() -> None:
    workload = scene([(pod(600), 0)], [pod(500, priority=1), pod(500, priority=1)])
    placement = placed(workload, Move(0, 0, 0, 1), rows=(0, 1))
    placement.evictions.append(Eviction(by=1, row=1, bound=0))
    assert Outcome(workload, placement).cluster.requested[:, 0].tolist() == [500, 500]


def test_moves_are_a_table_of_the_trial() -> None:
    workload = scene([(pod(600), 0)], [pod(500)])
    table = moves_table(Outcome(workload, placed(workload, Move(0, 0, 0, 1))))
    assert table is not None
    assert table.to_pylist() == [
        {"pod": "default/b0", "origin": 0, "target": 1, "made_room_for": "default/p0"}
    ]
    assert moves_table(Outcome(replace(workload), Placement.empty(1))) is None
