"""Flows, batches and moves on random clusters: legal, and never worse than greedy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from schedlab import engine
from schedlab.api import Budget, Cluster, Placement, Scheduler, Workload
from schedlab.engine import FilterScore
from schedlab.metrics import Outcome
from schedlab.metrics.verify import verify
from schedlab.model.objects import PodBatch, PodSpec
from schedlab_algorithms.batched_cp_sat import BatchedCpSat
from schedlab_algorithms.defragment import Defragment
from schedlab_algorithms.min_cost_flow import MinCostFlow

from .clusters import workloads

flows = st.builds(MinCostFlow, model=st.sampled_from(["classes", "pods"]))
batches = st.builds(BatchedCpSat, batch=st.integers(1, 9), candidates=st.integers(1, 9))
movers = st.builds(Defragment, most_moves=st.integers(0, 4), evict=st.booleans())
budgets = st.builds(Budget, seed=st.integers(0, 3), effort=st.just(0.5))


@st.composite
def crowded(draw: st.DrawFn) -> Workload:
    """Draw a workload most of whose pods run already, some with GPUs."""
    workload = draw(workloads())
    pods = list(workload.pods)
    waiting = pods[: draw(st.integers(1, len(pods)))]
    others = [(f"default/r{i}", s) for i, (_, s) in enumerate(pods[len(waiting) :])]
    rows = [draw(st.integers(0, len(workload.nodes) - 1)) for _ in others]
    fits = _with_devices(workload, [s for _, s in others], rows)
    running = [o for o, f in zip(others, fits, strict=True) if f]
    return replace(
        workload,
        pods=PodBatch.of(waiting),
        bound=PodBatch.of(running),
        bound_node=np.array([r for r, f in zip(rows, fits, strict=True) if f], np.int32),
    )


def _with_devices(workload: Workload, specs: list[PodSpec], rows: list[int]) -> list[bool]:
    """Say which pods in turn find the GPU devices that they ask for on their rows."""
    cluster, found = Cluster(workload.nodes, specs), list[bool]()
    for spec, row in zip(specs, rows, strict=True):
        devices = cluster.first_devices(spec, row)
        found.append(devices.bit_count() == (spec.gpu.count if spec.gpu else 0))
        if found[-1]:
            cluster.place(cluster.signature(spec), row, devices)
    return found


def by_priority(workload: Workload, placement: Placement) -> tuple[int, ...]:
    priority, placed = workload.pods.priority, placement.node >= 0
    return tuple(int((placed & (priority == p)).sum()) for p in np.unique(priority)[::-1].tolist())


@given(crowded(), st.one_of(flows, batches, movers), budgets)
@settings(max_examples=40, deadline=None)
def test_placements_are_legal_and_what_the_cluster_holds(
    workload: Workload, scheduler: Scheduler, budget: Budget
) -> None:
    cluster = Cluster.of(workload)
    placement = scheduler.schedule(cluster, workload.pods, budget)
    assert verify(workload, placement) == []
    told = Outcome(workload, placement).cluster
    assert np.array_equal(told.dynamic, cluster.dynamic)
    assert np.array_equal(told.device_free, cluster.device_free)


@given(crowded(), movers, budgets)
@settings(max_examples=25, deadline=None)
def test_moving_places_no_less_than_its_start(
    workload: Workload, scheduler: Defragment, budget: Budget
) -> None:
    alone = replace(engine.profile(scheduler.profile), post_filter=None)
    start = FilterScore(profile=alone).schedule(Cluster.of(workload), workload.pods, budget)
    placement = scheduler.schedule(Cluster.of(workload), workload.pods, budget)
    assert by_priority(workload, placement) >= by_priority(workload, start)
    if not scheduler.evict:
        assert placement.evictions == []
        assert placement.info["value"] <= placement.info["bound"]
