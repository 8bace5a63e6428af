"""VolumeBinding (plugins/volumebinding): the nodes where all of a pod's claims can be served."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from schedlab.api import (
    FilterPlugin,
    Locality,
    NodeView,
    PodView,
    PreFilter,
    Reason,
    ScorePlugin,
    Scores,
    Verdict,
    WhatIf,
)
from schedlab.model.storage import PersistentVolumeClaim
from schedlab_algorithms.kubernetes.volume_binding_account import VolumeAccount
from schedlab_algorithms.kubernetes.volume_binding_claims import PodClaims, claim_volumes

Ints = NDArray[np.int64]
Claims = tuple[PersistentVolumeClaim, ...]

NODE_CONFLICT, BIND_CONFLICT, NOT_ENOUGH_SPACE, NO_SUCH_VOLUME, NO_NODE = 1, 2, 4, 8, 16

PROVISION = "<provision>"
"""What is told of a claim whose volume is to be provisioned."""


class VolumeBinding(FilterPlugin, ScorePlugin):
    """Filters by the volumes that a pod's claims are bound to, or can be bound to or made there.

    It ranks nothing: StorageCapacityScoring is off by default in Kubernetes 1.35.
    """

    locality = Locality.CLUSTER

    def skips_filter(self, pod: PodView) -> bool:
        """Skip pods without claims."""
        return not any(claim_volumes(pod.spec))

    def prefilter(self, pod: PodView, nodes: NodeView) -> PreFilter | None:
        """Reject pods whose claims are missing, lost, being deleted or not bound in time."""
        problem = self._claims(pod).problem
        return PreFilter((Reason(problem, resolvable=False),)) if problem else None

    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        """Reject nodes by what bound claims (bits 0, 3) and waiting ones (bits 1, 2) need."""
        claims = self._claims(pod)
        if claims.problem:
            return np.full(len(nodes), NO_NODE, np.int64)
        account = VolumeAccount.of(nodes)
        found = bound_conflicts(claims.bound, account) | waiting_conflicts(claims.waiting, account)
        return nodes.at(found)

    def filter_what_if(self, pod: PodView, nodes: WhatIf) -> Verdict:
        """Answer as ever: no pod that leaves gives a volume back."""
        return self.filter(pod, nodes)

    def reasons(self, pod: PodView) -> tuple[Reason, ...]:
        """Return the reasons, none of which preemption can resolve."""
        texts = (
            "node(s) didn't match PersistentVolume's node affinity",
            "node(s) didn't find available persistent volumes to bind",
            "node(s) did not have enough free storage",
            "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)",
            self._claims(pod).problem,
        )
        return tuple(Reason(text, resolvable=False) for text in texts)

    def reserved(self, pod: PodView, nodes: NodeView) -> Mapping[str, str]:
        """Return the volume that each waiting claim would get on the view's one node."""
        account = VolumeAccount.of(nodes)
        [row] = nodes.at(np.arange(len(nodes.whole))).tolist()
        waiting = self._claims(pod).waiting
        claims = account.to_match(waiting)
        matched = zip(claims, account.matches_at(claims, row), strict=True)
        found = {str(c.key): account.columns.volumes[i].name for c, i in matched if i is not None}
        return {str(c.key): found.get(str(c.key), PROVISION) for c in waiting}

    def skips_score(self, pod: PodView) -> bool:
        """Skip every pod."""
        return True

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        """Return 0 for every node."""
        return np.zeros(len(nodes), np.int64)

    def _claims(self, pod: PodView) -> PodClaims:
        return pod.memo(self, "claims", lambda: PodClaims.of(pod.spec, pod.storage))


def bound_conflicts(claims: Claims, account: VolumeAccount) -> Ints:
    """Return the conflict of each node with the first claim that has one, shape (N,)."""
    conflicts = account.no_conflicts()
    for claim in claims:
        volume = account.columns.index.get(claim.volume)
        if volume is None:
            conflicts[conflicts == 0] = NO_SUCH_VOLUME
        else:
            conflicts[(conflicts == 0) & ~account.columns.reach.mask(volume)] = NODE_CONFLICT
    return conflicts


def waiting_conflicts(claims: Claims, account: VolumeAccount) -> Ints:
    """Return why a node cannot serve the claims, 0 where it can, shape (N,)."""
    conflicts = account.no_conflicts()
    if not claims:
        return conflicts
    to_match = account.to_match(claims)
    unmatched = [found == len(account.columns) for found in account.matches(to_match)]
    selected = [c for c in claims if account.selected_row(c) is not None]
    for claim in selected:
        _add(conflicts, _provision_conflicts(claim, account))
    for claim, lacks in zip(to_match, unmatched, strict=True):
        _add(conflicts, np.where(lacks, _provision_conflicts(claim, account), 0))
    for claim in selected:
        conflicts[np.arange(len(conflicts)) != account.selected_row(claim)] = BIND_CONFLICT
    return conflicts


def _provision_conflicts(claim: PersistentVolumeClaim, account: VolumeAccount) -> Ints:
    scarce = np.where(account.provisioners.enough(claim), 0, NOT_ENOUGH_SPACE)
    return np.where(account.provisioners.allowed(claim), scarce, BIND_CONFLICT)


def _add(conflicts: Ints, more: Ints) -> None:
    """Note the conflicts of a further claim where there is none so far."""
    np.copyto(conflicts, more, where=conflicts == 0)
