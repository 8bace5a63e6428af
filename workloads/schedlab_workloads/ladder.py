"""The ladder: clusters of any size, partly full, with a little more demand than free room.

Every rung asks the same question, how near to the best a scheduler packs what cannot all be
placed, on more nodes and more pods than the one before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Node, PodBatch, PodSpec, Workload, WorkloadSource
from schedlab.errors import InputError
from schedlab.model.objects import CPU, HOSTNAME, MEMORY, PODS
from schedlab_workloads.ladder_pods import POOL, Demand, draw_batch
from schedlab_workloads.sizes import require_size
from schedlab_workloads.synthetic_config import MOST_NODES, MOST_PODS
from schedlab_workloads.synthetic_names import PodNames

Ints = NDArray[np.int64]

HARDWARE = ((16_000, 64 << 30), (32_000, 128 << 30), (64_000, 256 << 30), (96_000, 384 << 30))
"""The hardware types: milli-cores and bytes of memory."""

PODS_PER_NODE = 250
EMPTY = 0.25
LEAST_FILL, MOST_FILL = 0.3, 1.0

OURS = 1_000_000
"""The priority of the pods that run: above all that wait, so that nobody evicts them."""

NODE_STREAM, POD_STREAM = range(2)
"""What sets the random streams of one seed apart, so that pods move no node's fill."""


class Ladder(WorkloadSource):
    """Partly filled nodes in groups, and pods that ask for a little more than what is free.

    The groups are 4 hardware types (16 to 96 cores, 4 GiB a core) in each pool, node ``i`` in
    group ``i`` modulo their number.  A quarter of the groups is empty; on the nodes of each
    other one a pod runs that takes 30 to 100 % of them.  Pods come in signatures of log-normal
    popularity and size, each of one of ``priorities`` priorities (0, 1000, 2000, ...; as many
    signatures of each); 30 % of the signatures may only run in 3 of 8 pools.  Pods arrive in
    random order.

    Parameters
    ----------
    nodes, pods
        How many.
    signatures
        How many kinds of pods, at most ``pods``.
    pools
        How many pools, each with the 4 types: the label ``pool`` is p0, p1, ...
    priorities
        How many priorities, at most ``signatures``.
    demand
        What all pods request over what is free, cpu and memory alike.
    distinct
        Fill every node that is not empty to a level of its own, instead of group by group.
    """

    nodes: int = 5_000
    pods: int = 50_000
    signatures: int = 200
    pools: int = 8
    priorities: int = 4
    demand: float = 1.05
    distinct: bool = False

    def __post_init__(self) -> None:
        require_size("nodes", self.nodes, 1, MOST_NODES)
        require_size("pods", self.pods, 1, MOST_PODS)
        require_size("signatures", self.signatures, 1, self.pods)
        require_size("pools", self.pools, 1, self.nodes)
        require_size("priorities", self.priorities, 1, self.signatures)
        if not 0 < self.demand < 1000:
            raise InputError(f"demand: expected a ratio above 0, got {self.demand}")

    def build(self, seed: int) -> Workload:
        """Return the workload of this seed (at least 0)."""
        fleet = Fleet.draw(np.random.default_rng([seed, NODE_STREAM]), self)
        free = (fleet.offered - fleet.taken).sum(axis=0)
        demand = Demand(self.pods, self.signatures, self.pools, self.priorities, self.demand * free)
        bound, bound_node = fleet.running()
        return Workload(
            "ladder",
            fleet.nodes(),
            draw_batch(np.random.default_rng([seed, POD_STREAM]), demand),
            bound=bound,
            bound_node=bound_node,
            source="Ladder",
        )


@dataclass(frozen=True)
class Fleet:
    """The nodes as columns.

    Attributes
    ----------
    pool : int64, shape (N,)
    offered, taken : int64, shape (N, 2)
        Milli-cores and bytes: allocatable, and what the pod that runs there requests.
    """

    pool: Ints
    offered: Ints
    taken: Ints

    @classmethod
    def draw(cls, rng: np.random.Generator, ladder: Ladder) -> Fleet:
        """Draw which groups are empty, and how full the others are."""
        groups = len(HARDWARE) * ladder.pools
        group = np.arange(ladder.nodes) % groups
        offered = np.array(HARDWARE, np.int64)[group // ladder.pools]
        fill = rng.uniform(LEAST_FILL, MOST_FILL, groups)[group]
        empty = rng.permutation(groups)[: round(EMPTY * groups)]
        if ladder.distinct:
            fill = rng.uniform(LEAST_FILL, MOST_FILL, ladder.nodes)
        fill[np.isin(group, empty)] = 0.0
        return cls(group % ladder.pools, offered, (offered * fill[:, None]).astype(np.int64))

    def nodes(self) -> tuple[Node, ...]:
        """Return the nodes, node-00000 first."""
        width = len(str(len(self.pool) - 1))
        names = [f"node-{i:0{width}}" for i in range(len(self.pool))]
        columns = (names, self.offered.tolist(), self.pool.tolist())
        return tuple(
            Node(
                name,
                {CPU: cpu, MEMORY: memory, PODS: PODS_PER_NODE},
                {HOSTNAME: name, POOL: f"p{pool}"},
            )
            for name, (cpu, memory), pool in zip(*columns, strict=True)
        )

    def running(self) -> tuple[PodBatch, NDArray[np.int32]]:
        """Return the pods that run, one on each node that is not empty, and their rows."""
        rows = np.flatnonzero(self.taken.any(axis=1))
        kinds, signature = np.unique(self.taken[rows], axis=0, return_inverse=True)
        specs = tuple(_running(cpu, memory) for cpu, memory in kinds.tolist())
        codes = signature.reshape(-1).astype(np.int32)
        return PodBatch(specs, codes, _names(len(specs), codes)), rows.astype(np.int32)


def _running(cpu: int, memory: int) -> PodSpec:
    return PodSpec("running", requests=((CPU, cpu), (MEMORY, memory)), priority=OURS)


def _names(kinds: int, codes: NDArray[np.int32]) -> Sequence[str]:
    width = len(str(max(kinds - 1, 0)))
    return PodNames.counting([f"running/fill-{i:0{width}}" for i in range(kinds)], codes)
