"""CpSatPacking on random clusters: legal, optimal where it says so, never worse than greedy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from schedlab import engine
from schedlab.api import Budget, Cluster, Placement, Workload
from schedlab.metrics.verify import verify
from schedlab.model.objects import (
    GpuDevices,
    GpuRequest,
    Node,
    PodBatch,
    PodSpec,
)
from schedlab_algorithms.cp_sat_packing import CpSatPacking

from .clusters import workloads
from .cp_sat_oracle import best_reachable

Value = tuple[int, ...]
STARTS = ("best-fit", "first-fit")
packer = st.builds(
    CpSatPacking,
    start=st.just(STARTS),
    nodes=st.integers(2, 4),
    full_model=st.sampled_from([0, 3000]),
    patience=st.just(30),
)
budgets = st.builds(Budget, seed=st.integers(0, 3), effort=st.just(0.3))


def value(workload: Workload, placement: Placement) -> Value:
    """Return pods placed by priority from the highest down, then minus the nodes in use."""
    priority, placed = workload.pods.priority, placement.node >= 0
    tiers = sorted(set(priority.tolist()), reverse=True)
    used = {*placement.node[placed].tolist(), *workload.bound_node.tolist()}
    return (*(int((placed & (priority == t)).sum()) for t in tiers), -len(used))


@st.composite
def crowded(draw: st.DrawFn) -> Workload:
    """Draw a workload of which some pods already run."""
    workload = draw(workloads())
    pods = list(workload.pods)
    waiting = pods[: draw(st.integers(1, len(pods)))]
    unconstrained = [(n, s) for n, s in pods[len(waiting) :] if not s.gpu]
    rows = [draw(st.integers(0, len(workload.nodes) - 1)) for _ in unconstrained]
    return replace(
        workload,
        pods=PodBatch.of(waiting),
        bound=PodBatch.of(unconstrained),
        bound_node=np.array(rows, np.int32),
    )


@given(crowded(), packer, budgets)
@settings(max_examples=60, deadline=None)
def test_placement_is_legal_pod_by_pod(
    workload: Workload, scheduler: CpSatPacking, budget: Budget
) -> None:
    placement = scheduler.schedule(Cluster.of(workload), workload.pods, budget)
    assert verify(workload, placement) == []


@given(crowded(), packer, budgets)
@settings(max_examples=40, deadline=None)
def test_never_worse_than_its_starts_nor_better_than_its_bound(
    workload: Workload, scheduler: CpSatPacking, budget: Budget
) -> None:
    placement = scheduler.schedule(Cluster.of(workload), workload.pods, budget)
    priorities = np.unique(workload.pods.priority)
    weight = 2 ** np.searchsorted(priorities, workload.pods.priority)
    for name in (*STARTS, "dot-product", "worst-fit"):
        greedy = engine.greedy(name).schedule(Cluster.of(workload), workload.pods, budget)
        assert name not in STARTS or value(workload, placement) >= value(workload, greedy)
        assert weight[greedy.node >= 0].sum() <= placement.info["bound"]
    assert weight[placement.node >= 0].sum() == placement.info["value"] <= placement.info["bound"]


@given(crowded(), packer, budgets)
@settings(max_examples=40, deadline=None)
def test_cluster_is_left_with_the_placement_and_no_room_for_more(
    workload: Workload, scheduler: CpSatPacking, budget: Budget
) -> None:
    cluster, expected = Cluster.of(workload), Cluster.of(workload)
    placement = scheduler.schedule(cluster, workload.pods, budget)
    for pod, (_, spec) in enumerate(workload.pods):
        if placement.node[pod] >= 0:
            row, devices = int(placement.node[pod]), int(placement.devices[pod])
            expected.place(expected.signature(spec), row, devices)
        else:
            signature = cluster.signature(spec)
            assert len(engine.feasible(_kubernetes(), cluster, signature)) == 0
            why = engine.failures(_kubernetes(), cluster, signature)
            assert placement.failures[placement.failure[pod]] == why
    np.testing.assert_array_equal(cluster.dynamic, expected.dynamic)
    np.testing.assert_array_equal(cluster.device_free, expected.device_free)


@given(crowded(), st.integers(0, 3))
@settings(max_examples=20, deadline=None)
def test_same_seed_and_effort_same_answer(workload: Workload, seed: int) -> None:
    scheduler = CpSatPacking(start=STARTS, nodes=2, full_model=0, patience=30)
    first, second = (
        scheduler.schedule(Cluster.of(workload), workload.pods, Budget(seed=seed, effort=0.2))
        for _ in range(2)
    )
    for column in ("node", "devices", "sequence", "failure"):
        np.testing.assert_array_equal(getattr(first, column), getattr(second, column))
    assert first.info == second.info


@st.composite
def tiny(draw: st.DrawFn) -> Workload:
    """Draw a workload small enough to try everything."""
    workload = draw(crowded())
    return replace(
        workload,
        nodes=workload.nodes[:3],
        pods=PodBatch.of(list(workload.pods)[:5]),
        bound_node=workload.bound_node % min(3, len(workload.nodes)),
    )


@given(tiny())
@settings(max_examples=60, deadline=None)
def test_optimal_where_it_says_so(workload: Workload) -> None:
    cluster = Cluster.of(workload)
    placement = CpSatPacking(start=STARTS, patience=30).schedule(
        cluster, workload.pods, Budget(effort=2.0)
    )
    reached, best = value(workload, placement), best_reachable(workload, _kubernetes())
    assert reached <= best
    if placement.info["status"] == "optimal":
        assert reached == best
    else:
        assert any(_has_rules(s) for s in (*workload.pods.specs, *workload.bound.specs))


def _has_rules(spec: PodSpec) -> bool:
    """Say whether a pod is held, or holds others, to more than one node's state.

    The model may leave pods alone that such rules concern.
    """
    terms = spec.required_affinity or spec.required_anti_affinity
    return bool(terms or spec.host_ports or any(c.is_hard for c in spec.spread))


shares = st.builds(GpuRequest, st.integers(1, 3), st.sampled_from([200, 300, 400, 500, 600, 1000]))


@st.composite
def shared_gpus(draw: st.DrawFn) -> Workload:
    """Draw nodes with GPUs, some in use, and pods that want shares of one or several."""
    kinds = [PodSpec(priority=draw(st.sampled_from([0, 0, 5])), gpu=draw(shares)) for _ in range(3)]
    nodes = [Node(f"n{i}", {}, gpus=GpuDevices(draw(st.integers(1, 3)))) for i in range(2)]
    waiting = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=6))
    running = [PodSpec(gpu=GpuRequest(1, draw(st.sampled_from([100, 500, 700]))))]
    return Workload(
        name="gpus",
        nodes=tuple(nodes),
        pods=PodBatch.of((f"default/p{i}", s) for i, s in enumerate(waiting)),
        bound=PodBatch.of((f"default/b{i}", s) for i, s in enumerate(running)),
        bound_node=np.zeros(1, np.int32),
    )


@given(shared_gpus())
@settings(max_examples=40, deadline=None)
def test_shares_of_devices_are_packed_to_the_optimum(workload: Workload) -> None:
    cluster = Cluster.of(workload)
    placement = CpSatPacking(start=STARTS, patience=30).schedule(
        cluster, workload.pods, Budget(effort=2.0)
    )
    assert verify(workload, placement) == []
    assert placement.info["status"] == "optimal"
    assert value(workload, placement) == best_reachable(workload, _kubernetes())


@given(shared_gpus(), budgets)
@settings(max_examples=20, deadline=None)
def test_shares_of_devices_survive_small_neighbourhoods(workload: Workload, budget: Budget) -> None:
    scheduler = CpSatPacking(start=STARTS, nodes=2, full_model=0, patience=5)
    placement = scheduler.schedule(Cluster.of(workload), workload.pods, budget)
    assert verify(workload, placement) == []
    assert placement.info["value"] <= placement.info["bound"]


def _kubernetes() -> engine.Profile:
    return engine.profile("kubernetes")
