"""Which volumes pods take as they are placed, by replaying the change log.

A pod's waiting claims are served where it is placed: smallest claim first, each by the
smallest volume within reach that will do, else by one that is to be provisioned there.
Taking the pod away later frees nothing; a placement that was undone took nothing (Unreserve).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schedlab.api import NodeView
from schedlab.model.objects import NAME_FIELD
from schedlab.model.storage import ClaimKey, PersistentVolumeClaim
from schedlab_algorithms.kubernetes.volume_binding_claims import PodClaims
from schedlab_algorithms.kubernetes.volume_binding_provision import Provisioners
from schedlab_algorithms.kubernetes.volume_binding_volumes import VolumeColumns

Ints = NDArray[np.int64]
Claims = tuple[PersistentVolumeClaim, ...]
Stretches = tuple[tuple[int, int], ...]

NOWHERE = -1
"""The row of a node that is not in the cluster."""


class VolumeAccount:
    """Volumes and claims as the placements of the run leave them."""

    @classmethod
    def of(cls, nodes: NodeView) -> VolumeAccount:
        """Return the one account of the cluster, brought up to date."""
        account = nodes.shared("volume account", lambda: cls(nodes.whole))
        account.follow(nodes)
        return account

    def __init__(self, nodes: NodeView) -> None:
        self.columns = VolumeColumns(nodes)
        self.provisioners = Provisioners(nodes)
        self._size = len(nodes)
        self._names = nodes.label(NAME_FIELD)
        self._storage = nodes.storage
        self._undone: Stretches = ()
        self._free = self.columns.free.copy()
        self._given: dict[ClaimKey, set[int]] = {}
        self._selected: dict[ClaimKey, int] = {}
        self._served: list[_Served] = []
        self._seen = 0

    def no_conflicts(self) -> Ints:
        """Return zeros, shape (N,)."""
        return np.zeros(self._size, np.int64)

    def follow(self, nodes: NodeView) -> None:
        """Serve the claims of the pods that were placed since the last time."""
        if nodes.undone != self._undone:
            self._go_back(_first_difference(self._undone, nodes.undone))
            self._undone = nodes.undone
        rows, specs, signs = nodes.changes(self._seen)
        changes = zip(rows.tolist(), specs, signs.tolist(), strict=True)
        first, self._seen = self._seen, self._seen + len(rows)
        late = _after(self._undone, first)
        for at, (row, spec, sign) in enumerate(changes, start=first):
            if sign > 0 and spec.volumes and not any(a <= at < end for a, end in late):
                self._serve(PodClaims.of(spec, self._storage).waiting, row, at)

    def _go_back(self, since: int) -> None:
        """Take back what came of changes after the first ``since``: those seen cancel out."""
        while self._served and self._served[-1][0] >= since:
            served = self._served.pop()
            if served.volume is None:
                del self._selected[served.claim]
            else:
                self._free[served.volume] = served.free
                self._given[served.claim].remove(served.volume)

    def selected_row(self, claim: PersistentVolumeClaim) -> int | None:
        """Return the node for which the claim's volume is being provisioned, None if for none."""
        row = self._selected.get(claim.key)
        if row is None and claim.selected_node is not None:
            return self._names.code_of.get(claim.selected_node, NOWHERE)
        return row

    def to_match(self, waiting: Claims) -> Claims:
        """Return the claims for which a volume is looked for, the smallest first."""
        unselected = (c for c in waiting if self.selected_row(c) is None)
        return tuple(sorted(unselected, key=lambda c: c.size))

    def matches(self, claims: Claims) -> list[Ints]:
        """Return the volume that each claim would get on each node, shape (N,) each.

        ``claims`` are in the order of :meth:`to_match`; the number of volumes stands for none.
        """
        taken: list[Ints] = []
        for claim in claims:
            promised = self._promised(claim)
            if promised is None:
                candidates = self._free & self.columns.suitable(claim)
                taken.append(self.columns.reach.smallest(candidates, taken))
            else:
                reached = self.columns.reach.mask(promised)
                taken.append(np.where(reached, promised, len(self.columns)))
        return taken

    def matches_at(self, claims: Claims, row: int) -> list[int | None]:
        """Return the volume that each claim would get on one node, None for none."""
        groups = np.zeros(len(self.columns.reach.rows), np.bool_)
        groups[self.columns.reach.groups_at(row)] = True
        reached = groups[self.columns.reach.group]
        taken: list[int | None] = []
        for claim in claims:
            promised = self._promised(claim)
            if promised is None:
                found = np.flatnonzero(self._free & reached & self.columns.suitable(claim))
                taken.append(next((i for i in found.tolist() if i not in taken), None))
            else:
                taken.append(promised if reached[promised] else None)
        return taken

    def _promised(self, claim: PersistentVolumeClaim) -> int | None:
        return self.columns.promised_to(claim, self._given.get(claim.key, ()))

    def _serve(self, waiting: Claims, row: int, at: int) -> None:
        """Serve claims as the pod's placement, the change ``at`` of the log, comes to be."""
        claims = self.to_match(waiting)
        for claim, volume in zip(claims, self.matches_at(claims, row), strict=True):
            if volume is not None:
                self._give(claim.key, volume, at)
            elif self.provisioners.provides(claim)[row]:
                self._selected[claim.key] = row
                self._served.append(_Served(at, claim.key))

    def _give(self, claim: ClaimKey, volume: int, at: int) -> None:
        given = self._given.setdefault(claim, set())
        if volume not in given:
            self._served.append(_Served(at, claim, volume, bool(self._free[volume])))
            self._free[volume] = False
            given.add(volume)


class _Served(NamedTuple):
    """What the change ``at`` of the log did to a claim.

    It was given a ``volume``, which was or was not ``free`` before; without one, a node was
    selected for it.
    """

    at: int
    claim: ClaimKey
    volume: int | None = None
    free: bool = False


def _first_difference(known: Stretches, now: Stretches) -> int:
    """Return the first change that one of the two takes in and the other, as it were, not."""
    alike = next((i for i, (a, b) in enumerate(zip(known, now, strict=False)) if a != b), None)
    if alike is None:
        alike = min(len(known), len(now))
    return min(since for since, _ in known[alike:] + now[alike:])


def _after(undone: Stretches, first: int) -> Stretches:
    """Return the stretches, which are in order, that end after the change ``first``."""
    at = len(undone)
    while at and undone[at - 1][1] > first:
        at -= 1
    return undone[at:]
