"""A fragmented cluster: much is free in all, and nowhere enough for a large pod."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Node, PodBatch, PodSpec, Workload, WorkloadSource
from schedlab.model.objects import CPU, HOSTNAME, MEMORY, PODS
from schedlab_workloads.sizes import require_size
from schedlab_workloads.synthetic_config import MOST_NODES
from schedlab_workloads.synthetic_names import PodNames

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]

NODE = np.array([32_000, 128 << 30])
"""Milli-cores and bytes of every node."""

NODE_PODS = 110
KINDS = 60
LEAST_FILL, MOST_FILL = 0.70, 0.95
PATIENCE = 40
"""How many random pods do not fit before a node counts as filled to its level."""

LEAST_EXCESS, MOST_EXCESS = 1.02, 1.15
PRIORITY = 1000
"""All pods have it: nobody evicts another one."""

RUNNING_STREAM, BIG_STREAM = range(2)


class Fragmented(WorkloadSource):
    """Nodes on which pods of many sizes run, and large pods that fit on none of them.

    Nodes have 32 cores and 128 GiB.  On each run random pods of 60 kinds (log-normal, around
    1.5 cores, at most a sixth of a node), so many that 40 more would have taken cpu or memory
    above the node's own level, 70 to 95 %.  A large pod requests 1.02 to 1.15 times the most
    cpu, and so many times the most memory, that is free on any node.  All pods have one
    priority.

    Parameters
    ----------
    nodes
        How many.
    pods
        How many large pods wait.
    """

    nodes: int = 2_000
    pods: int = 60

    def __post_init__(self) -> None:
        require_size("nodes", self.nodes, 1, MOST_NODES)
        require_size("pods", self.pods, 0, 1_000_000)

    def build(self, seed: int) -> Workload:
        """Return the workload of this seed (at least 0)."""
        rng = np.random.default_rng([seed, RUNNING_STREAM])
        requests = _kinds(rng)
        kind, row = _fill(rng, requests, self.nodes)
        used = np.zeros((self.nodes, 2), np.int64)
        np.add.at(used, row, requests[kind])
        big = _big(np.random.default_rng([seed, BIG_STREAM]), (NODE - used).max(axis=0), self.pods)
        return Workload(
            "fragmented",
            _nodes(self.nodes),
            _batch("default/big", big, np.arange(self.pods, dtype=np.int32)),
            bound=_batch("running/app", requests, kind),
            bound_node=row,
            source="Fragmented",
        )


def _kinds(rng: np.random.Generator) -> Ints:
    """Draw what a pod of each kind requests, (K, 2): at most a sixth of a node."""
    cpu = np.clip(rng.lognormal(np.log(1_500), 0.7, KINDS), 100, NODE[0] // 6)
    memory = np.clip(cpu * rng.lognormal(np.log(4 << 20), 0.5, KINDS), 64 << 20, NODE[1] // 6)
    return np.column_stack([np.rint(cpu / 50) * 50, np.rint(memory / 2**20) * 2**20]).astype(
        np.int64
    )


def _fill(rng: np.random.Generator, requests: Ints, nodes: int) -> tuple[Codes, Codes]:
    """Draw the kinds and rows of the pods that run, in the order of the rows.

    Each node is offered one random pod after another, until some have not fitted.
    """
    limit = NODE * rng.uniform(LEAST_FILL, MOST_FILL, (nodes, 1))
    used, misses = np.zeros((nodes, 2), np.int64), np.zeros(nodes, np.int64)
    kinds, rows = [], []
    while len(row := np.flatnonzero(misses < PATIENCE)):
        kind = rng.integers(len(requests), size=len(row))
        fits = (used[row] + requests[kind] <= limit[row]).all(axis=1)
        misses[row[~fits]] += 1
        used[row[fits]] += requests[kind[fits]]
        kinds.append(kind[fits])
        rows.append(row[fits])
    row = np.concatenate(rows)
    order = np.argsort(row, kind="stable")
    return np.concatenate(kinds)[order].astype(np.int32), row[order].astype(np.int32)


def _big(rng: np.random.Generator, most_free: Ints, pods: int) -> Ints:
    """Draw what each large pod requests, (P, 2): more than any node has free."""
    wanted = np.ceil(most_free * rng.uniform(LEAST_EXCESS, MOST_EXCESS, (pods, 2)))
    return np.minimum(wanted, NODE).astype(np.int64)


def _batch(owner: str, requests: Ints, kind: Codes) -> PodBatch:
    namespace, _, _ = owner.partition("/")
    specs = tuple(
        PodSpec(namespace, requests=((CPU, cpu), (MEMORY, memory)), priority=PRIORITY)
        for cpu, memory in requests.tolist()
    )
    owners = [f"{owner}-{i:02}" for i in range(len(specs))]
    return PodBatch(specs, kind, PodNames.counting(owners, kind))


def _nodes(number: int) -> tuple[Node, ...]:
    amounts = {CPU: int(NODE[0]), MEMORY: int(NODE[1]), PODS: NODE_PODS}
    width = len(str(number - 1))
    names = [f"node-{i:0{width}}" for i in range(number)]
    return tuple(Node(name, amounts, {HOSTNAME: name}) for name in names)
