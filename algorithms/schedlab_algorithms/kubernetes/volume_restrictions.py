"""VolumeRestrictions (plugins/volumerestrictions): disks and claims for one pod at a time."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from schedlab.api import (
    DomainSums,
    FilterPlugin,
    Locality,
    NodeView,
    PodView,
    PreFilter,
    Reason,
    Verdict,
    WhatIf,
)
from schedlab.model.objects import PodSpec
from schedlab.model.storage import READ_WRITE_ONCE_POD, ClaimKey
from schedlab.model.volumes import DiskVolume
from schedlab_algorithms.kubernetes.volume_binding_claims import claim_volumes, not_found

Ints = NDArray[np.int64]

EXCLUSIVE = ("gcePersistentDisk", "awsElasticBlockStore", "iscsi", "rbd")
"""The sources that bear one writer, awsElasticBlockStore not even two readers."""

DISK_CONFLICT, CLAIM_IN_USE, NO_NODE = 1, 2, 4


class VolumeRestrictions(FilterPlugin):
    """Filters by disks that a node's pods hold already, and by ReadWriteOncePod claims in use."""

    locality = Locality.CLUSTER

    def skips_filter(self, pod: PodView) -> bool:
        """Skip pods without exclusive disks and claims."""
        return not (self._missing(pod) or self._disks(pod) or self._claims(pod))

    def skips_cycle(self, pod: PodView, nodes: NodeView) -> bool:
        """Say that there are no exclusive disks, and the exclusive claims are not in use."""
        return not (self._missing(pod) or self._disks(pod) or self._in_use(pod, nodes))

    def prefilter(self, pod: PodView, nodes: NodeView) -> PreFilter | None:
        """Reject pods with missing claims."""
        missing = self._missing(pod)
        return PreFilter((Reason(missing, resolvable=False),)) if missing else None

    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        """Reject nodes with a disk in use (bit 0), else all where a claim is (bit 1)."""
        return self._verdict(pod, nodes, np.full(len(nodes), self._in_use(pod, nodes)))

    def filter_what_if(self, pod: PodView, nodes: WhatIf) -> Verdict:
        """Judge each node by the pods that are assumed to be there."""
        uses = np.full(len(nodes), self._in_use(pod, nodes))
        for key in self._claims(pod):
            uses += nodes.difference(nodes.weights(("uses claim", key), partial(_uses, key)))
        return self._verdict(pod, nodes, uses)

    def reasons(self, pod: PodView) -> tuple[Reason, ...]:
        """Return the reasons; evicting the pod that holds disk or claim would help."""
        return (
            Reason("node(s) had no available disk"),
            Reason(
                "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access "
                "mode already in-use by another pod"
            ),
            Reason(self._missing(pod), resolvable=False),
        )

    def _verdict(self, pod: PodView, nodes: NodeView, uses: Ints) -> Verdict:
        if self._missing(pod):
            return np.full(len(nodes), NO_NODE, np.int64)
        held = np.zeros(len(nodes), np.int64)
        for disk in self._disks(pod):
            held += nodes.sum_placed(("conflicts", disk), partial(_conflicts, disk))
        return np.where(held > 0, DISK_CONFLICT, np.where(uses > 0, CLAIM_IN_USE, 0))

    def _in_use(self, pod: PodView, nodes: NodeView) -> int:
        """Return how often running pods use the pod's exclusive claims."""
        return sum(int(_table(nodes, key).current()[0]) for key in self._claims(pod))

    def _missing(self, pod: PodView) -> str:
        return pod.memo(self, "missing", lambda: missing_claim(pod))

    def _disks(self, pod: PodView) -> list[DiskVolume]:
        return pod.memo(self, "disks", lambda: exclusive_disks(pod.spec))

    def _claims(self, pod: PodView) -> list[ClaimKey]:
        return pod.memo(self, "claims", lambda: exclusive_claims(pod))


def missing_claim(pod: PodView) -> str:
    """Return the message for the first claim that is not there, "" if all are."""
    names = (v.claim for v in claim_volumes(pod.spec) if not v.is_ephemeral)
    known, namespace = pod.storage.claim_by_key, pod.spec.namespace
    missing = (n for n in names if ClaimKey(namespace, n) not in known)
    return next((not_found("persistentvolumeclaim", n) for n in missing), "")


def exclusive_disks(spec: PodSpec) -> list[DiskVolume]:
    """Return the disks of a pod that other pods on its node may conflict with."""
    return [v for v in spec.volumes if isinstance(v, DiskVolume) and v.source in EXCLUSIVE]


def exclusive_claims(pod: PodView) -> list[ClaimKey]:
    """Return the pod's ReadWriteOncePod claims, each once, not those of ephemeral volumes."""
    names = dict.fromkeys(v.claim for v in claim_volumes(pod.spec) if not v.is_ephemeral)
    keys = (ClaimKey(pod.spec.namespace, name) for name in names)
    known = pod.storage.claim_by_key
    return [k for k in keys if k in known and READ_WRITE_ONCE_POD in known[k].access_modes]


def conflicting(one: DiskVolume, other: DiskVolume) -> bool:
    """Say whether two pods cannot have these disks on one node."""
    if (one.source, one.disk) != (other.source, other.disk):
        return False
    if one.source == "awsElasticBlockStore":
        return True
    if one.source == "rbd" and not set(one.monitors) & set(other.monitors):
        return False
    return not (one.read_only and other.read_only)


def _conflicts(disk: DiskVolume, spec: PodSpec) -> int:
    return sum(conflicting(disk, other) for other in exclusive_disks(spec))


def _uses(key: ClaimKey, spec: PodSpec) -> int:
    if spec.namespace != key.namespace:
        return 0
    return sum(v.claim == key.name and not v.is_ephemeral for v in claim_volumes(spec))


def _table(nodes: NodeView, key: ClaimKey) -> DomainSums:
    """Return the count of the claim's uses by running pods, as a table of one domain."""

    def build() -> DomainSums:
        whole = nodes.whole
        everywhere = np.zeros(len(whole), np.int64)
        return whole.sums_by_domain(everywhere, 1, partial(_uses, key))

    return nodes.shared(("uses claim", key), build)
