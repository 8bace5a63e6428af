"""What it costs to tell where time goes: not at all, the latencies alone, and every plugin's."""

from __future__ import annotations

import time

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from schedlab.api import Budget, Cluster
from schedlab.bench.cases import CASES
from schedlab.core.filter_score import FilterScore
from schedlab.core.timing import Clock, timed
from schedlab.engine import profile

NODES, PODS = 5_000, 2_000


@pytest.mark.parametrize("told", ["nothing", "latencies (off)", "every plugin (on)"])
@pytest.mark.benchmark(timer=time.process_time)
def test_what_timing_costs(
    benchmark: BenchmarkFixture, monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    workload = CASES["signatures"].build(NODES, PODS)
    plain = profile("kubernetes")
    chosen = timed(plain, Clock()) if told == "every plugin (on)" else plain
    if told == "nothing":
        monkeypatch.setattr(time, "perf_counter_ns", lambda: 0)
    scheduler = FilterScore(profile=chosen)

    def setup() -> tuple[tuple[Cluster], dict[str, object]]:
        return (Cluster.of(workload),), {}

    def place(cluster: Cluster) -> None:
        scheduler.schedule(cluster, workload.pods, Budget())

    benchmark.pedantic(place, setup=setup, rounds=9)  # type: ignore[no-untyped-call]
