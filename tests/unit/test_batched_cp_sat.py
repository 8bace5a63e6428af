"""BatchedCpSat: every batch is placed legally, and no worse than one by one."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from schedlab import engine
from schedlab.api import Budget, Cluster, Node, Placement, PodBatch, PodSpec, Workload
from schedlab.engine import INFEASIBLE, FilterScore
from schedlab.errors import InputError
from schedlab.metrics.verify import verify
from schedlab.model.objects import (
    HOSTNAME,
    GpuDevices,
    GpuRequest,
    HostPort,
    LabelSelector,
    PodAffinityTerm,
    Requirement,
    TopologySpreadConstraint,
)
from schedlab_algorithms.batched_cp_sat import BatchedCpSat
from schedlab_algorithms.packing.answer import NO_TIME

WEB = LabelSelector((Requirement("app", "In", ("web",)),))


def random_case(seed: int, nodes: int = 4, pods: int = 7) -> Workload:
    """Return nodes of which some room is taken, and pods that do not all fit."""
    rng = np.random.default_rng(seed)
    amounts = rng.integers(6, 11, (nodes, 2)) * 100
    made = tuple(
        Node(f"n{i}", {"cpu": int(c), "memory": int(m), "pods": 4}, {HOSTNAME: f"n{i}"})
        for i, (c, m) in enumerate(amounts)
    )
    sizes = rng.integers(2, 7, (3, 2)) * 100
    specs = [
        PodSpec(requests=(("cpu", int(c)), ("memory", int(m))), priority=int(rng.integers(0, 2)))
        for c, m in sizes
    ]
    waiting = [(f"default/p{i}", specs[int(rng.integers(0, 3))]) for i in range(pods)]
    there = PodBatch.of([("default/b", PodSpec(requests=(("cpu", 100),), priority=9))])
    return Workload("w", made, PodBatch.of(waiting), there, np.array([0], np.int32))


def placed(case: Workload, budget: Budget | None = None, **arguments: object) -> Placement:
    scheduler = BatchedCpSat(**arguments)  # type: ignore[arg-type]
    cluster = Cluster.of(case)
    placement = scheduler.schedule(cluster, case.pods, budget or Budget())
    assert verify(case, placement) == []
    return placement


def one_by_one(case: Workload, profile: str) -> Placement:
    alone = replace(engine.profile(profile), post_filter=None)
    return FilterScore(profile=alone).schedule(Cluster.of(case), case.pods, Budget())


def worth(case: Workload, placement: Placement, profile: str) -> tuple[int, ...]:
    """Return pods placed by priority and what their nodes total, each at its turn."""
    cluster, totals = Cluster.of(case), 0
    path = engine.one_by_one(engine.profile(profile), cluster)
    specs = [s for _, s in case.pods]
    for pod in placement.sequence.tolist():
        row, signature = int(placement.node[pod]), cluster.signature(specs[pod])
        if row >= 0:
            totals += int(path.totals(signature)[row])
            cluster.place(signature, row, int(placement.devices[pod]))
    return (*by_priority(case, placement.node), totals)


def by_priority(case: Workload, node: np.ndarray) -> tuple[int, int]:
    high, low = (int((node[case.pods.priority == p] >= 0).sum()) for p in (1, 0))
    return high, low


def best_by_priority(case: Workload) -> tuple[int, int]:
    """Return the best over all placements, built up node by node."""
    problem = engine.packing_problem(engine.profile("kubernetes"), Cluster.of(case), case.pods)
    reached = {(0,) * len(problem.specs)}
    for row in range(len(case.nodes)):
        every = itertools.product(range(4), repeat=len(problem.specs))
        here = [c for c in every if holds(problem, row, np.array(c))]
        totals = {tuple(map(sum, zip(r, c, strict=True))) for r in reached for c in here}
        reached = {t for t in totals if (np.array(t) <= problem.supply).all()}
    rank = np.array([s.priority for s in problem.specs])
    return max(
        (int(np.array(t)[rank == 1].sum()), int(np.array(t)[rank == 0].sum())) for t in reached
    )


def holds(problem: engine.PackingProblem, row: int, pods: np.ndarray) -> bool:
    room = (pods @ problem.requests <= problem.free[row]).all()
    return bool(room and pods.sum() <= problem.slots[row])


@pytest.mark.parametrize("seed", range(12))
def test_one_batch_is_placed_as_well_as_possible(seed: int) -> None:
    case = random_case(seed)
    placement = placed(case, profile="best-fit")
    assert by_priority(case, placement.node) == best_by_priority(case)


@pytest.mark.parametrize("profile", ["kubernetes", "best-fit", "balanced-allocation"])
def test_a_batch_is_never_worse_than_one_by_one(profile: str) -> None:
    """Also where the model's straight lines lead to an answer that is worth less."""
    better = 0
    for seed in (0, 1, 5, 9, 16, 21, 29):
        case = random_case(seed, nodes=6, pods=12)
        mine, theirs = placed(case, profile=profile), one_by_one(case, profile)
        assert worth(case, mine, profile) >= worth(case, theirs, profile)
        better += worth(case, mine, profile) > worth(case, theirs, profile)
    assert better > 0


def test_batches_do_not_undo_earlier_ones() -> None:
    """The second batch would need the first one's pod elsewhere."""
    nodes = tuple(Node(f"n{i}", {"cpu": c}, {HOSTNAME: f"n{i}"}) for i, c in enumerate((1000, 500)))
    small, large = PodSpec(requests=(("cpu", 300),)), PodSpec(requests=(("cpu", 900),))
    pods = PodBatch.of([("default/a", small), ("default/b", large)])
    case = Workload("w", nodes, pods)
    assert placed(case, batch=1).node.tolist() == [0, -1]
    assert placed(case, batch=2).node.tolist() == [1, 0]


def test_a_model_on_few_nodes_still_knows_those_of_the_first_try() -> None:
    for seed in range(4):
        case = random_case(seed, nodes=12, pods=20)
        few = placed(case, candidates=1, batch=10)
        assert len(np.unique(few.node[few.node >= 0])) > 2


def test_devices_are_given_jointly() -> None:
    """Two shares of 600 and one whole device: one by one the shares may block both devices."""
    nodes = tuple(
        Node(f"n{i}", {"cpu": 1000}, {HOSTNAME: f"n{i}"}, gpus=GpuDevices(2, "T4"))
        for i in range(2)
    )
    share, pair = (
        PodSpec(requests=(("cpu", 1),), gpu=g) for g in (GpuRequest(1, 500), GpuRequest(2))
    )
    pods = PodBatch.of([("default/a", share), ("default/b", share), ("default/c", pair)])
    case = Workload("w", nodes, pods)
    assert (one_by_one(case, "worst-fit").node >= 0).sum() == 2
    placement = placed(case, profile="worst-fit")
    assert (placement.node >= 0).all()


def test_replicas_that_stay_apart_are_moved_apart() -> None:
    """One by one the first replica goes to the only node that is large enough for the last pod."""
    nodes = tuple(
        Node(f"n{i}", {"cpu": c}, {HOSTNAME: f"n{i}", "zone": f"z{i}"})
        for i, c in enumerate((1000, 700, 350))
    )
    apart = PodSpec(
        requests=(("cpu", 300),),
        labels=(("app", "web"),),
        required_anti_affinity=(PodAffinityTerm("zone", WEB),),
    )
    large = PodSpec(requests=(("cpu", 900),))
    pods = PodBatch.of([("default/a", apart), ("default/b", apart), ("default/c", large)])
    case = Workload("w", nodes, pods)
    assert (one_by_one(case, "worst-fit").node >= 0).sum() == 2
    placement = placed(case, profile="worst-fit")
    assert sorted(placement.node[:2].tolist()) == [1, 2]
    assert placement.node[2] == 0
    assert placement.info["fixed_pods"] == 0


def test_a_pod_makes_way_for_one_of_the_batch_that_avoids_it() -> None:
    """The large pod has room on the first node alone, if the one that it avoids is not there."""
    nodes = tuple(Node(f"n{i}", {"cpu": c}, {HOSTNAME: f"n{i}"}) for i, c in enumerate((1000, 500)))
    web = PodSpec(requests=(("cpu", 300),), labels=(("app", "web"),))
    avoids = PodSpec(
        requests=(("cpu", 700),), required_anti_affinity=(PodAffinityTerm(HOSTNAME, WEB),)
    )
    case = Workload("w", nodes, PodBatch.of([("default/a", web), ("default/b", avoids)]))
    assert one_by_one(case, "kubernetes").node.tolist() == [0, -1]
    placement = placed(case)
    assert placement.node.tolist() == [1, 0]
    assert placement.info["fixed_pods"] == 0


def test_host_ports_of_a_batch_are_told_apart() -> None:
    """Two pods of one port and two of another, of which one by one leaves one."""
    nodes = tuple(Node(f"n{i}", {"cpu": c}, {HOSTNAME: f"n{i}"}) for i, c in enumerate((900, 800)))
    sizes = ((80, 100), (443, 100), (80, 600), (443, 800))
    pods = [
        (f"default/p{i}", PodSpec(requests=(("cpu", c),), host_ports=(HostPort(p),)))
        for i, (p, c) in enumerate(sizes)
    ]
    case = Workload("w", nodes, PodBatch.of(pods))
    assert (one_by_one(case, "worst-fit").node >= 0).sum() == 3
    placement = placed(case, profile="worst-fit")
    assert (placement.node >= 0).all()
    assert placement.info["fixed_pods"] == 0


def test_pods_with_rules_stay_where_the_profile_put_them() -> None:
    nodes = tuple(Node(f"n{i}", {"cpu": 1000}, {HOSTNAME: f"n{i}"}) for i in range(3))
    web = (("app", "web"),)
    specs = (
        PodSpec(
            requests=(("cpu", 200),),
            labels=web,
            spread=(TopologySpreadConstraint(1, HOSTNAME, selector=WEB),),
        ),
        PodSpec(requests=(("cpu", 300),), required_anti_affinity=(PodAffinityTerm(HOSTNAME, WEB),)),
        PodSpec(requests=(("cpu", 400),), labels=(("app", "free"),)),
    )
    order = np.array([0, 1, 2] * 4, np.int32)
    case = Workload("w", nodes, PodBatch(specs, order, [f"default/p{i}" for i in range(12)]))
    placement = placed(case)
    assert placement.info["fixed_pods"] == 8
    assert worth(case, placement, "kubernetes") >= worth(
        case, one_by_one(case, "kubernetes"), "kubernetes"
    )


def test_every_pod_waits_for_its_batch() -> None:
    case = random_case(1, pods=9)
    placement = placed(case, batch=4)
    assert placement.latency_ns is not None
    turns = placement.latency_ns[placement.sequence]
    for first in range(0, 9, 4):
        assert len(np.unique(turns[first : first + 4])) == 1
    assert (turns > 0).all()
    assert placement.info["batches"] == 3


def test_without_effort_pods_are_placed_one_by_one() -> None:
    case = random_case(2, pods=9)
    mine, theirs = placed(case, Budget(effort=0)), one_by_one(case, "kubernetes")
    assert mine.node.tolist() == theirs.node.tolist()


def test_once_time_is_over_pods_are_left_and_told_so() -> None:
    placement = placed(random_case(2, pods=9), Budget(seconds=0))
    assert (placement.node < 0).all()
    assert [placement.failures[i] for i in placement.failure.tolist()] == [(NO_TIME,)] * 9
    assert placement.info["repeatable"] == 0


def test_once_cancelled_the_rest_is_left() -> None:
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 40

    case = random_case(0, nodes=30, pods=60)
    placement = placed(case, Budget(cancelled=cancelled), batch=5)
    assert (placement.node < 0).any()
    assert (placement.node >= 0).any()
    assert (placement.failure[placement.node < 0] >= 0).all()
    assert (placed(case, Budget(cancelled=lambda: True)).node < 0).all()


def test_the_same_again_and_what_the_cluster_holds() -> None:
    case = random_case(3, pods=9)
    first, again = placed(case, batch=4), placed(case, batch=4)
    assert first.node.tolist() == again.node.tolist()
    cluster = Cluster.of(case)
    BatchedCpSat(batch=4).schedule(cluster, case.pods, Budget())
    held = np.zeros(len(case.nodes), np.int64)
    np.add.at(held, first.node[first.node >= 0], case.pods.column("cpu")[first.node >= 0])
    held[0] += 100
    assert cluster.requested[:, 0].tolist() == held.tolist()


def test_what_is_left_says_why() -> None:
    case = random_case(3, pods=15)
    placement = placed(case)
    left = np.flatnonzero(placement.node < 0)
    assert len(left)
    assert all(placement.failures[placement.failure[p]][0].plugin for p in left.tolist())
    assert placement.info["value"] <= placement.info["bound"]


@pytest.mark.parametrize(
    "wrong", [{"batch": 0}, {"candidates": 0}, {"batch_effort": 0.0}], ids=lambda w: next(iter(w))
)
def test_arguments_are_checked(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        BatchedCpSat(**wrong)  # type: ignore[arg-type]


# -- what the engine tells of nodes ----------------------------------------------------------------


@pytest.mark.parametrize("profile", ["kubernetes", "best-fit"])
def test_totals_are_those_of_the_reference_path(profile: str) -> None:
    case = random_case(5, nodes=6)
    cluster, known = Cluster.of(case), engine.profile(profile)
    path = engine.one_by_one(known, cluster)
    for _ in range(4):
        for spec in case.pods.specs:
            signature = cluster.signature(spec)
            found = engine.evaluate(known, cluster, signature)
            totals = path.totals(signature)
            assert np.flatnonzero(totals != INFEASIBLE).tolist() == found.feasible.tolist()
            if len(found.feasible) > 1:
                assert totals[found.feasible].tolist() == found.total.tolist()
        row = path.pick(signature)
        if row >= 0:
            cluster.place(signature, row)


def test_totals_after_are_those_of_a_cluster_with_one_more() -> None:
    case = random_case(5, nodes=6)
    cluster, known = Cluster.of(case), engine.profile("best-fit")
    path = engine.one_by_one(known, cluster)
    signature = cluster.signature(case.pods.specs[0])
    rows = np.flatnonzero(path.totals(signature) != INFEASIBLE)
    after = path.totals_after(signature, rows)
    assert after is not None
    for row, told in zip(rows.tolist(), after.tolist(), strict=True):
        cluster.place(signature, row)
        assert path.totals(signature)[row] == told
        cluster.remove(signature, row)
