"""DCM's question of scale: what does a small batch cost on a large cluster that is in use?

After Suresh et al., *Building Scalable and Flexible Cluster Managers Using Declarative
Programming* (OSDI 2020), whose scheduler decides pods in batches on clusters of up to ten
thousand nodes, some of the applications with anti-affinity between their pods.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Node, PodBatch, PodSpec, Workload, WorkloadSource
from schedlab.errors import InputError
from schedlab.model.objects import CPU, HOSTNAME, MEMORY, PODS, LabelSelector, PodAffinityTerm
from schedlab_workloads.sizes import require_size
from schedlab_workloads.synthetic_config import MOST_NODES, MOST_PODS
from schedlab_workloads.synthetic_names import PodNames

Ints = NDArray[np.int64]

NODE_CPU, NODE_MEMORY, NODE_PODS = 16_000, 64 << 30, 110
LEAST_FILL, MOST_FILL = 50, 95
"""How full the nodes are, in percent of cpu and of memory, each drawn by itself."""

CPU_CHOICES = (250, 500, 1_000, 2_000)
MEMORY_PER_CPU = (2, 4, 8)
"""Bytes of memory for each milli-core, in units of 2^20."""

MOST_REPLICAS = 10
NODE_STREAM, POD_STREAM = range(2)


class DcmScale(WorkloadSource):
    """Pods of small applications, for a scheduler that decides in batches, on nodes in use.

    Nodes have 16 cores and 64 GiB, of which one running pod takes 50 to 95 %, cpu and memory
    apart.  Applications have 1 to 10 replicas of 0.25 to 2 cores and 2, 4 or 8 GiB a core, and
    arrive one after another.

    Parameters
    ----------
    nodes, pods
        How many; ``pods`` is the batch size times the number of batches to measure.
    anti_affinity
        The share of the applications no two pods of which may run on one node.
    """

    nodes: int = 10_000
    pods: int = 1_000
    anti_affinity: float = 0.5

    def __post_init__(self) -> None:
        require_size("nodes", self.nodes, 1, MOST_NODES)
        require_size("pods", self.pods, 1, MOST_PODS)
        if not 0 <= self.anti_affinity <= 1:
            raise InputError(f"anti_affinity: expected 0 to 1, got {self.anti_affinity}")

    def build(self, seed: int) -> Workload:
        """Return the workload of this seed (at least 0)."""
        percent = np.random.default_rng([seed, NODE_STREAM]).integers(
            LEAST_FILL, MOST_FILL, (self.nodes, 2), endpoint=True
        )
        return Workload(
            "dcm-scale",
            _nodes(self.nodes),
            self._batch(np.random.default_rng([seed, POD_STREAM])),
            bound=_running(percent),
            bound_node=np.arange(self.nodes, dtype=np.int32),
            source="DcmScale",
        )

    def _batch(self, rng: np.random.Generator) -> PodBatch:
        replicas = rng.integers(1, MOST_REPLICAS, self.pods, endpoint=True)
        apps = int(np.searchsorted(np.cumsum(replicas), self.pods)) + 1
        cpu = rng.choice(CPU_CHOICES, apps)
        memory = cpu * (rng.choice(MEMORY_PER_CPU, apps) << 20)
        apart = rng.random(apps) < self.anti_affinity
        columns = (cpu.tolist(), memory.tolist(), apart.tolist())
        specs = tuple(_app(i, *of) for i, of in enumerate(zip(*columns, strict=True)))
        signature = np.repeat(np.arange(apps, dtype=np.int32), replicas[:apps])[: self.pods]
        owners = [f"default/app-{i}" for i in range(apps)]
        return PodBatch(specs, signature, PodNames.counting(owners, signature))


def _app(number: int, cpu: int, memory: int, apart: bool) -> PodSpec:
    app = f"app-{number}"
    term = PodAffinityTerm(HOSTNAME, LabelSelector.of({"app": app}), ("default",))
    return PodSpec(
        labels=(("app", app),),
        requests=((CPU, cpu), (MEMORY, memory)),
        required_anti_affinity=(term,) if apart else (),
    )


def _nodes(number: int) -> tuple[Node, ...]:
    amounts = {CPU: NODE_CPU, MEMORY: NODE_MEMORY, PODS: NODE_PODS}
    width = len(str(number - 1))
    names = [f"node-{i:0{width}}" for i in range(number)]
    return tuple(Node(name, amounts, {HOSTNAME: name}) for name in names)


def _running(percent: Ints) -> PodBatch:
    """Return one running pod a node, which takes so many percent of its cpu and memory."""
    kinds, signature = np.unique(percent, axis=0, return_inverse=True)
    requests = (kinds * [NODE_CPU, NODE_MEMORY] // 100).tolist()
    specs = tuple(PodSpec("running", requests=((CPU, c), (MEMORY, m))) for c, m in requests)
    codes = signature.reshape(-1).astype(np.int32)
    owners = [f"running/fill-{i:04}" for i in range(len(specs))]
    return PodBatch(specs, codes, PodNames.counting(owners, codes))
