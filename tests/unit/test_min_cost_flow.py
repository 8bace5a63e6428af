"""MinCostFlow: the flows are the cheapest, and the placements the best for pods of equal size."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import linprog

from schedlab import engine
from schedlab.api import Budget, Cluster, Node, PodBatch, PodSpec, Workload
from schedlab.errors import InputError
from schedlab.metrics.verify import verify
from schedlab.model.objects import (
    HOSTNAME,
    GpuDevices,
    GpuRequest,
    LabelSelector,
    NodeSelectorTerm,
    PodAffinityTerm,
    Requirement,
    TopologySpreadConstraint,
)
from schedlab_algorithms.min_cost_flow import MinCostFlow
from schedlab_algorithms.min_cost_flow.costs import coarse
from schedlab_algorithms.min_cost_flow.graphs import (
    Arcs,
    arcs_by_classes,
    by_classes,
    by_pods,
    cheapest_flow,
)
from schedlab_algorithms.min_cost_flow.transport import Transport


def random_transport(seed: int, m: int = 3, n: int = 4, dearest: int = 9) -> Transport:
    rng = np.random.default_rng(seed)
    return Transport(
        supply=rng.integers(0, 4, m),
        rank=rng.integers(0, 3, m),
        slots=rng.integers(0, 3, n),
        allowed=rng.random((m, n)) < 0.6,
        cost=rng.integers(0, dearest + 1, (m, n)),
    )


def price(problem: Transport, counts: np.ndarray) -> int:
    left = problem.supply - counts.sum(axis=1)
    return int(problem.penalties @ left + (problem.cost * counts).sum())


def cheapest(problem: Transport) -> float:
    """Return the optimum of the transport problem as a linear program (it is integral)."""
    m, n = problem.allowed.shape
    rows = np.vstack([np.kron(np.eye(m), np.ones(n)), np.kron(np.ones(m), np.eye(n))])
    limits = np.concatenate([problem.supply, problem.slots])
    gain = (problem.cost - problem.penalties[:, None]).ravel()
    bounds = [(0, None if a else 0) for a in problem.allowed.ravel()]
    found = linprog(gain, A_ub=rows, b_ub=limits, bounds=bounds)
    return float(found.fun + problem.penalties @ problem.supply)


@pytest.mark.parametrize("seed", range(30))
def test_both_models_are_feasible_and_as_cheap_as_the_linear_program(seed: int) -> None:
    problem = random_transport(seed, m=2 + seed % 4, n=1 + seed % 5)
    for counts in (by_classes(problem), by_pods(problem)):
        assert counts.dtype == np.int32
        assert (counts >= 0).all()
        assert not counts[~problem.allowed].any()
        assert (counts.sum(axis=0) <= problem.slots).all()
        assert (counts.sum(axis=1) <= problem.supply).all()
        assert price(problem, counts) == pytest.approx(cheapest(problem))


@pytest.mark.parametrize("seed", range(20))
def test_a_higher_priority_outweighs_all_costs(seed: int) -> None:
    problem = random_transport(seed, dearest=1000)

    def placed(counts: np.ndarray) -> tuple[int, ...]:
        return tuple(int(counts[problem.rank == r].sum()) for r in (2, 1, 0))

    best = max(placed(c) for c in every(problem))
    assert placed(by_classes(problem)) == best


def every(problem: Transport) -> list[np.ndarray]:
    """Return every feasible placement."""
    pairs = np.argwhere(problem.allowed)
    most = [range(min(problem.supply[s], problem.slots[n]) + 1) for s, n in pairs.tolist()]
    found = []
    for amounts in itertools.product(*most):
        counts = np.zeros(problem.allowed.shape, np.int64)
        counts[tuple(pairs.T)] = amounts
        fits = (counts.sum(axis=0) <= problem.slots).all()
        if fits and (counts.sum(axis=1) <= problem.supply).all():
            found.append(counts)
    return found


def test_nodes_alike_share_a_vertex() -> None:
    problem = random_transport(0, m=2, n=3)
    alike = replace(
        problem,
        slots=np.ones(300, np.int64),
        allowed=np.tile(problem.allowed, 100),
        cost=np.tile(problem.cost, 100),
    )
    assert arcs_by_classes(alike) <= 3 * 3 + 2
    assert price(alike, by_classes(alike)) == price(alike, by_pods(alike))


def test_costs_are_rounded_until_the_model_is_small_enough() -> None:
    rng = np.random.default_rng(0)
    problem = Transport(
        np.array([50, 50]),
        np.array([0, 0]),
        np.ones(100, np.int64),
        np.ones((2, 100), np.bool_),
        rng.integers(0, 1001, (2, 100)),
    )
    assert arcs_by_classes(problem) > 100
    rough = coarse(problem, 100)
    assert arcs_by_classes(replace(problem, cost=rough)) <= 100
    assert np.array_equal(coarse(problem, 10**6), problem.cost)
    assert abs(rough - problem.cost).max() <= 512
    assert arcs_by_classes(replace(problem, cost=coarse(problem, 1))) == 5


def test_a_network_without_a_flow_is_an_error() -> None:
    one = np.array([1])
    arcs = Arcs(np.array([0]), one, one, one)
    with pytest.raises(RuntimeError, match="no minimum-cost flow"):
        cheapest_flow(arcs, np.array([2, -2]))


# -- the scheduler ---------------------------------------------------------------------------------


def workload(seed: int, requests: tuple[int, ...] = (300,)) -> Workload:
    """Return five nodes in three zones, some room taken, and up to nine pods."""
    rng = np.random.default_rng(seed)
    nodes = tuple(
        Node(
            f"n{i}",
            {"cpu": int(rng.integers(4, 9)) * 100, "pods": int(rng.integers(1, 4))},
            {HOSTNAME: f"n{i}", "zone": f"z{i % 3}"},
        )
        for i in range(5)
    )

    def spec(i: int) -> PodSpec:
        zones = tuple(f"z{z}" for z in range(3) if rng.random() < 0.5)
        terms = (NodeSelectorTerm((Requirement("zone", "In", zones),)),) if zones else None
        return PodSpec(
            requests=(("cpu", requests[i % len(requests)]),),
            priority=int(rng.integers(0, 3)),
            required_node_terms=terms,
            labels=(("app", str(i)),),
        )

    specs = [spec(i) for i in range(4)]
    waiting = [(f"default/p{i}", specs[int(rng.integers(0, 4))]) for i in range(9)]
    there = PodBatch.of([("default/b", PodSpec(requests=(("cpu", 100),), priority=9))])
    return Workload("w", nodes, PodBatch.of(waiting), there, np.array([1], np.int32))


def by_priority(case: Workload, node: np.ndarray) -> tuple[int, ...]:
    return tuple(int((node[case.pods.priority == p] >= 0).sum()) for p in (2, 1, 0))


def best_by_priority(case: Workload) -> tuple[int, ...]:
    """Return the best over all placements, built up node by node."""
    profile = engine.profile("kubernetes")
    problem = engine.packing_problem(profile, Cluster.of(case), case.pods)
    reached = {(0,) * len(problem.specs)}
    for row in range(len(case.nodes)):
        every = itertools.product(range(4), repeat=len(problem.specs))
        here = [c for c in every if holds(problem, row, c)]
        totals = {tuple(map(sum, zip(r, c, strict=True))) for r in reached for c in here}
        reached = {t for t in totals if (np.array(t) <= problem.supply).all()}
    rank = np.array([s.priority for s in problem.specs])
    return max(tuple(int(np.array(t)[rank == p].sum()) for p in (2, 1, 0)) for t in reached)


def holds(problem: engine.PackingProblem, row: int, counts: tuple[int, ...]) -> bool:
    pods = np.array(counts)
    room = (pods @ problem.requests <= problem.free[row]).all()
    return bool(
        room and pods.sum() <= problem.slots[row] and not pods[~problem.eligible[:, row]].any()
    )


@pytest.mark.parametrize("model", ["classes", "pods"])
@pytest.mark.parametrize("seed", range(8))
def test_pods_of_one_size_are_placed_as_well_as_possible(seed: int, model: str) -> None:
    case = workload(seed)
    scheduler = MinCostFlow(model=model)  # type: ignore[arg-type]
    placement = scheduler.schedule(Cluster.of(case), case.pods, Budget())
    assert verify(case, placement) == []
    assert by_priority(case, placement.node) == best_by_priority(case)
    assert placement.info["status"] == "optimal"
    assert placement.info["value"] == placement.info["bound"]


@pytest.mark.parametrize("seed", range(8))
def test_pods_of_several_sizes_are_never_placed_worse_than_by_the_start(seed: int) -> None:
    case = workload(seed, (100, 200, 350))
    placement = MinCostFlow().schedule(Cluster.of(case), case.pods, Budget())
    assert verify(case, placement) == []
    info = placement.info
    assert info["greedy_value"] <= info["value"] <= info["bound"]
    assert info["status"] != "optimal"
    assert by_priority(case, placement.node) <= best_by_priority(case)


def test_the_cheapest_nodes_are_those_that_the_ranking_prefers() -> None:
    nodes = tuple(Node(f"n{i}", {"cpu": 1000, "pods": 9}, {HOSTNAME: f"n{i}"}) for i in range(3))
    there = PodBatch.of([("default/b", PodSpec(requests=(("cpu", 500),)))])
    pods = PodBatch.of([("default/p0", PodSpec(requests=(("cpu", 250),)))] * 2)
    case = Workload("w", nodes, pods, there, np.array([1], np.int32))
    for ranking, expected in (("best-fit", [1, 1]), ("worst-fit", [0, 0])):
        scheduler = MinCostFlow(ranking=ranking)
        placement = scheduler.schedule(Cluster.of(case), case.pods, Budget())
        assert placement.node.tolist() == expected


def test_what_is_no_matter_of_slots_stays_where_the_start_put_it() -> None:
    """GPUs, spread and anti-affinity: legal, and not the flow's business."""
    nodes = tuple(
        Node(f"n{i}", {"cpu": 1000, "pods": 9}, {HOSTNAME: f"n{i}"}, gpus=GpuDevices(2, "T4"))
        for i in range(3)
    )
    web = LabelSelector((Requirement("app", "In", ("web",)),))
    size = (("cpu", 200),)
    specs = (
        PodSpec(requests=size, gpu=GpuRequest(1, 500)),
        PodSpec(
            requests=size,
            labels=(("app", "web"),),
            spread=(TopologySpreadConstraint(1, HOSTNAME, selector=web),),
        ),
        PodSpec(requests=size, required_anti_affinity=(PodAffinityTerm(HOSTNAME, web),)),
        PodSpec(requests=size, labels=(("app", "free"),)),
    )
    pods = PodBatch(
        specs, np.array([0, 1, 2, 3] * 3, np.int32), [f"default/p{i}" for i in range(12)]
    )
    case = Workload("w", nodes, pods)
    placement = MinCostFlow().schedule(Cluster.of(case), case.pods, Budget())
    assert verify(case, placement) == []
    assert placement.info["status"] != "optimal"
    assert placement.info["flows"] > 0


def test_a_spent_or_cancelled_budget_leaves_the_start() -> None:
    case = workload(0)
    for budget in (Budget(effort=0), Budget(seconds=0), Budget(cancelled=lambda: True)):
        placement = MinCostFlow().schedule(Cluster.of(case), case.pods, budget)
        assert verify(case, placement) == []
        assert "flows" not in placement.info
        assert placement.info["placed"] >= placement.info["greedy_placed"]


def test_the_same_again() -> None:
    case = workload(3, (100, 200))
    first, again = (MinCostFlow().schedule(Cluster.of(case), case.pods, Budget()) for _ in range(2))
    assert first.node.tolist() == again.node.tolist()


def test_arguments_are_checked() -> None:
    with pytest.raises(InputError, match="most_arcs"):
        MinCostFlow(most_arcs=0)
