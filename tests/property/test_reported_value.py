"""What a packing scheduler says of its placement is what the metrics measure of it."""

from __future__ import annotations

import pytest

from schedlab import engine
from schedlab.api import Budget, Cluster
from schedlab.metrics import Outcome, measure
from schedlab.metrics.verify import verify
from schedlab.registry import installed
from schedlab_workloads.ladder import Ladder

MOVING = ("Defragment",)
"""Whose bound is of a cluster on which pods that run may move; the metrics' bound is not."""


def reporting() -> list[str]:
    """Return the schedulers that come with schedlab and are no profiles."""
    return list(installed().schedulers)


@pytest.mark.parametrize("seed", [3, 4])
@pytest.mark.parametrize("name", reporting())
def test_value_and_bound_agree_with_the_metrics(name: str, seed: int) -> None:
    workload = Ladder(nodes=32, pods=300, signatures=24, pools=2).build(seed)
    budget = Budget(seed=seed, effort=0.1)
    placement = engine.greedy(name).schedule(Cluster.of(workload), workload.pods, budget)
    assert verify(workload, placement) == []
    found = measure(Outcome(workload, placement, seconds=100.0))
    assert placement.info["value"] == found["value"]
    assert found["value"] <= int(placement.info["bound"])
    if name not in MOVING:
        assert int(placement.info["bound"]) <= found["value_bound"]
    told = [point.value for point in placement.incumbents]
    assert max(told, default=0) <= found["value_bound"]
    assert all(point.bound >= found["value"] for point in placement.incumbents)
