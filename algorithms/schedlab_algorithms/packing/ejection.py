"""Ejection chains: put a waiting pod on a node, and the pods that make room for it elsewhere.

After Glover (1996): much faster than a model where moving a few pods is enough, as these
may go to any node of the cluster and not only to the few of a neighbourhood.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from schedlab_algorithms.packing.arrays import Ints, Mask
from schedlab_algorithms.packing.certificate import Certificate
from schedlab_algorithms.packing.chain import COST_OF_STEP, LOWEST, NO_FURTHER, TRIES, Chain
from schedlab_algorithms.packing.effort import Effort
from schedlab_algorithms.packing.eviction import victims
from schedlab_algorithms.packing.incumbent import Incumbent, Pod
from schedlab_algorithms.packing.objectives import Value
from schedlab_algorithms.packing.work import Work

FEWER_NODES = ("nodes-used", "fragmentation")
"""Objectives to which it is good to empty a node."""


@dataclass
class Ejector:
    """Improves ``incumbent`` by chains of moves of ``unordered`` signatures (bool, shape (S,)).

    Of these any pod may be placed before any other (:attr:`Work.unordered`).  A chain that
    does not make the incumbent better is undone; ``gains`` counts those that do.
    """

    incumbent: Incumbent
    certificate: Certificate
    unordered: Mask
    effort: Effort
    gains: int = 0
    _value: Value = ()

    def __post_init__(self) -> None:
        self._chain = Chain(self.incumbent, self.unordered, self.effort)

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
                self._replace(signature, node)
                self._settle(True)

    def empty_nodes(self, share: float) -> None:
        """Empty nodes in use, the lightest first, within ``share`` deterministic seconds."""
        if not set(FEWER_NODES) & set(self.incumbent.objectives):
            return
        self._value, floor = self.incumbent.value, self.effort.left - share
        for node in self._light().tolist():
            if not self._affords(floor):
                return
            self._settle(self._empty(node))

    def _affords(self, floor: float) -> bool:
        return self.effort.left > floor and not self.effort.exhausted()

    def _waiting(self, tier: int) -> Ints:
        """Return the signatures of waiting pods of a tier, in the order in which to try them.

        First those of which the relaxation places more, the largest first; then the
        others, the smallest first: where not all fit, many small pods count for more.
        """
        problem = self.incumbent.problem
        wanted = self.unordered & self.certificate.hopeful(self.incumbent) & (problem.tier == tier)
        waiting = np.flatnonzero(wanted)
        missing = self.certificate.missing(self.incumbent)[waiting]
        size = problem.dominant_share[waiting]
        return waiting[np.lexsort((np.where(missing, -size, size), ~missing))]

    def _in_excess(self) -> Ints:
        """Return the signatures of which the relaxation places fewer, the largest first."""
        placed, wanted = self.incumbent.placed(), np.rint(self.certificate.fluid.pods)
        excess = np.flatnonzero(self.unordered & (placed > wanted))
        size = self.incumbent.problem.dominant_share[excess]
        return excess[np.argsort(-size, kind="stable")]

    def _light(self) -> Ints:
        """Return the used nodes that hold nothing but unordered pods, the lightest first."""
        counts = self.incumbent.counts
        held = counts.sum(axis=0)
        free_to_go = (held > 0) & (counts[self.unordered].sum(axis=0) == held)
        light = np.flatnonzero(free_to_go & ~self.incumbent.problem.occupied)
        return light[np.argsort(self.incumbent.load[light], kind="stable")]

    def _settle(self, succeeded: bool) -> bool:
        """Keep the chain if it did what it was for and the incumbent is better, or undo it."""
        value = self.incumbent.value if succeeded else self._value
        better = value > self._value
        if better:
            self._value = value
            self._chain.keep()
        else:
            self._chain.drop()
        self.gains += better
        return better

    def _start_chain(self, signature: int) -> bool:
        tier, nowhere = int(self.incumbent.problem.tier[signature]), self._chain.nowhere()
        return self._settle(self._chain.insert(signature, 0, nowhere, tier))

    def _displace_lower(self, signature: int) -> bool:
        """Place a pod in place of as few of lower tiers as possible.

        They may end up waiting, and get their turn later: to look for a chain that leaves
        nobody without a node takes longer.
        """
        choices = self._in_place_of(signature)
        if not choices:
            return False
        _, node, pods = min(choices)
        self._chain.take(pods)
        self._chain.place(signature, node)
        for pod in pods:
            self._chain.insert(pod[0], NO_FURTHER, self._chain.nowhere(), LOWEST)
        return self._settle(True)

    def _in_place_of(self, signature: int) -> list[tuple[int, int, list[Pod]]]:
        """Return how many pods of lower tiers are in the way on a node, the node, and the pods.

        For each node that is tried; for none if the effort ends meanwhile.
        """
        tier, choices = self.incumbent.problem.tier, list[tuple[int, int, list[Pod]]]()
        lower = self.unordered & (tier > tier[signature])
        for node in self._chain.candidates(signature, self._chain.nowhere())[: TRIES[0]]:
            if self.effort.exhausted():
                return []
            self.effort.charge(COST_OF_STEP)
            pods = victims(self.incumbent, lower, signature, node)
            if pods is not None:
                choices.append((len(pods), node, pods))
        return choices

    def _replace(self, signature: int, node: int) -> None:
        """Take a pod off a node and place what then fits of smaller ones of its tier."""
        only = np.arange(len(self.unordered)) == signature
        self._chain.take(self.incumbent.pods_on(node, only)[:1])
        size = self.incumbent.problem.dominant_share
        waiting = self._waiting(int(self.incumbent.problem.tier[signature]))
        for other in waiting[np.argsort(size[waiting], kind="stable")].tolist():
            while self.incumbent.unplaced[other] and size[other] < size[signature]:
                if not self._chain.insert(other, NO_FURTHER, self._chain.nowhere(), LOWEST):
                    break

    def _empty(self, node: int) -> bool:
        """Move all pods of a node to other nodes in use."""
        unused = self.incumbent.slots == self.incumbent.problem.slots
        pods = self.incumbent.pods_on(node, self.unordered)
        self._chain.take(pods)
        closed = unused & ~self.incumbent.problem.occupied
        return self._chain.house(pods, node, NO_FURTHER, closed, LOWEST)


def ejector_of(work: Work) -> Ejector:
    """Return what improves a work by chains."""
    return Ejector(work.incumbent, work.certificate, work.unordered, work.effort)
