"""One chain of moves: a pod takes a place, those in its way take others, or all is undone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from schedlab_algorithms.packing.arrays import Mask
from schedlab_algorithms.packing.effort import Effort
from schedlab_algorithms.packing.eviction import victims
from schedlab_algorithms.packing.incumbent import Incumbent, Pod
from schedlab_algorithms.packing.room import fits, nearness, spare, tightest_devices

TRIES = (50, 3)
"""How many nodes are tried for a waiting pod, and for each pod that it ejects."""

NO_FURTHER = len(TRIES)
"""The depth at which a pod ejects no others: it takes a node with room or none."""

LOWEST = np.iinfo(np.int64).max
"""No tier is lower: all pods must find a node."""

COST_OF_STEP = 1e-4
"""Deterministic seconds charged whenever a pod looks for a node or displaces others."""


@dataclass
class Chain:
    """Moves of pods of ``unordered`` signatures (bool, shape (S,)) that led one to the next.

    What follows speaks of ``depth``, how many ejections led to a pod; of nodes that are
    ``closed`` (bool, shape (N,)), to which nobody goes; and of a ``tier``: pods of lower ones
    may be left without a node.
    """

    incumbent: Incumbent
    unordered: Mask
    effort: Effort
    _changes: list[tuple[Pod, int]] = field(default_factory=list)

    def insert(self, signature: int, depth: int, closed: Mask, tier: int) -> bool:
        """Place a pod on a node, ejecting others where it must be, or change nothing."""
        self.effort.charge(COST_OF_STEP)
        open_nodes = np.flatnonzero(fits(self.incumbent, signature) & ~closed)
        if len(open_nodes):
            best = open_nodes[spare(self.incumbent, signature)[open_nodes].argmin()]
            self.place(signature, int(best))
            return True
        return depth < NO_FURTHER and any(
            self._displace(signature, node, depth, closed, tier)
            for node in self.candidates(signature, closed)[: TRIES[depth]]
        )

    def candidates(self, signature: int, closed: Mask) -> list[int]:
        """Return the nodes that are not closed, those first where most of a pod fits."""
        near = np.where(closed, 0.0, nearness(self.incumbent, signature))
        order = np.argsort(-near, kind="stable")
        return order[near[order] > 0].tolist()

    def _displace(self, signature: int, node: int, depth: int, closed: Mask, tier: int) -> bool:
        """Place a pod on a node and what is in its way elsewhere, or change nothing."""
        if self.effort.exhausted():
            return False
        self.effort.charge(COST_OF_STEP)
        pods = victims(self.incumbent, self.unordered, signature, node)
        if pods is None:
            return False
        mark = len(self._changes)
        self.take(pods)
        self.place(signature, node)
        if self.house(pods, node, depth + 1, closed, tier):
            return True
        self._undo(mark)
        return False

    def house(self, pods: Sequence[Pod], node: int, depth: int, closed: Mask, tier: int) -> bool:
        """Place pods on nodes that are neither closed nor ``node``, or tell that one has none."""
        closed = closed.copy()
        closed[node] = True
        tiers = self.incumbent.problem.tier
        return all(self.insert(s, depth, closed, tier) or tiers[s] > tier for s, _, _ in pods)

    def place(self, signature: int, node: int) -> None:
        """Place a pod on a node that has room for it."""
        mask = tightest_devices(self.incumbent, signature, node)
        self._change((signature, node, mask), 1)

    def take(self, pods: Iterable[Pod]) -> None:
        """Take pods off their nodes."""
        for pod in pods:
            self._change(pod, -1)

    def nowhere(self) -> Mask:
        """Return no node, shape (N,)."""
        return np.zeros(len(self.incumbent.slots), np.bool_)

    def keep(self) -> None:
        """Begin a new chain from here."""
        self._changes.clear()

    def drop(self) -> None:
        """Undo all that was done since the chain began."""
        self._undo(0)

    def _change(self, pod: Pod, sign: int) -> None:
        self.incumbent.change(pod, sign)
        self._changes.append((pod, sign))

    def _undo(self, mark: int) -> None:
        while len(self._changes) > mark:
            pod, sign = self._changes.pop()
            self.incumbent.change(pod, -sign)
