"""NodeVolumeLimits (plugins/nodevolumelimits/csi.go): how many volumes a node can attach."""

from __future__ import annotations

from collections import Counter

import numpy as np

from schedlab.api import FilterPlugin, Locality, NodeView, PodView, Reason, Verdict, WhatIf
from schedlab.model.storage import ClaimKey
from schedlab_algorithms.kubernetes.node_volume_limits_attached import (
    AttachedVolumes,
    Attachment,
    attachments,
)
from schedlab_algorithms.kubernetes.volume_binding_claims import claim_volumes, not_found

EXCEEDED, NO_NODE = 1, 2

Shifts = dict[tuple[int, Attachment], int]
"""By position in a view and volume: whether it comes (+1) or goes (-1) there, or neither (0)."""


class NodeVolumeLimits(FilterPlugin):
    """Filters by the number of volumes that each CSI driver attaches to a node at most.

    A volume counts once on a node, whichever and however many pods use it there.
    """

    # No sum over a node's pods counts different volumes: that takes a table of the cluster.
    locality = Locality.CLUSTER

    def skips_filter(self, pod: PodView) -> bool:
        """Skip pods with nothing to attach by a driver that has a limit."""
        return not (self._missing(pod) or self._volumes(pod))

    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        """Reject nodes where a driver would exceed its limit (bit 0)."""
        return self._verdict(pod, nodes, {})

    def filter_what_if(self, pod: PodView, nodes: WhatIf) -> Verdict:
        """Count the volumes of the pods that are assumed to be there."""
        return self._verdict(pod, nodes, shifts(AttachedVolumes.of(nodes), nodes))

    def _verdict(self, pod: PodView, nodes: NodeView, shifted: Shifts) -> Verdict:
        if self._missing(pod):
            return np.full(len(nodes), NO_NODE, np.int64)
        table = AttachedVolumes.of(nodes)
        exceeded = np.zeros(len(nodes), np.bool_)
        for driver, volumes in self._volumes(pod).items():
            more = np.array(nodes.at(np.sum([table.missing(v) for v in volumes], axis=0)))
            count = np.array(nodes.at(table.counts[driver]))
            for (position, volume), sign in shifted.items():
                count[position] += sign if volume.driver == driver else 0
                more[position] -= sign if volume in volumes else 0
            exceeded |= (more > 0) & (count + more > nodes.at(table.limits[driver]))
        return np.where(exceeded, EXCEEDED, 0)

    def reasons(self, pod: PodView) -> tuple[Reason, ...]:
        """Return the reasons; evicting pods frees their volumes' places."""
        return (
            Reason("node(s) exceed max volume count"),
            Reason(self._missing(pod), resolvable=False),
        )

    def _missing(self, pod: PodView) -> str:
        return pod.memo(self, "missing", lambda: missing_claim(pod))

    def _volumes(self, pod: PodView) -> dict[str, list[Attachment]]:
        return pod.memo(self, "volumes", lambda: by_driver(pod))


def shifts(table: AttachedVolumes, nodes: WhatIf) -> Shifts:
    """Return which volumes come (+1) to and go (-1) from positions of the view."""
    changes: Counter[tuple[int, Attachment]] = Counter()
    brings = nodes.weights("limited volumes", lambda spec: len(table.counted(spec)))
    moved = (nodes.present != nodes.really) & (brings[nodes.signatures] > 0)
    for position, slot in np.argwhere(moved).tolist():
        sign = 1 if nodes.present[position, slot] else -1
        for volume in table.counted(nodes.specs[nodes.signatures[position, slot]]):
            changes[position, volume] += sign
    found: Shifts = {}
    for (position, volume), change in changes.items():
        users = table.users(volume, int(nodes.rows[position]))
        found[position, volume] = (users + change > 0) - (users > 0)
    return found


def by_driver(pod: PodView) -> dict[str, list[Attachment]]:
    """Return what the pod needs attached, each volume once, by drivers that have a limit."""
    volumes: dict[str, list[Attachment]] = {}
    for volume in dict.fromkeys(attachments(pod.spec, pod.storage)):
        if volume.driver in pod.storage.limited_drivers:
            volumes.setdefault(volume.driver, []).append(volume)
    return volumes


def missing_claim(pod: PodView) -> str:
    """Return the message for the first claim that is not there, "" if all are."""
    namespace, known = pod.spec.namespace, pod.storage.claim_by_key
    for volume in claim_volumes(pod.spec):
        key = ClaimKey(namespace, volume.claim)
        if key not in known:
            return f"looking up PVC {key}: {not_found('persistentvolumeclaim', volume.claim)}"
    return ""
