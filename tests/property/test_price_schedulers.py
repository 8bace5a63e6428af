"""ColumnGeneration and DualPrice: legal, never worse than greedy, below their bound, repeatable."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from schedlab import engine
from schedlab.api import Budget, Cluster, Placement, Scheduler, Workload
from schedlab.metrics.verify import verify
from schedlab_algorithms.column_generation import ColumnGeneration
from schedlab_algorithms.dual_price import DualPrice

from .clusters import workloads
from .packing_optimum import optimum, plain, weights_of
from .test_cp_sat_packing import crowded

OBJECTIVES = st.sampled_from([("value",), ("placed-by-priority",), ("placed", "nodes-used")])
schedulers = st.one_of(
    st.builds(ColumnGeneration, objectives=OBJECTIVES, kinds=st.sampled_from([1, 400])),
    st.builds(DualPrice, objectives=OBJECTIVES, nodes=st.sampled_from([2, 500])),
)
budgets = st.builds(Budget, seed=st.integers(0, 3), effort=st.sampled_from([0.05, 5.0]))


@given(crowded(), schedulers, budgets)
@settings(max_examples=20, deadline=None)
def test_placement_is_legal_and_leaves_no_room(
    workload: Workload, scheduler: Scheduler, budget: Budget
) -> None:
    cluster = Cluster.of(workload)
    placement = scheduler.schedule(cluster, workload.pods, budget)
    assert verify(workload, placement) == []
    for pod, (_, spec) in enumerate(workload.pods):
        if placement.node[pod] < 0:
            signature = cluster.signature(spec)
            assert len(engine.feasible(engine.profile("kubernetes"), cluster, signature)) == 0


@given(plain(), budgets)
@settings(max_examples=20, deadline=None)
def test_value_is_between_the_start_and_the_optimum_and_that_below_the_bound(
    workload: Workload, budget: Budget
) -> None:
    best = optimum(workload, weights_of(workload))
    for scheduler in (ColumnGeneration(), DualPrice()):
        info = scheduler.schedule(Cluster.of(workload), workload.pods, budget).info
        assert info["greedy_value"] <= info["value"] <= best <= info["bound"]


@given(plain())
@settings(max_examples=10, deadline=None)
def test_no_priority_is_given_up_for_a_lower_one(workload: Workload) -> None:
    start = Cluster.of(workload)
    guided = DualPrice(objectives=("value",)).schedule(start, workload.pods, Budget(effort=0.0))
    for kind in (ColumnGeneration, DualPrice):
        scheduler = kind(objectives=("placed-by-priority",))
        found = scheduler.schedule(Cluster.of(workload), workload.pods, Budget(effort=2.0))
        assert _by_priority(workload, found) >= _by_priority(workload, guided)


@given(workloads(), schedulers, st.integers(0, 3))
@settings(max_examples=10, deadline=None)
def test_same_seed_and_effort_same_answer(
    workload: Workload, scheduler: Scheduler, seed: int
) -> None:
    first, second = (
        scheduler.schedule(Cluster.of(workload), workload.pods, Budget(seed=seed, effort=0.5))
        for _ in range(2)
    )
    for column in ("node", "devices", "sequence", "failure"):
        np.testing.assert_array_equal(getattr(first, column), getattr(second, column))
    assert first.info == second.info


def _by_priority(workload: Workload, placement: Placement) -> list[int]:
    priority = workload.pods.priority
    tiers = sorted(set(priority.tolist()), reverse=True)
    return [int((placement.node[priority == t] >= 0).sum()) for t in tiers]
