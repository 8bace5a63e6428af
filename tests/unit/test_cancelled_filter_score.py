"""A filter-score scheduler that is cancelled leaves the pods whose turn has not come."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from schedlab import engine
from schedlab.api import Budget, Cluster, PodBatch, Workload
from schedlab.engine import FilterScore
from schedlab.metrics.verify import verify
from schedlab.model.objects import Node, PodSpec

PODS = 40
SPECS = [PodSpec(requests=(("cpu", 1 + i % 3),), priority=i % 2) for i in range(PODS)]
WORKLOAD = Workload(
    name="cancelled",
    nodes=tuple(Node(f"n{i}", {"cpu": 20, "pods": 99}) for i in range(8)),
    pods=PodBatch.of((f"default/p{i}", spec) for i, spec in enumerate(SPECS)),
)


@pytest.mark.parametrize("path", ["incremental", "reference"])
@pytest.mark.parametrize("turns", [0, 1, 17])
def test_the_first_turns_are_as_without(
    path: Literal["incremental", "reference"], turns: int
) -> None:
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > turns

    scheduler = FilterScore(profile=engine.profile("best-fit"), path=path)
    full = scheduler.schedule(Cluster.of(WORKLOAD), WORKLOAD.pods, Budget())
    cut = scheduler.schedule(Cluster.of(WORKLOAD), WORKLOAD.pods, Budget(cancelled=cancelled))
    assert verify(WORKLOAD, cut) == []
    first, rest = full.sequence[:turns], full.sequence[turns:]
    np.testing.assert_array_equal(cut.node[first], full.node[first])
    assert (cut.node[rest] == -1).all()
    reasons = {cut.failures[i][0].reason for i in cut.failure[rest].tolist()}
    assert reasons == {"scheduling was cancelled before the pod's turn"}


def test_steps_of_many_pods_are_cut_between_two() -> None:
    left = iter([False, True])

    def cancelled() -> bool:
        return next(left, True)

    scheduler = FilterScore(profile=engine.profile("best-fit"), path="run")
    pods = PodBatch.of(
        (f"default/q{i}", SPECS[i]) for i in sorted(range(PODS), key=lambda i: i % 6)
    )
    placement = scheduler.schedule(Cluster.of(WORKLOAD), pods, Budget(cancelled=cancelled))
    assert 0 < (placement.node >= 0).sum() < PODS
