"""The experiment of *Priority Matters* (arXiv 2511.08373): small clusters, filled to the brim.

Christensen, Giallorenzo and Mauro, *Priority Matters: Optimising Kubernetes Clusters Usage
with Constraint-Based Pod Packing* (2025).  ReplicaSets arrive one after another on equal
nodes whose capacity is what makes all pods together come to a given usage.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Budget, Cluster, Node, PodBatch, PodSpec, Workload, WorkloadSource
from schedlab.errors import InputError
from schedlab.model.objects import CPU, HOSTNAME, MEMORY, PODS
from schedlab.registry import installed
from schedlab_workloads.sizes import capacity_of_each, require_crowd
from schedlab_workloads.synthetic_names import PodNames

Ints = NDArray[np.int64]

LEAST_CPU, MOST_CPU = 100, 1_000
LEAST_MEMORY, MOST_MEMORY = 100 * 10**6, 1_000 * 10**6
MOST_REPLICAS = 4
DETERMINISTIC = {"queue_sort": "Arrival", "post_filter": "", "tie_break": "lowest"}
"""The default profile as the paper chose its instances by."""

MOST_DRAWS = 10_000
"""How many draws may be tried before one is contested."""


class PriorityMatters(WorkloadSource):
    """ReplicaSets of 1 to 4 equal pods of 100 to 1,000 milli-cores and MB, on equal nodes.

    All numbers are uniform.  A set's priority is 1 to ``priorities``.  A node's capacity is
    Σ requests / (nodes x usage), of cpu and of memory, rounded up.

    Parameters
    ----------
    nodes, pods_per_node
        How many nodes; pods are ``nodes x pods_per_node`` in all.
    priorities
        How many priorities; the paper has 1, 2 and 4.
    usage
        What all pods request over what all nodes offer.
    contested
        Draw again until the default scheduler, ties going to the first node and nobody
        evicted, leaves some pod unplaced, as the paper chose its instances for usages below 1.
    """

    nodes: int = 32
    pods_per_node: int = 8
    priorities: int = 4
    usage: float = 1.0
    contested: bool = False

    def __post_init__(self) -> None:
        require_crowd(self.nodes, self.pods_per_node, self.priorities, self.usage)

    def build(self, seed: int) -> Workload:
        """Return the workload of this seed (at least 0).

        Raises
        ------
        InputError
            If none of many draws is contested: the usage is too low.
        """
        for draw in range(MOST_DRAWS):
            workload = self._draw(np.random.default_rng([seed, draw]))
            if not self.contested or _leaves_pods(workload):
                return workload
        raise InputError(f"usage {self.usage}: the default scheduler places all pods of all draws")

    def _draw(self, rng: np.random.Generator) -> Workload:
        sizes = _replicas(rng, self.nodes * self.pods_per_node)
        cpu = rng.integers(LEAST_CPU, MOST_CPU, len(sizes), endpoint=True)
        memory = rng.integers(LEAST_MEMORY, MOST_MEMORY, len(sizes), endpoint=True)
        priority = rng.integers(1, self.priorities, len(sizes), endpoint=True)
        asked = [int(sizes @ amounts) for amounts in (cpu, memory)]
        capacity = capacity_of_each(self.nodes, self.usage, asked)
        return Workload(
            "priority-matters",
            tuple(_node(i, *capacity) for i in range(self.nodes)),
            _batch(sizes, cpu, memory, priority),
            source="PriorityMatters",
        )


def _replicas(rng: np.random.Generator, pods: int) -> Ints:
    """Draw sizes of ReplicaSets, the last one cut, until there are so many pods."""
    drawn = rng.integers(1, MOST_REPLICAS, pods, endpoint=True)
    before = np.cumsum(drawn) - drawn
    return np.minimum(drawn, pods - before)[before < pods]


def _batch(sizes: Ints, cpu: Ints, memory: Ints, priority: Ints) -> PodBatch:
    apps = [f"rs-{i:04}-p{p}" for i, p in enumerate(priority.tolist())]
    columns = (apps, cpu.tolist(), memory.tolist(), priority.tolist())
    specs = tuple(
        PodSpec(labels=(("app", app),), requests=((CPU, c), (MEMORY, m)), priority=p)
        for app, c, m, p in zip(*columns, strict=True)
    )
    signature = np.repeat(np.arange(len(specs), dtype=np.int32), sizes)
    owners = [f"default/{app}" for app in apps]
    return PodBatch(specs, signature, PodNames.counting(owners, signature))


def _node(i: int, cpu: int, memory: int) -> Node:
    name = f"node-{i:04}"
    return Node(name, {CPU: cpu, MEMORY: memory, PODS: 10_000}, {HOSTNAME: name})


def _leaves_pods(workload: Workload) -> bool:
    scheduler = installed().make_scheduler("kubernetes", DETERMINISTIC)
    cluster = Cluster.of(workload)
    return bool((scheduler.schedule(cluster, workload.pods, Budget()).node < 0).any())
