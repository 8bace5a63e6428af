"""Ejection chains: put a waiting pod on a node, and the pods that make room for it elsewhere.

After Glover (1996): much faster than a model where moving a few pods is enough, as these
may go to any node of the cluster and not only to the few of a neighbourhood.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from schedlab_algorithms.packing.arrays import Ints, Mask
from schedlab_algorithms.packing.certificate import Certificate
from schedlab_algorithms.packing.effort import Effort
from schedlab_algorithms.packing.eviction import victims
from schedlab_algorithms.packing.incumbent import Incumbent, Pod
from schedlab_algorithms.packing.room import fits, nearness, spare, tightest_devices

TRIES = (200, 3)
"""How many nodes are tried for a waiting pod, and for each pod that it ejects."""

LOWEST = np.iinfo(np.int64).max
"""No tier is lower: all pods must find a node."""

COST_OF_STEP = 2e-4
"""Deterministic seconds charged whenever a pod looks for a node or displaces others."""


@dataclass
class Ejector:
    """Improves ``incumbent`` by chains of moves of ``loose`` signatures (bool, shape (S,)).

    A loose pod states no spread constraint and none counts it.  Every chain that is kept
    places one pod more, or uses one node less, and leaves all others placed but for pods of
    lower tiers.
    """

    incumbent: Incumbent
    certificate: Certificate
    loose: Mask
    effort: Effort
    gains: int = 0
    _chain: list[tuple[Pod, int]] = field(default_factory=list)

    def insert_waiting(self, share: float) -> None:
        """Place waiting pods, the highest tier and there the largest first.

        Spends at most ``share`` deterministic seconds.
        """
        floor = self.effort.left - share
        for tier in range(self.incumbent.problem.tiers):
            for signature in self._waiting(tier).tolist():
                while self.incumbent.unplaced[signature] and self._affords(floor):
                    if not (self._displace_lower(signature) or self._start_chain(signature)):
                        break

    def empty_nodes(self, share: float) -> None:
        """Empty nodes in use, the lightest first, within ``share`` deterministic seconds."""
        floor = self.effort.left - share
        for node in self._light().tolist():
            if self._affords(floor):
                self._keep(self._empty(node))

    def _affords(self, floor: float) -> bool:
        return self.effort.left > floor and not self.effort.exhausted()

    def _waiting(self, tier: int) -> Ints:
        """Return the signatures of waiting pods of a tier, the largest first."""
        problem = self.incumbent.problem
        wanted = self.loose & self.certificate.hopeful(self.incumbent) & (problem.tier == tier)
        waiting = np.flatnonzero(wanted)
        return waiting[np.argsort(-problem.dominant_share[waiting], kind="stable")]

    def _light(self) -> Ints:
        """Return the used nodes that hold nothing but loose pods, the lightest first."""
        counts = self.incumbent.counts
        held = counts.sum(axis=0)
        loose = (held > 0) & (counts[self.loose].sum(axis=0) == held)
        light = np.flatnonzero(loose & ~self.incumbent.problem.occupied)
        return light[np.argsort(self.incumbent.load[light], kind="stable")]

    def _nowhere(self) -> Mask:
        return np.zeros(len(self.incumbent.slots), np.bool_)

    def _keep(self, succeeded: bool) -> bool:
        if not succeeded:
            self._undo(0)
        self._chain.clear()
        self.gains += succeeded
        return succeeded

    def _start_chain(self, signature: int) -> bool:
        tier = int(self.incumbent.problem.tier[signature])
        return self._keep(self._insert(signature, 0, self._nowhere(), tier))

    def _displace_lower(self, signature: int) -> bool:
        """Place a pod in place of as few of lower tiers as possible.

        They may end up waiting, and get their turn later: to look for a chain that leaves
        nobody without a node takes longer.
        """
        problem, choices = self.incumbent.problem, list[tuple[int, int, list[Pod]]]()
        lower = self.loose & (problem.tier > problem.tier[signature])
        for node in self._candidates(signature, self._nowhere())[: TRIES[0]]:
            self.effort.charge(COST_OF_STEP)
            pods = victims(self.incumbent, lower, signature, node)
            if pods is not None:
                choices.append((len(pods), node, pods))
        if not choices:
            return False
        _, node, pods = min(choices)
        for pod in pods:
            self._change(pod, -1)
        self._place(signature, node)
        for pod in pods:
            self._insert(pod[0], len(TRIES), self._nowhere(), LOWEST)
        return self._keep(True)

    def _empty(self, node: int) -> bool:
        """Move all pods of a node to other nodes in use."""
        unused = self.incumbent.slots == self.incumbent.problem.slots
        pods = self.incumbent.pods_on(node, self.loose)
        for pod in pods:
            self._change(pod, -1)
        closed = unused & ~self.incumbent.problem.occupied
        return self._house(pods, node, len(TRIES), closed, LOWEST)

    def _insert(self, signature: int, depth: int, closed: Mask, tier: int) -> bool:
        """Place a pod on a node that is not closed, ejecting others where it must be.

        Pods of tiers lower than ``tier`` may be left without a node.
        """
        self.effort.charge(COST_OF_STEP)
        open_nodes = np.flatnonzero(fits(self.incumbent, signature) & ~closed)
        if len(open_nodes):
            best = open_nodes[spare(self.incumbent, signature)[open_nodes].argmin()]
            self._place(signature, int(best))
            return True
        return depth < len(TRIES) and any(
            self._displace(signature, node, depth, closed, tier)
            for node in self._candidates(signature, closed)[: TRIES[depth]]
        )

    def _candidates(self, signature: int, closed: Mask) -> list[int]:
        """Return the nodes that are not closed, those first where most of a pod fits."""
        near = np.where(closed, 0.0, nearness(self.incumbent, signature))
        order = np.argsort(-near, kind="stable")
        return order[near[order] > 0].tolist()

    def _displace(self, signature: int, node: int, depth: int, closed: Mask, tier: int) -> bool:
        """Place a pod on a node and what is in its way elsewhere, or change nothing."""
        self.effort.charge(COST_OF_STEP)
        pods = victims(self.incumbent, self.loose, signature, node)
        if pods is None or self.effort.exhausted():
            return False
        mark = len(self._chain)
        for pod in pods:
            self._change(pod, -1)
        self._place(signature, node)
        if self._house(pods, node, depth + 1, closed, tier):
            return True
        self._undo(mark)
        return False

    def _house(self, pods: Sequence[Pod], node: int, depth: int, closed: Mask, tier: int) -> bool:
        """Place pods on nodes that are neither closed nor ``node``, or tell that one has none."""
        closed = closed.copy()
        closed[node] = True
        tiers = self.incumbent.problem.tier
        return all(self._insert(s, depth, closed, tier) or tiers[s] > tier for s, _, _ in pods)

    def _place(self, signature: int, node: int) -> None:
        mask = tightest_devices(self.incumbent, signature, node)
        self._change((signature, node, mask), 1)

    def _change(self, pod: Pod, sign: int) -> None:
        self.incumbent.change(pod, sign)
        self._chain.append((pod, sign))

    def _undo(self, mark: int) -> None:
        while len(self._chain) > mark:
            pod, sign = self._chain.pop()
            self.incumbent.change(pod, -sign)
