"""Reading and changing the columns."""

from __future__ import annotations

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from schedlab.api import Cluster
from schedlab.bench.cases import CASES


@pytest.mark.parametrize("rows", [1, 64, 4096])
def test_gather_rows(benchmark: BenchmarkFixture, cluster: Cluster, rows: int) -> None:
    chosen = np.random.default_rng(0).integers(len(cluster), size=rows)
    benchmark(lambda: cluster.view(chosen).requested)


def test_view_of_everything(benchmark: BenchmarkFixture, cluster: Cluster) -> None:
    benchmark(lambda: cluster.view().free)


def test_place_and_remove(benchmark: BenchmarkFixture, cluster: Cluster) -> None:
    def once() -> None:
        cluster.place(0, 7)
        cluster.remove(0, 7)

    benchmark(once)


def test_place_many(benchmark: BenchmarkFixture) -> None:
    cluster, rows = Cluster.of(CASES["basic"].build(5_000, 100)), np.arange(1000, dtype=np.int32)
    benchmark(cluster.place_many, np.zeros(1000, np.int32), rows)


def test_build_cluster(benchmark: BenchmarkFixture) -> None:
    workload = CASES["basic"].build(5_000, 100)
    benchmark.pedantic(Cluster.of, (workload,), rounds=3)
