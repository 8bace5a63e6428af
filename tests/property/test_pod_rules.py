"""Host ports and required (anti-)affinity in the packers' model: exactly as Kubernetes has them."""

from __future__ import annotations

from hypothesis import given, settings

from schedlab import engine
from schedlab.api import Budget, Cluster, Placement, Scheduler, Workload
from schedlab.metrics.verify import verify
from schedlab_algorithms.cp_sat_packing import CpSatPacking
from schedlab_algorithms.large_neighbourhood import LargeNeighbourhood

from .pod_rules_oracle import best_value, ruled


def place(scheduler: Scheduler, workload: Workload) -> Placement:
    placement = scheduler.schedule(Cluster.of(workload), workload.pods, Budget(effort=1.0))
    assert verify(workload, placement) == []
    return placement


def value(workload: Workload, placement: Placement) -> tuple[int, ...]:
    """Return pods placed by priority from the highest down, then minus the nodes in use."""
    priority, placed = workload.pods.priority, placement.node >= 0
    tiers = sorted(set(priority.tolist()), reverse=True)
    used = {*placement.node[placed].tolist(), *workload.bound_node.tolist()}
    return (*(int((placed & (priority == t)).sum()) for t in tiers), -len(used))


@given(ruled())
@settings(max_examples=70, deadline=None)
def test_batches_with_rules_are_packed_to_the_optimum(workload: Workload) -> None:
    placement = place(CpSatPacking(start=("best-fit", "first-fit")), workload)
    assert placement.info["fixed_pods"] == 0
    assert placement.info["status"] == "optimal"
    assert value(workload, placement) == best_value(workload)


@given(ruled())
@settings(max_examples=20, deadline=None)
def test_neighbourhoods_keep_the_rules_and_are_never_worse_than_the_start(
    workload: Workload,
) -> None:
    scheduler = LargeNeighbourhood(start="worst-fit", nodes=2, patience=10)
    placement = place(scheduler, workload)
    greedy = place(engine.greedy("worst-fit"), workload)
    assert value(workload, greedy) <= value(workload, placement) <= best_value(workload)
