"""What the bounds and gaps of one trial cost, the cluster being built."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture

from schedlab import engine
from schedlab.api import Cluster, Node, PodBatch, PodSpec
from schedlab.model.objects import NodeSelectorTerm, Requirement

POOLS = 8
HARDWARE = ((16_000, 64 << 30), (32_000, 128 << 30), (64_000, 256 << 30), (96_000, 384 << 30))
OVERLOAD = 1.05
CASES = {
    "10k-nodes-1M-pods-32-kinds": (10_000, 1_000_000, 500, False),
    "10k-nodes-1M-pods-all-distinct": (10_000, 1_000_000, 500, True),
    "5k-nodes-50k-pods-32-kinds": (5_000, 50_000, 200, False),
}


@pytest.mark.parametrize("case", CASES)
def test_bounds_of_a_trial(benchmark: BenchmarkFixture, case: str) -> None:
    cluster, pods = build(*CASES[case])
    profile = engine.profile("kubernetes")
    benchmark.pedantic(all_bounds, (profile, cluster, pods), rounds=5, warmup_rounds=1)


def all_bounds(profile: engine.Profile, cluster: Cluster, pods: PodBatch) -> None:
    """Compute what a trial's metrics need; the nodes of what the relaxation places."""
    problem = engine.packing_problem(profile, cluster, pods)
    relaxation = engine.relax(problem)
    total = engine.fluid_bound(relaxation, np.ones(len(problem.specs)))
    engine.fluid_bound(relaxation, problem.tiers - problem.tier)
    engine.tier_bounds(relaxation, total)
    engine.fewest_nodes(relaxation, total.pods.astype(np.int64))


def build(nodes: int, pods: int, signatures: int, distinct: bool) -> tuple[Cluster, PodBatch]:
    """Return nodes of which three quarters are partly filled, and pods for 105 % of the rest."""
    rng = np.random.default_rng(0)
    kind = np.arange(nodes) % (len(HARDWARE) * POOLS)
    cells = rng.uniform(0.3, 1.0, nodes if distinct else len(HARDWARE) * POOLS)
    taken = np.where(kind % 4 == 0, 0.0, cells if distinct else cells[kind])
    hardware = np.array(HARDWARE)[kind // POOLS]
    cluster = Cluster(
        [
            Node(f"n{i}", {"cpu": cpu, "memory": memory, "pods": 250}, {"pool": f"p{k % POOLS}"})
            for i, (k, (cpu, memory)) in enumerate(
                zip(kind.tolist(), hardware.tolist(), strict=True)
            )
        ]
    )
    for i in np.flatnonzero(taken).tolist():
        used = tuple((hardware[i] * taken[i]).astype(np.int64).tolist())
        cluster.place(
            cluster.signature(PodSpec(requests=(("cpu", used[0]), ("memory", used[1])))), i
        )
    return cluster, batch(rng, pods, signatures, float(hardware[:, 0] @ (1 - taken)))


def batch(rng: np.random.Generator, pods: int, signatures: int, free_cpu: float) -> PodBatch:
    """Return pods of log-normal size and popularity, 30 % of the signatures bound to pools."""
    popularity = rng.lognormal(0, 0.8, signatures)
    copies = np.maximum(popularity / popularity.sum() * pods, 1).astype(np.int64)
    cpu = rng.lognormal(6, 0.8, signatures)
    cpu *= OVERLOAD * free_cpu / (copies @ cpu)
    memory = cpu * rng.lognormal(1.4, 0.6, signatures)
    specs = tuple(
        PodSpec(
            requests=(("cpu", int(c) + 1), ("memory", (int(m) + 1) << 20)),
            priority=1000 * int(rng.integers(4)),
            required_node_terms=somewhere(rng) if rng.random() < 0.3 else None,
        )
        for c, m in zip(cpu.tolist(), memory.tolist(), strict=True)
    )
    signature: NDArray[np.int32] = np.repeat(np.arange(len(specs), dtype=np.int32), copies)
    return PodBatch(specs, signature, range(len(signature)))  # type: ignore[arg-type]


def somewhere(rng: np.random.Generator) -> tuple[NodeSelectorTerm, ...]:
    """Return a node affinity to three pools."""
    pools = sorted(rng.choice(POOLS, 3, replace=False).tolist())
    allowed = Requirement("pool", "In", tuple(f"p{p}" for p in pools))
    return (NodeSelectorTerm((allowed,)),)
