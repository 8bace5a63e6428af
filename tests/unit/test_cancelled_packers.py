"""Every packing scheduler, cancelled whenever it asks: soon over, legal, never below its start."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from schedlab.api import Budget, Cluster, Placement, Workload
from schedlab.metrics.verify import verify
from schedlab.registry import installed

WORKLOADS = {
    "BatchedCpSat": ("DcmScale", {"nodes": 20, "pods": 60}),
    "Defragment": ("Fragmented", {"nodes": 20, "pods": 4}),
    "MinimumNodes": ("Ladder", {"nodes": 8, "pods": 60, "signatures": 8, "pools": 2}),
    "MinCostFlow": ("Slots", {"nodes": 12, "pods": 160, "classes": 6, "racks": 4}),
}
LADDER = ("Ladder", {"nodes": 32, "pods": 300, "signatures": 20})
MOMENTS = (3, pytest.param(12, marks=pytest.mark.slow))
EFFORT = 0.05

MOST_AFTERWARDS = 80
"""How often a search asks at most after it was told; each loop that it is in, some times."""


class Asked:
    """Counts how often it is asked, and is true from a question on (None: never)."""

    def __init__(self, patience: int | None = None) -> None:
        self.patience = patience
        self.times = 0

    def __call__(self) -> bool:
        self.times += 1
        return self.patience is not None and self.times > self.patience


def workload_of(name: str) -> Workload:
    source, args = WORKLOADS.get(name, LADDER)
    return installed().make_workload(source, args).build(0)


def placed(name: str, args: dict[str, Any], workload: Workload, asked: Asked) -> Placement:
    """Return a legal placement that the cluster tells of, too."""
    cluster = Cluster.of(workload)
    budget = Budget(effort=EFFORT, cancelled=asked)
    placement = installed().make_scheduler(name, args).schedule(cluster, workload.pods, budget)
    assert verify(workload, placement) == []
    there = len(workload.bound) - sum(e.bound >= 0 for e in placement.evictions)
    assert cluster.pod_count.sum() == there + (placement.node >= 0).sum()
    return placement


CASES = [(name, {}) for name in sorted(installed().schedulers)] + [
    ("MinCostFlow", {"model": "pods"}),
    ("LargeNeighbourhood", {"objectives": ("placed-by-priority", "nodes-used")}),
    ("DualPrice", {"objectives": ("placed-by-priority",)}),
]


@pytest.mark.parametrize("moments", MOMENTS)
@pytest.mark.parametrize(("name", "args"), CASES, ids=str)
def test_it_is_soon_over_whenever_it_is_cancelled(
    name: str, args: dict[str, Any], moments: int
) -> None:
    workload, whole = workload_of(name), Asked()
    placed(name, args, workload, whole)
    assert whole.times > moments, "it does not ask"
    for patience in np.linspace(0, whole.times, moments, endpoint=False).astype(int).tolist():
        asked = Asked(patience)
        info = placed(name, args, workload, asked).info
        assert asked.times - patience <= MOST_AFTERWARDS
        assert info.get("greedy_value", 0) <= info["value"] <= info["bound"]
