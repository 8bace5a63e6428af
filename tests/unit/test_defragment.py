"""Defragment: few moves, all of them legal, and only of pods that may move."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from schedlab import engine
from schedlab.api import Budget, Cluster, Node, Placement, PodBatch, PodSpec, Workload
from schedlab.errors import InputError
from schedlab.metrics.verify import verify
from schedlab.model.objects import (
    HOSTNAME,
    GpuDevices,
    GpuRequest,
    HostPort,
    LabelSelector,
    PodAffinityTerm,
    PodDisruptionBudget,
    Requirement,
    TopologySpreadConstraint,
)
from schedlab.model.volumes import DiskVolume
from schedlab_algorithms.defragment import Defragment
from schedlab_algorithms.defragment.covers import (
    AT_A_TIME,
    EXACT,
    cheapest_covers,
    pareto_front,
    under_any,
)
from schedlab_algorithms.packing.answer import NO_TIME

APP = LabelSelector((Requirement("app", "In", ("x",)),))
Where = list[tuple[PodSpec, int]]


def pod(cpu: int, memory: int = 0, **fields: object) -> PodSpec:
    return PodSpec(requests=(("cpu", cpu), ("memory", memory)), **fields)  # type: ignore[arg-type]


def scene(sizes: list[int], bound: Where, waiting: list[PodSpec], **fields: object) -> Workload:
    nodes = tuple(
        Node(f"n{i}", {"cpu": c, "memory": 1000}, {HOSTNAME: f"n{i}"}) for i, c in enumerate(sizes)
    )
    return Workload(
        "defragment",
        nodes,
        PodBatch.of((f"default/p{i}", s) for i, s in enumerate(waiting)),
        bound=PodBatch.of((f"default/b{i}", s) for i, (s, _) in enumerate(bound)),
        bound_node=np.array([row for _, row in bound], np.int32),
        **fields,  # type: ignore[arg-type]
    )


def placed(case: Workload, budget: Budget | None = None, **arguments: object) -> Placement:
    """Return the placement, which is legal and what the cluster holds."""
    cluster, scheduler = Cluster.of(case), Defragment(**arguments)  # type: ignore[arg-type]
    placement = scheduler.schedule(cluster, case.pods, budget or Budget())
    assert verify(case, placement) == []
    assert placement.info["greedy_value"] <= placement.info["value"] <= placement.info["bound"]
    return placement


# -- who is in the way -----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_covers_are_the_cheapest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    nodes, pods = 3, int(rng.integers(0, 16))
    short = rng.integers(0, 12, (nodes, 2))
    slots = rng.integers(0, 2, nodes)
    node = rng.integers(0, nodes, pods)
    requests = rng.integers(0, 8, (pods, 2))
    price = rng.integers(1, 4, pods) / 4
    found = cheapest_covers(short, slots, node, requests, price)
    for at in range(nodes):
        mine = np.flatnonzero(node == at).tolist()
        subsets = [c for k in range(EXACT + 1) for c in itertools.combinations(mine, k)]
        enough = [
            c
            for c in subsets
            if (requests[list(c)].sum(axis=0) >= short[at]).all() and len(c) >= slots[at]
        ]
        chosen = [p for p in found.chosen[at].tolist() if p >= 0]
        if enough and np.isfinite(found.price[at]):
            assert found.price[at] <= min(price[list(c)].sum() for c in enough) + 1e-9
        if np.isfinite(found.price[at]):
            assert price[chosen].sum() == pytest.approx(found.price[at])
            assert set(chosen) <= set(mine)
            assert (requests[chosen].sum(axis=0) >= short[at]).all()
            assert len(chosen) >= slots[at]
        else:
            assert not enough


def test_covers_of_many_nodes_are_those_of_each() -> None:
    rng = np.random.default_rng(0)
    nodes = 2 * AT_A_TIME + 5
    pods = 6 * nodes
    short, slots = rng.integers(0, 12, (nodes, 2)), rng.integers(0, 2, nodes)
    node, requests = rng.integers(0, nodes, pods), rng.integers(0, 8, (pods, 2))
    price = rng.integers(1, 40, pods) / 4
    found = cheapest_covers(short, slots, node, requests, price)
    for at in range(nodes):
        mine = np.flatnonzero(node == at)
        one, where = slice(at, at + 1), np.zeros(len(mine), np.int64)
        alone = cheapest_covers(short[one], slots[one], where, requests[mine], price[mine])
        assert alone.price[0] == found.price[at]
        held = alone.chosen[0][alone.chosen[0] >= 0]
        assert mine[held].tolist() == [p for p in found.chosen[at].tolist() if p >= 0]


@pytest.mark.parametrize("seed", range(20))
def test_a_front_offers_what_any_point_offers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points, wanted = rng.integers(0, 9, (30, 3)), rng.integers(0, 9, (40, 3))
    front = pareto_front(points)
    expected = [(points >= w).all(axis=1).any() for w in wanted]
    assert under_any(wanted, front).tolist() == expected
    assert not under_any(wanted, pareto_front(points[:0])).any()
    for i, j in itertools.permutations(range(len(front)), 2):
        assert not (front[i] <= front[j]).all()


def test_specs_that_admit_the_same_nodes_are_of_one_kind() -> None:
    tied = {"node_selector": ((HOSTNAME, "n0"),)}
    specs = [pod(100), pod(200), pod(100, **tied), pod(300, **tied), pod(1, resource_claims=("c",))]
    cluster, profile = Cluster.of(scene([1000] * 3, [], specs)), engine.profile("kubernetes")
    kinds, kind = engine.eligible_kinds(profile, cluster, specs)
    assert kind.tolist() == [0, 0, 1, 1, 2]
    for spec, number in zip(specs, kind.tolist(), strict=True):
        own = engine.eligible(profile, cluster, cluster.signature(spec))
        assert kinds[number].tolist() == own.tolist()
    assert not kinds[2].any()


# -- against all that can be done ------------------------------------------------------------------


def fewest_moves(case: Workload, most: int) -> int | None:
    """Return how many moves it takes at least until the one waiting pod fits, None if too many."""
    profile, cluster = engine.profile("kubernetes"), Cluster.of(case)
    [wanted] = (cluster.signature(s) for s in case.pods.specs)
    signature = [cluster.signature(s) for _, s in case.bound]
    now = {tuple(case.bound_node.tolist())}
    at = list(case.bound_node.tolist())
    seen = set(now)

    def go_to(rows: tuple[int, ...]) -> None:
        for i, row in enumerate(rows):
            if at[i] != row:
                cluster.remove(signature[i], at[i])
        for i, row in enumerate(rows):
            if at[i] != row:
                cluster.place(signature[i], row)
                at[i] = row

    for moves in range(most + 1):
        following = set()
        for rows in now:
            go_to(rows)
            if len(engine.feasible(profile, cluster, wanted)):
                return moves
            for i, s in enumerate(signature):
                for row in engine.feasible(profile, cluster, s).tolist():
                    following.add((*rows[:i], row, *rows[i + 1 :]))
        now = following - seen
        seen |= now
    return None


def crowded(seed: int) -> Workload:
    """Return four nodes on which pods of two resources run, and a pod that fits on none."""
    rng = np.random.default_rng(seed)
    bound: Where = []
    free = np.full((4, 2), 1000)
    while len(bound) < 6:
        size, row = rng.integers(2, 7, 2) * 100, int(rng.integers(0, 4))
        if (free[row] - size >= 100).all():
            free[row] -= size
            bound.append((pod(int(size[0]), int(size[1])), row))
    wanted = free.max(axis=0) + 100
    return scene([1000] * 4, bound, [pod(int(wanted[0]), int(wanted[1]))])


def test_as_few_moves_as_possible() -> None:
    """By breadth-first search over all sequences of legal moves."""
    known = 0
    for seed in range(25):
        case = crowded(seed)
        placement, fewest = placed(case), fewest_moves(case, 2)
        if fewest is not None:
            known += 1
            assert placement.node[0] >= 0
            assert len(placement.moves) == fewest
        else:
            assert placement.node[0] < 0 or len(placement.moves) == 3
    assert known > 10


def test_pods_in_the_way_make_room_for_one_another() -> None:
    bound = [(pod(600), 0), (pod(300), 1)]
    case = scene([1000, 800, 350], bound, [pod(900)])
    placement = placed(case)
    assert placement.node.tolist() == [0]
    assert [(m.bound, m.origin, m.target) for m in placement.moves] == [(1, 1, 2), (0, 0, 1)]
    assert placed(case, most_moves=1).node.tolist() == [-1]


def test_a_few_nodes_are_looked_at_together() -> None:
    """Put where it fits best, the first pod takes the only place of the second."""
    stays = [(pod(700, 700, node_name="n1"), 1), (pod(500, 900, node_name="n2"), 2)]
    bound: Where = [(pod(300, 100), 0), (pod(100, 300), 0), *stays]
    case = scene([1000, 1000, 1000], bound, [pod(900, 900)])
    placement = placed(case, most_moves=2)
    assert placement.node.tolist() == [0]
    assert sorted((m.bound, m.target) for m in placement.moves) == [(0, 2), (1, 1)]
    assert placement.info["repacked"] == 1


def test_the_most_moves_are_for_each_pod() -> None:
    bound = [(pod(400), 0), (pod(400), 0), (pod(400), 1), (pod(400), 1)]
    case = scene([1000, 1000, 400, 400, 400, 400], bound, [pod(1000), pod(1000)])
    assert placed(case, most_moves=1).node.tolist() == [-1, -1]
    both = placed(case, most_moves=2)
    assert sorted(both.node.tolist()) == [0, 1]
    assert [m.by for m in both.moves] == [0, 0, 1, 1]


def test_pods_of_the_batch_move_freely() -> None:
    """The greedy start puts the first pod on the only node that is large enough for the second."""
    case = scene([1000, 500], [], [pod(300, priority=1), pod(900)])
    greedy = engine.greedy("kubernetes").schedule(Cluster.of(case), case.pods, Budget())
    assert greedy.node.tolist() == [0, -1]
    placement = placed(case, most_moves=0)
    assert placement.node.tolist() == [1, 0]
    assert placement.moves == []


def test_a_higher_priority_of_the_batch_takes_the_place_of_a_lower_one() -> None:
    case = scene([1000], [], [pod(300), pod(900, priority=1)])
    order = placed(case)
    assert order.node.tolist() == [-1, 0]


# -- who may move ----------------------------------------------------------------------------------


HOLD = {
    "name": {"node_name": "n0"},
    "selector": {"node_selector": ((HOSTNAME, "n0"),)},
    "ports": {"host_ports": (HostPort(80),)},
    "volumes": {"volumes": (DiskVolume("awsElasticBlockStore", "d"),)},
    "claims": {"resource_claims": ("c",)},
    "terminating": {"terminating": True},
    "anti-affinity": {"required_anti_affinity": (PodAffinityTerm(HOSTNAME, APP),)},
    "affinity": {"required_affinity": (PodAffinityTerm(HOSTNAME, APP),)},
    "spread": {"spread": (TopologySpreadConstraint(1, HOSTNAME, selector=APP),)},
}


@pytest.mark.parametrize("reason", HOLD)
def test_some_pods_stay(reason: str) -> None:
    fields: dict[str, object] = {"labels": (("app", "x"),), **HOLD[reason]}
    case = scene([1000, 600], [(pod(400, **fields), 0)], [pod(800)])
    assert placed(case).node.tolist() == [-1]
    free = scene([1000, 600], [(pod(400, labels=(("app", "x"),)), 0)], [pod(800)])
    assert placed(free).node.tolist() == [0]


def test_pods_that_a_rule_of_another_one_counts_stay() -> None:
    x = (("app", "x"),)
    rules = (
        {"required_anti_affinity": (PodAffinityTerm(HOSTNAME, APP),)},
        {"spread": (TopologySpreadConstraint(1, HOSTNAME, selector=APP),), "labels": x},
    )
    for fields in rules:
        other = pod(10, **fields)
        case = scene([1000, 600, 100], [(pod(400, labels=x), 0), (other, 2)], [pod(800)])
        assert placed(case).node.tolist() == [-1]


def test_disruption_budgets_are_respected() -> None:
    bound: Where = [(pod(400, labels=(("app", "x"),)), 0)]
    case = scene([1000, 600], bound, [pod(800, priority=1)])
    guarded = replace(
        case, disruption_budgets=(PodDisruptionBudget("default", "b", APP, disruptions_allowed=5),)
    )
    assert placed(guarded, evict=True).node.tolist() == [-1]
    assert placed(case).node.tolist() == [0]


def test_a_waiting_pod_with_rules_of_its_own_is_placed_where_they_hold() -> None:
    """Room could be made on both of the first nodes; on one it would meet whom it avoids."""
    apart = pod(800, required_anti_affinity=(PodAffinityTerm(HOSTNAME, APP),))
    bound = [(pod(10, labels=(("app", "x"),)), 0), (pod(300), 0), (pod(400), 1)]
    case = scene([1000, 1000, 600], bound, [apart])
    placement = placed(case)
    assert placement.node.tolist() == [1]
    assert [m.bound for m in placement.moves] == [2]


# -- evictions -------------------------------------------------------------------------------------


def test_evictions_only_where_told_and_only_of_lower_priority() -> None:
    bound: Where = [(pod(400), 0), (pod(400, priority=5), 1)]
    case = scene([1000, 700], bound, [pod(900, priority=5)])
    assert placed(case).node.tolist() == [-1]
    placement = placed(case, evict=True)
    assert placement.node.tolist() == [0]
    assert [(e.bound, e.row) for e in placement.evictions] == [(0, 0)]
    never = pod(900, priority=5, preemption_policy="Never")
    assert placed(scene([1000, 700], bound, [never]), evict=True).node.tolist() == [-1]
    equal = scene([1000, 700], bound, [pod(900)])
    assert placed(equal, evict=True).node.tolist() == [-1]


def test_moving_goes_before_evicting() -> None:
    case = scene([1000, 400], [(pod(400), 0)], [pod(900, priority=5)])
    placement = placed(case, evict=True)
    assert (len(placement.moves), len(placement.evictions)) == (1, 0)


# -- devices ---------------------------------------------------------------------------------------


def gpu_case(held: list[tuple[int, int]], wanted: GpuRequest) -> Workload:
    """Return three nodes of two devices; ``held`` are (milli, row)."""
    nodes = tuple(
        Node(f"n{i}", {"cpu": 1000}, {HOSTNAME: f"n{i}"}, gpus=GpuDevices(2, "T4"))
        for i in range(3)
    )
    bound = [PodSpec(requests=(("cpu", 10),), gpu=GpuRequest(1, milli)) for milli, _ in held]
    return Workload(
        "gpu",
        nodes,
        PodBatch.of([("default/p", PodSpec(requests=(("cpu", 10),), gpu=wanted))]),
        bound=PodBatch.of((f"default/b{i}", s) for i, s in enumerate(bound)),
        bound_node=np.array([row for _, row in held], np.int32),
    )


def test_devices_are_cleared_and_taken() -> None:
    case = gpu_case([(1000, 0), (600, 1), (1000, 2)], GpuRequest(2))
    placement = placed(case)
    assert placement.node.tolist() == [1]
    assert placement.devices.tolist() == [3]
    [move] = placement.moves
    assert (move.bound, move.origin, move.held, move.devices) == (1, 1, 1, 2)


def test_the_devices_that_fewest_must_leave_are_cleared() -> None:
    """Of the devices of n0 one holds two shares, the other one, which fits beside others."""
    held = [(500, 0), (500, 0), (300, 0), (700, 1), (700, 1), (800, 2), (800, 2)]
    placement = placed(gpu_case(held, GpuRequest(1)))
    assert (placement.node.tolist(), placement.devices.tolist()) == ([0], [2])
    [move] = placement.moves
    assert (move.bound, move.held, move.target) == (2, 2, 1)


# -- budgets ---------------------------------------------------------------------------------------


def test_a_spent_or_cancelled_budget_leaves_the_greedy_start() -> None:
    case = scene([1000, 600], [(pod(400), 0)], [pod(800), pod(100)])
    assert placed(case, Budget(effort=0)).node.tolist() == [-1, 1]
    for budget in (Budget(seconds=0), Budget(cancelled=lambda: True)):
        nothing = placed(case, budget)
        assert (nothing.node.tolist(), nothing.moves) == ([-1, -1], [])
        assert [nothing.failures[i] for i in nothing.failure.tolist()] == [(NO_TIME,)] * 2


def test_the_same_again() -> None:
    for seed in range(5):
        first, again = (placed(crowded(seed)) for _ in range(2))
        assert (first.node.tolist(), first.moves) == (again.node.tolist(), again.moves)


def test_the_cluster_holds_what_the_placement_says() -> None:
    case = scene([1000, 800, 350], [(pod(600), 0), (pod(300), 1)], [pod(900)])
    cluster = Cluster.of(case)
    Defragment().schedule(cluster, case.pods, Budget())
    assert cluster.requested[:, 0].tolist() == [900, 600, 300]


def test_a_second_batch_finds_bound_pods_where_they_are() -> None:
    case = scene([1000, 800, 350], [(pod(600), 0), (pod(300), 1)], [pod(900)])
    cluster = Cluster.of(case)
    Defragment().schedule(cluster, case.pods, Budget())
    more = PodBatch.of([("default/q", pod(500))])
    again = Defragment().schedule(cluster, more, Budget())
    assert again.node.tolist() == [-1]
    assert again.moves == []


def test_arguments_are_checked() -> None:
    with pytest.raises(InputError, match="most_moves"):
        Defragment(most_moves=-1)
