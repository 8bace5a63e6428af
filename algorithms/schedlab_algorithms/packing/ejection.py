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
from schedlab_algorithms.packing.objectives import Value
from schedlab_algorithms.packing.room import fits, nearness, spare, tightest_devices

TRIES = (50, 3)
"""How many nodes are tried for a waiting pod, and for each pod that it ejects."""

FEWER_NODES = ("nodes-used", "fragmentation")
"""Objectives to which it is good to empty a node."""

LOWEST = np.iinfo(np.int64).max
"""No tier is lower: all pods must find a node."""

COST_OF_STEP = 1e-4
"""Deterministic seconds charged whenever a pod looks for a node or displaces others."""


@dataclass
class Ejector:
    """Improves ``incumbent`` by chains of moves of ``loose`` signatures (bool, shape (S,)).

    A loose pod states no spread constraint or affinity, and none counts it.  A chain that does
    not make the incumbent better is undone.
    """

    incumbent: Incumbent
    certificate: Certificate
    loose: Mask
    effort: Effort
    gains: int = 0
    _chain: list[tuple[Pod, int]] = field(default_factory=list)
    _value: Value = ()

    def insert_waiting(self, share: float) -> None:
        """Place waiting pods, the highest tier first.

        Spends at most ``share`` deterministic seconds.
        """
        self._value, floor = self.incumbent.value, self.effort.left - share
        for tier in range(self.incumbent.problem.tiers):
            for signature in self._waiting(tier).tolist():
                while self.incumbent.unplaced[signature] and self._affords(floor):
                    if not (self._displace_lower(signature) or self._start_chain(signature)):
                        break

    def trade(self, share: float) -> None:
        """Take large pods off their nodes where several smaller ones can be placed instead.

        Only pods of which the relaxation places fewer, within ``share`` deterministic seconds.
        """
        self._value, floor = self.incumbent.value, self.effort.left - share
        for signature in self._in_excess().tolist():
            for node in np.flatnonzero(self.incumbent.counts[signature]).tolist():
                if not self._affords(floor):
                    return
                self._keep(self._replace(signature, node))

    def empty_nodes(self, share: float) -> None:
        """Empty nodes in use, the lightest first, within ``share`` deterministic seconds."""
        if not set(FEWER_NODES) & set(self.incumbent.objectives):
            return
        self._value, floor = self.incumbent.value, self.effort.left - share
        for node in self._light().tolist():
            if not self._affords(floor):
                return
            self._keep(self._empty(node))

    def _affords(self, floor: float) -> bool:
        return self.effort.left > floor and not self.effort.exhausted()

    def _waiting(self, tier: int) -> Ints:
        """Return the signatures of waiting pods of a tier, in the order in which to try them.

        First those of which the relaxation places more, the largest first; then the
        others, the smallest first: where not all fit, many small pods count for more.
        """
        problem = self.incumbent.problem
        wanted = self.loose & self.certificate.hopeful(self.incumbent) & (problem.tier == tier)
        waiting = np.flatnonzero(wanted)
        missing = self.certificate.missing(self.incumbent)[waiting]
        size = problem.dominant_share[waiting]
        return waiting[np.lexsort((np.where(missing, -size, size), ~missing))]

    def _in_excess(self) -> Ints:
        """Return the loose signatures of which the relaxation places fewer, the largest first."""
        placed, wanted = self.incumbent.placed(), np.rint(self.certificate.fluid.pods)
        excess = np.flatnonzero(self.loose & (placed > wanted))
        size = self.incumbent.problem.dominant_share[excess]
        return excess[np.argsort(-size, kind="stable")]

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
        """Keep the chain if it did what it was for and the incumbent is better, or undo it."""
        value = self.incumbent.value if succeeded else self._value
        better = value > self._value
        if better:
            self._value = value
        else:
            self._undo(0)
        self._chain.clear()
        self.gains += better
        return better

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
            if self.effort.exhausted():
                return False
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

    def _replace(self, signature: int, node: int) -> bool:
        """Take a pod off a node and place what then fits of smaller ones of its tier."""
        only = np.arange(len(self.loose)) == signature
        self._change(self.incumbent.pods_on(node, only)[0], -1)
        size = self.incumbent.problem.dominant_share
        waiting = self._waiting(int(self.incumbent.problem.tier[signature]))
        for other in waiting[np.argsort(size[waiting], kind="stable")].tolist():
            while self.incumbent.unplaced[other] and size[other] < size[signature]:
                if not self._insert(other, len(TRIES), self._nowhere(), LOWEST):
                    break
        return True

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
        if self.effort.exhausted():
            return False
        self.effort.charge(COST_OF_STEP)
        pods = victims(self.incumbent, self.loose, signature, node)
        if pods is None:
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
