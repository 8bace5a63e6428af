"""What the resource scores share (plugins/noderesources/resource_allocation.go)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schedlab.api import NodeView, PodView, columns
from schedlab.model.objects import CPU, EPHEMERAL_STORAGE, MEMORY

Ints = NDArray[np.int64]

NATIVE = (CPU, MEMORY, EPHEMERAL_STORAGE)
"""Resources that count even for pods that ask for none of them."""

NONZERO = {CPU: 0, MEMORY: 1}
"""Columns of the requests that count defaults for pods that state none."""


@dataclass(frozen=True)
class ResourceSpec:
    """A resource's weight in a score (KubeSchedulerConfiguration: ResourceSpec)."""

    name: str
    weight: int = 1


CPU_AND_MEMORY = (ResourceSpec(CPU), ResourceSpec(MEMORY))


@dataclass(frozen=True)
class Scored:
    """The resources that count for one pod: axis positions and weights, shape (K,).

    ``defaulted`` are those among them with defaults for silent pods, and ``nonzero`` their
    columns in the requests that count these defaults.  ``everywhere`` says that every node
    of the cluster has some of each.
    """

    columns: Ints | slice
    weights: Ints
    defaulted: Ints
    nonzero: Ints | slice
    everywhere: bool

    @classmethod
    def of(cls, resources: tuple[ResourceSpec, ...], pod: PodView, nodes: NodeView) -> Scored:
        """Return native resources, and others that the pod asks for."""
        known = [r for r in resources if r.name in pod.resources]
        position = {r.name: pod.resources.index(r.name) for r in known}
        counted = [r for r in known if r.name in NATIVE or pod.requests[position[r.name]] > 0]
        silent = [(i, NONZERO[r.name]) for i, r in enumerate(counted) if r.name in NONZERO]
        chosen = columns(np.array([position[r.name] for r in counted], np.int64))
        return cls(
            columns=chosen,
            weights=np.array([r.weight for r in counted], np.int64),
            defaulted=np.array([i for i, _ in silent], np.int64),
            nonzero=columns(np.array([n for _, n in silent], np.int64)),
            everywhere=bool(nodes.whole.allocatable[:, chosen].all()),
        )

    def allocatable(self, nodes: NodeView) -> Ints:
        """Return what the nodes offer of each, shape (n, K)."""
        return nodes.allocatable[:, self.columns]

    def requested(self, pod: PodView, nodes: NodeView) -> Ints:
        """Return what would be requested of each with the pod, shape (n, K)."""
        return nodes.requested[:, self.columns] + pod.requests[self.columns]

    def requested_with_defaults(self, pod: PodView, nodes: NodeView) -> Ints:
        """Return the same, counting Kubernetes' defaults for pods that state no request."""
        if len(self.defaulted) == len(self.weights):
            return nodes.nonzero_requested[:, self.nonzero] + pod.nonzero[self.nonzero]
        requested = self.requested(pod, nodes)
        defaulted = nodes.nonzero_requested[:, self.nonzero] + pod.nonzero[self.nonzero]
        requested[:, self.defaulted] = defaulted
        return requested
