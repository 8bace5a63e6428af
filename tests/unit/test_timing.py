"""A timed profile decides alike, and every plugin's time is accounted for."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from schedlab.api import Budget, Cluster, Locality, NodeView, PodView, ScorePlugin, Scores
from schedlab.core.filter_score import FilterScore
from schedlab.core.timing import Clock, timed
from schedlab.registry import installed


class Slow(ScorePlugin):
    """A score that takes two milliseconds a call, half of them in a call of its own."""

    locality = Locality.CLUSTER

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        time.sleep(0.001)
        return self.normalize(np.zeros(len(nodes), np.int64), 0, 0)

    def normalize(self, raw: Scores, low: int, high: int) -> Scores:
        time.sleep(0.001)
        return raw


def test_a_timed_profile_decides_alike_and_tells_where_time_goes() -> None:
    workload = installed().make_workload("small", {}).build(0)
    plain = installed().make_profile("kubernetes", {})
    plain = replace(plain, scores=(*plain.scores, (Slow(), 1)))
    clock = Clock()
    placements = [
        FilterScore(profile=p, path="reference").schedule(
            Cluster.of(workload), workload.pods, Budget()
        )
        for p in (plain, timed(plain, clock))
    ]
    np.testing.assert_array_equal(placements[0].node, placements[1].node)
    assert clock.table()[0]["plugin"] == "Slow"
    calls = clock.calls["Score", "Slow"]
    assert calls == clock.calls["NormalizeScore", "Slow"] > 0
    assert clock.nanoseconds["Score", "Slow"] >= 2_000_000 * calls
    assert ("Filter", "NodeResourcesFit") in clock.calls
    assert ("NormalizeScore", "NodeResourcesFit") not in clock.calls
