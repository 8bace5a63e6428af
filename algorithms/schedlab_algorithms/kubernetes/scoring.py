"""What the resource scores share (plugins/noderesources/resource_allocation.go)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schedlab.api import NodeView, PodsView, PodView, columns
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
class Counted:
    """The resources that count in a score, K of them.

    Attributes
    ----------
    places : int64, shape (K,)
        Their positions on the resource axis, and ``columns`` as an index.
    weights : tuple of int, length K
    defaulted : int64
        Which of the K have defaults for pods that state none; ``nonzero`` are their columns
        in the nodes' requests that count these defaults.
    everywhere : bool
        Whether every node of the cluster has some of each.
    """

    places: Ints
    columns: Ints | slice
    weights: tuple[int, ...]
    defaulted: Ints
    nonzero: Ints | slice
    everywhere: bool

    @classmethod
    def of(cls, resources: Sequence[ResourceSpec], nodes: NodeView) -> Counted:
        """Return these resources on the nodes' axis, which has all of them."""
        silent = [(i, NONZERO[r.name]) for i, r in enumerate(resources) if r.name in NONZERO]
        places = np.array([nodes.resource(r.name) for r in resources], np.int64)
        return cls(
            places=places,
            columns=columns(places),
            weights=_weights([r.weight for r in resources]),
            defaulted=np.array([i for i, _ in silent], np.int64),
            nonzero=columns(np.array([n for _, n in silent], np.int64)),
            everywhere=bool(nodes.whole.allocatable[:, places].all()),
        )


@dataclass(frozen=True)
class Scored:
    """The resources that count, and what pods ask for of them.

    Arrays over resources and nodes have a row for each resource: arithmetic then runs over
    nodes that lie side by side.

    Attributes
    ----------
    counted : Counted
    requests, with_defaults : int64, shape (K, 1), or (K, n) for a pod beside each node
        What is asked for, and that with Kubernetes' defaults where a pod states nothing.
    """

    counted: Counted
    requests: Ints
    with_defaults: Ints

    @classmethod
    def of(cls, resources: tuple[ResourceSpec, ...], pod: PodView, nodes: NodeView) -> Scored:
        """Return native resources, and others that the pod asks for."""
        heeded = {*NATIVE, *(pod.resources[i] for i in pod.asked)}
        counted = _counted(tuple(r for r in resources if r.name in heeded), nodes)
        return cls._of(counted, pod.requests[:, None], pod.nonzero[:, None])

    @classmethod
    def of_each(
        cls, resources: tuple[ResourceSpec, ...], pods: PodsView, nodes: NodeView
    ) -> Scored | None:
        """Return the same for pods beside nodes; None where not the same count for all pods."""
        if not all(r.name in NATIVE for r in resources):
            return None
        counted = _counted(resources, nodes)
        return cls._of(counted, pods.requests.T, pods.nonzero.T)

    @classmethod
    def _of(cls, counted: Counted, requests: Ints, nonzero: Ints) -> Scored:
        requests = requests[counted.columns]
        if len(counted.defaulted) == len(counted.weights):
            return cls(counted, requests, nonzero[counted.nonzero])
        with_defaults = requests.copy()
        with_defaults[counted.defaulted] = nonzero[counted.nonzero]
        return cls(counted, requests, with_defaults)

    def allocatable(self, nodes: NodeView) -> Ints:
        """Return what the nodes offer of each, shape (K, n)."""
        return nodes.allocatable.T[self.counted.columns]

    def requested(self, nodes: NodeView) -> Ints:
        """Return what would be requested of each with the pod, shape (K, n)."""
        return nodes.requested.T[self.counted.columns] + self.requests

    def requested_with_defaults(self, nodes: NodeView) -> Ints:
        """Return the same, counting Kubernetes' defaults for pods that state no request."""
        counted = self.counted
        silent = nodes.nonzero_requested.T[counted.nonzero]
        if len(counted.defaulted) == len(counted.weights):
            return silent + self.with_defaults
        requested = nodes.requested.T[counted.columns] + self.with_defaults
        requested[counted.defaulted] = silent + self.with_defaults[counted.defaulted]
        return requested


def _counted(resources: tuple[ResourceSpec, ...], nodes: NodeView) -> Counted:
    """Return those of the resources that the cluster knows, found once for all pods."""
    known = [r for r in resources if r.name in nodes.resources]
    key = "resources that count", resources, len(nodes.resources)
    return nodes.shared(key, lambda: Counted.of(known, nodes))


def _weights(weights: Sequence[int]) -> tuple[int, ...]:
    """Return weights of the same means; equal ones become 1."""
    return (1,) * len(weights) if len(set(weights)) == 1 else tuple(weights)
