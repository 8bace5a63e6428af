"""What the bounds and gaps of one trial cost, the cluster being built."""

from __future__ import annotations

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from schedlab import engine
from schedlab.api import Cluster, PodBatch
from schedlab_workloads.ladder import Ladder

MILLION = {"nodes": 10_000, "pods": 1_000_000, "signatures": 500}
CASES = {
    "10k-nodes-1M-pods-32-kinds": Ladder(**MILLION),
    "10k-nodes-1M-pods-all-distinct": Ladder(**MILLION, distinct=True),
    "5k-nodes-50k-pods-32-kinds": Ladder(),
}


@pytest.mark.parametrize("case", CASES)
def test_bounds_of_a_trial(benchmark: BenchmarkFixture, case: str) -> None:
    workload = CASES[case].build(0)
    given = engine.profile("kubernetes"), Cluster.of(workload), workload.pods
    benchmark.pedantic(all_bounds, given, rounds=5, warmup_rounds=1)


def all_bounds(profile: engine.Profile, cluster: Cluster, pods: PodBatch) -> None:
    """Compute what a trial's metrics need; the nodes of what the relaxation places."""
    problem = engine.packing_problem(profile, cluster, pods)
    relaxation = engine.relax(problem)
    total = engine.fluid_bound(relaxation, np.ones(len(problem.specs)))
    engine.fluid_bound(relaxation, problem.value_weights)
    engine.fluid_bound(relaxation, problem.tiers - problem.tier)
    engine.tier_bounds(relaxation, total)
    engine.fewest_nodes(relaxation, total.pods.astype(np.int64))
