"""The pods of the ladder: signatures of log-normal popularity and size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schedlab.api import PodBatch, PodSpec
from schedlab.model.objects import CPU, MEMORY, NodeSelectorTerm, Requirement
from schedlab_workloads.synthetic_config import apportion, keep_each
from schedlab_workloads.synthetic_names import PodNames

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

POOL = "pool"
PRIORITY_STEP = 1000
RESTRICTED = 0.3
ALLOWED_POOLS = 3 / 8
POPULARITY_SIGMA, CPU_SIGMA, MEMORY_PER_CPU_SIGMA = 0.8, 0.8, 0.6


@dataclass(frozen=True)
class Demand:
    """What the pods of a batch come to: ``total`` milli-cores and bytes, float64, shape (2,)."""

    pods: int
    signatures: int
    pools: int
    priorities: int
    total: Floats


def draw_batch(rng: np.random.Generator, demand: Demand) -> PodBatch:
    """Draw signatures and the order in which their pods arrive."""
    popularity = rng.lognormal(0, POPULARITY_SIGMA, demand.signatures)
    copies = keep_each(apportion(demand.pods, popularity.tolist()))
    requests = _requests(rng, copies, demand.total)
    priority = PRIORITY_STEP * (rng.permutation(demand.signatures) % demand.priorities)
    allowed = _allowed(rng, demand.signatures, demand.pools)
    specs = tuple(
        PodSpec(
            requests=((CPU, cpu), (MEMORY, memory)), priority=p, required_node_terms=allowed.get(s)
        )
        for s, ((cpu, memory), p) in enumerate(
            zip(requests.tolist(), priority.tolist(), strict=True)
        )
    )
    signature = rng.permutation(np.repeat(np.arange(len(specs), dtype=np.int32), copies))
    width = len(str(len(specs) - 1))
    owners = [f"default/pod-{s:0{width}}" for s in range(len(specs))]
    return PodBatch(specs, signature, PodNames.counting(owners, signature))


def _requests(rng: np.random.Generator, copies: Ints, total: Floats) -> Ints:
    """Draw what a pod of each signature requests, (S, 2), such that all request ``total``."""
    cpu = rng.lognormal(0, CPU_SIGMA, len(copies))
    memory = cpu * rng.lognormal(0, MEMORY_PER_CPU_SIGMA, len(copies))
    shapes = np.column_stack([cpu, memory])
    return np.maximum(np.rint(shapes * (total / (copies @ shapes))), 1).astype(np.int64)


def _allowed(
    rng: np.random.Generator, signatures: int, pools: int
) -> dict[int, tuple[NodeSelectorTerm, ...]]:
    """Choose the signatures that may only run in some pools, and these pools."""
    restricted = rng.permutation(signatures)[: round(RESTRICTED * signatures)].tolist()
    few = max(1, round(ALLOWED_POOLS * pools))
    return {s: _within(np.sort(rng.permutation(pools)[:few])) for s in restricted}


def _within(pools: Ints) -> tuple[NodeSelectorTerm, ...]:
    names = tuple(f"p{pool}" for pool in pools.tolist())
    return (NodeSelectorTerm((Requirement(POOL, "In", names),)),)
