"""Whole decisions, and the pieces of choosing the best node."""

from __future__ import annotations

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from schedlab.api import Cluster
from schedlab.core.ahead.chains import greedy_order
from schedlab.core.blocks import BlockMaxima
from schedlab.core.filter_score import PATHS
from schedlab.core.select import Lowest
from schedlab.registry import installed

PROFILE = installed().make_profile("kubernetes", {})


@pytest.mark.parametrize("path", PATHS)
def test_decide_one_pod(benchmark: BenchmarkFixture, cluster: Cluster, path: str) -> None:
    """Decide, place, and take the pod away again: two dirty rows at each decision."""
    decide = PATHS[path](PROFILE, cluster, Lowest())

    def once() -> None:
        row = decide.pick(0)
        cluster.place(0, row)
        cluster.remove(0, row)

    benchmark(once)


@pytest.mark.parametrize("path", [p for p in PATHS if p != "reference"])
def test_first_sight_of_a_signature(
    benchmark: BenchmarkFixture, cluster: Cluster, path: str
) -> None:
    benchmark(lambda: PATHS[path](PROFILE, cluster, Lowest()).pick(0))


@pytest.mark.parametrize("length", [5_000, 100_000])
def test_argmax_by_scan(benchmark: BenchmarkFixture, length: int) -> None:
    benchmark(np.random.default_rng(0).integers(0, 1000, length).argmax)


@pytest.mark.parametrize("length", [5_000, 100_000])
def test_argmax_by_blocks(benchmark: BenchmarkFixture, length: int) -> None:
    totals = np.random.default_rng(0).integers(0, 1000, length)
    blocks, changed = BlockMaxima(totals), np.array([length // 2])

    def once() -> int:
        blocks.update(changed)
        return blocks.argmax()

    benchmark(once)


@pytest.mark.parametrize("shape", [(256, 4), (4096, 4), (64, 256)], ids=str)
def test_greedy_order(benchmark: BenchmarkFixture, shape: tuple[int, int]) -> None:
    totals = np.random.default_rng(0).integers(0, 1000, shape)
    benchmark(greedy_order, totals, shape[0])
