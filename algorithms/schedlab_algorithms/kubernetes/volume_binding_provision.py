"""For which nodes volumes can be provisioned (plugins/volumebinding, checkVolumeProvisions)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab.api import NodeView
from schedlab.model.selectors import LabelSelector
from schedlab.model.storage import PersistentVolumeClaim, Storage, StorageClass

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

UNKNOWN = -1
"""The limit of a node to which no CSIStorageCapacity applies."""


class Provisioners:
    """What the StorageClasses can provide on which node."""

    def __init__(self, nodes: NodeView) -> None:
        self._size = len(nodes)
        self._storage = nodes.storage
        self._allowed = {c.name: _allowed(c, nodes) for c in self._storage.classes}
        self._limit = {c.name: _limits(c, nodes) for c in _limited(self._storage)}

    def allowed(self, claim: PersistentVolumeClaim) -> Mask:
        """Return for which nodes the claim's class makes volumes at all, shape (N,)."""
        return self._allowed[claim.storage_class]

    def enough(self, claim: PersistentVolumeClaim) -> Mask:
        """Return for which nodes there is storage enough, as far as that is known, shape (N,)."""
        limit = self._limit.get(claim.storage_class)
        if limit is None or claim.request is None:
            return np.ones(self._size, np.bool_)
        return limit >= claim.request

    def provides(self, claim: PersistentVolumeClaim) -> Mask:
        """Return for which nodes a volume can be made for the claim, shape (N,)."""
        return self.allowed(claim) & self.enough(claim)


def _allowed(storage_class: StorageClass, nodes: NodeView) -> Mask:
    if not storage_class.provisions:
        return np.zeros(len(nodes), np.bool_)
    terms = storage_class.allowed_topologies
    if not terms:
        return np.ones(len(nodes), np.bool_)
    matches: Mask = np.logical_or.reduce([nodes.match_term(t) for t in terms])
    return matches


def _limited(storage: Storage) -> list[StorageClass]:
    """Return the classes whose driver publishes how much storage is left."""
    publishing = {d.name for d in storage.csi_drivers if d.storage_capacity}
    return [c for c in storage.classes if c.provisioner in publishing]


def _limits(storage_class: StorageClass, nodes: NodeView) -> Ints:
    """Return the largest volume that can be made for each node, shape (N,)."""
    limits = np.full(len(nodes), UNKNOWN, np.int64)
    for capacity in nodes.storage.capacities:
        segment, limit = capacity.node_topology, capacity.limit
        if segment is None or limit is None or capacity.storage_class != storage_class.name:
            continue
        reached = _labelled(segment, nodes)
        limits[reached] = np.maximum(limits[reached], limit)
    return limits


def _labelled(selector: LabelSelector, nodes: NodeView) -> Mask:
    matches = np.ones(len(nodes), np.bool_)
    for requirement in selector.requirements:
        matches &= nodes.match(requirement)
    return matches
