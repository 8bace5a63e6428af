"""Slots: pods that all ask for the same, so that a node has so many places for them.

What minimum-cost flow solves exactly; the size is that of the cluster on which Gog et al.,
*Firmament: Fast, Centralized Cluster Scheduling at Scale* (OSDI 2016), replay Google's trace:
12,500 machines, 150,000 tasks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Node, PodBatch, PodSpec, Workload, WorkloadSource
from schedlab.errors import InputError
from schedlab.model.objects import (
    CPU,
    HOSTNAME,
    MEMORY,
    PODS,
    NodeSelectorTerm,
    PreferredSchedulingTerm,
    Requirement,
)
from schedlab_workloads.sizes import require_size
from schedlab_workloads.synthetic_config import MOST_NODES, MOST_PODS, apportion, keep_each
from schedlab_workloads.synthetic_names import PodNames

Ints = NDArray[np.int64]

SLOT_CPU, SLOT_MEMORY = 1_000, 4 << 30
FEWEST_SLOTS, MOST_SLOTS = 8, 16
"""The slots of a node; all numbers in between are as likely."""

RACK = "rack"
RESTRICTED = 0.5
ALLOWED_RACKS, PREFERRED_RACKS = 0.25, 0.1
PREFERENCE = 50
PRIORITY_STEP = 1000
NODE_STREAM, POD_STREAM = range(2)


class Slots(WorkloadSource):
    """Pods that each take one slot (1 core, 4 GiB) of nodes that have 8 to 16.

    The pods come in classes of log-normal popularity.  Half the classes may only run in a
    quarter of the racks, each prefers a tenth of them, and each has one of ``priorities``
    priorities.  The nodes are empty.

    Parameters
    ----------
    nodes, pods
        How many.  The nodes have 12 slots on average.
    classes
        How many kinds of pods.
    racks
        How many racks; node ``i`` has the label ``rack`` r0, r1, ... of ``i`` modulo them.
    priorities
        How many priorities, at most ``classes``.
    """

    nodes: int = 12_500
    pods: int = 150_000
    classes: int = 100
    racks: int = 40
    priorities: int = 4

    def __post_init__(self) -> None:
        require_size("nodes", self.nodes, 1, MOST_NODES)
        require_size("pods", self.pods, 1, MOST_PODS)
        require_size("classes", self.classes, 1, self.pods)
        require_size("racks", self.racks, 1, self.nodes)
        if not 1 <= self.priorities <= self.classes:
            raise InputError(f"priorities: expected 1 to {self.classes}, got {self.priorities}")

    def build(self, seed: int) -> Workload:
        """Return the workload of this seed (at least 0)."""
        rng = np.random.default_rng([seed, NODE_STREAM])
        slots = rng.integers(FEWEST_SLOTS, MOST_SLOTS, self.nodes, endpoint=True)
        batch = self._batch(np.random.default_rng([seed, POD_STREAM]))
        return Workload("slots", self._nodes(slots), batch, source="Slots")

    def _nodes(self, slots: Ints) -> tuple[Node, ...]:
        width = len(str(self.nodes - 1))
        names = [f"node-{i:0{width}}" for i in range(self.nodes)]
        return tuple(
            Node(
                name,
                {CPU: n * SLOT_CPU, MEMORY: n * SLOT_MEMORY, PODS: n},
                {HOSTNAME: name, RACK: f"r{i % self.racks}"},
            )
            for i, (name, n) in enumerate(zip(names, slots.tolist(), strict=True))
        )

    def _batch(self, rng: np.random.Generator) -> PodBatch:
        popularity = rng.lognormal(0, 1, self.classes).tolist()
        copies = keep_each(apportion(self.pods, popularity))
        priority = (rng.permutation(self.classes) % self.priorities * PRIORITY_STEP).tolist()
        restricted = rng.permutation(self.classes) < round(RESTRICTED * self.classes)
        columns = (priority, restricted.tolist())
        specs = tuple(self._class(rng, i, *of) for i, of in enumerate(zip(*columns, strict=True)))
        signature = rng.permutation(np.repeat(np.arange(len(specs), dtype=np.int32), copies))
        owners = [f"default/class-{i}" for i in range(len(specs))]
        return PodBatch(specs, signature, PodNames.counting(owners, signature))

    def _class(
        self, rng: np.random.Generator, number: int, priority: int, restricted: bool
    ) -> PodSpec:
        preferred = PreferredSchedulingTerm(PREFERENCE, self._in(rng, PREFERRED_RACKS))
        return PodSpec(
            labels=(("class", f"c{number}"),),
            requests=((CPU, SLOT_CPU), (MEMORY, SLOT_MEMORY)),
            priority=priority,
            required_node_terms=(self._in(rng, ALLOWED_RACKS),) if restricted else None,
            preferred_node_terms=(preferred,),
        )

    def _in(self, rng: np.random.Generator, share: float) -> NodeSelectorTerm:
        """Return a term that holds in a random share of the racks, at least in one."""
        chosen = np.sort(rng.permutation(self.racks)[: max(1, round(share * self.racks))])
        names = tuple(f"r{rack}" for rack in chosen.tolist())
        return NodeSelectorTerm((Requirement(RACK, "In", names),))
