"""VolumeZone (plugins/volumezone): nodes in the zones and regions of a pod's volumes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab.api import (
    FilterPlugin,
    Locality,
    NodeView,
    PodView,
    PreFilter,
    Reason,
    Verdict,
)
from schedlab.model.objects import PodSpec
from schedlab.model.storage import ClaimKey, PersistentVolume, PersistentVolumeClaim, Storage
from schedlab_algorithms.kubernetes.volume_binding_claims import claim_volumes, not_found

Topology = tuple[str, tuple[str, ...]]
"""A label key of a volume and the values that a node may have there."""

NEWER = {
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
}
TOPOLOGY_KEYS = (*NEWER, *NEWER.values())
DELIMITER = "__"
CONFLICT, NO_NODE = 1, 2


class VolumeZone(FilterPlugin):
    """Filters by the zone and region labels of the volumes that a pod's claims are bound to.

    Nodes without any such label are accepted.
    """

    locality = Locality.SPEC

    def skips_filter(self, pod: PodView) -> bool:
        """Skip pods of whose volumes no label says anything."""
        return not self._problem(pod) and not self._topologies(pod)

    def prefilter(self, pod: PodView, nodes: NodeView) -> PreFilter | None:
        """Reject pods whose claims, volumes or classes are missing."""
        problem = self._problem(pod)
        return PreFilter((Reason(problem, resolvable=False),)) if problem else None

    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        """Reject nodes of another zone or region (bit 0)."""
        if self._problem(pod):
            return np.full(len(nodes), NO_NODE, np.int64)
        labelled = np.logical_or.reduce([nodes.label(key).present for key in TOPOLOGY_KEYS])
        fits = np.ones(len(nodes), np.bool_)
        for topology in self._topologies(pod):
            fits &= _within(topology, nodes)
        return np.where(labelled & ~fits, CONFLICT, 0)

    def reasons(self, pod: PodView) -> tuple[Reason, ...]:
        """Return the reasons, none of which preemption can resolve."""
        texts = "node(s) had no available volume zone", self._problem(pod)
        return tuple(Reason(text, resolvable=False) for text in texts)

    def _problem(self, pod: PodView) -> str:
        return pod.memo(self, "problem", lambda: zone_problem(pod.spec, pod.storage))

    def _topologies(self, pod: PodView) -> list[Topology]:
        return pod.memo(self, "topologies", lambda: topologies(pod.spec, pod.storage))


def zone_problem(spec: PodSpec, storage: Storage) -> str:
    """Return why the zones of a pod's volumes cannot be told, "" if they can."""
    for name in _claim_names(spec):
        claim = storage.claim_by_key.get(ClaimKey(spec.namespace, name))
        if claim is None:
            return not_found("persistentvolumeclaim", name)
        if not claim.volume and (problem := _unbound_problem(claim, storage)):
            return problem
        if claim.volume and claim.volume not in storage.volume_by_name:
            return not_found("persistentvolume", claim.volume)
    return ""


def topologies(spec: PodSpec, storage: Storage) -> list[Topology]:
    """Return what the labels of a pod's volumes ask of nodes, where :func:`zone_problem` is ""."""
    claims = [storage.claim_by_key.get(ClaimKey(spec.namespace, n)) for n in _claim_names(spec)]
    volumes = [storage.volume_by_name.get(c.volume) for c in claims if c is not None]
    return [t for v in volumes if v is not None for t in _volume_topologies(v)]


def _claim_names(spec: PodSpec) -> list[str]:
    """Return the claims that are looked at: not those of ephemeral volumes."""
    return [v.claim for v in claim_volumes(spec) if not v.is_ephemeral]


def _unbound_problem(claim: PersistentVolumeClaim, storage: Storage) -> str:
    if not claim.storage_class:
        return "PersistentVolumeClaim had no pv name and storageClass name"
    if claim.storage_class not in storage.class_by_name:
        return not_found("storageclass.storage.k8s.io", claim.storage_class)
    return "" if storage.waits(claim) else "PersistentVolume had no name"


def _volume_topologies(volume: PersistentVolume) -> list[Topology]:
    stated = {k: volume.labels[k].split(DELIMITER) for k in TOPOLOGY_KEYS if k in volume.labels}
    trimmed = {key: tuple(v.strip() for v in values) for key, values in stated.items()}
    return [(key, values) for key, values in trimmed.items() if all(values)]


def _within(topology: Topology, nodes: NodeView) -> NDArray[np.bool_]:
    key, values = topology
    own = nodes.label(key)
    newer = nodes.label(NEWER.get(key, key))
    return np.where(own.present, own.among(values), newer.among(values))
