"""Decide about a batch so that its gangs come together, or not at all.

A batch has no clock: who waits for others in vain gives back before the first pod that came
after is decided.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Budget, Failure, Placement, PodBatch
from schedlab.core.gangs import Gangs

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

WAITS = Failure("GangScheduling", "not enough pods of its gang could be placed together", 0)
LEANT = Failure("", "scheduling was cancelled, and pods that it may have relied on were left", 0)


class Decider(Protocol):
    """Decides about the pods of a batch, some at a time, on one placement of all."""

    placement: Placement

    def decide(self, pods: Ints) -> Ints:
        """Decide about some pods; return them in the order in which they were decided."""

    def undo(self, order: Ints, stand: int) -> None:
        """Undo the latest decisions, those after the first ``stand`` of ``order``."""

    def put(self, pods: Ints, rows: Ints, devices: Ints) -> None:
        """Put pods on nodes that they fit on."""


class WholeGangs:
    """Has a decider place the pods of a batch, in whole gangs.

    If a gang comes short, what was decided before its first pod stands.  The others are
    decided again, a gang at the turn of its first pod, one of its pods after the other, and
    whole or not at all.  Once the budget is cancelled nobody is decided again: what was
    decided stands, but for pods of gangs that are short, and of others as ``leaning``, which
    may become illegal if others leave (asked once it matters, shape (P,)).
    """

    def __init__(
        self,
        decider: Decider,
        gangs: Gangs,
        pods: PodBatch,
        budget: Budget,
        leaning: Callable[[], Mask],
    ) -> None:
        self._decider = decider
        self._placement = decider.placement
        self._gangs = gangs
        self._pods = pods
        self._budget = budget
        self._leaning = leaning
        self._undone = np.zeros(len(pods), np.bool_)
        self._cut = np.zeros(len(gangs), np.bool_)
        self._tried = np.zeros(len(gangs), np.bool_)
        self._turns: list[Ints] = []
        self._evictions = 0

    def place(self) -> None:
        """Place all pods that there is room for, with a reason for every gang that is left."""
        everybody = np.arange(len(self._pods))
        few = self._gangs.others + self._gangs.count(everybody) < self._gangs.least
        rest = self._decide(everybody[~self._gangs.at(everybody, few)])
        while len(rest):
            waits = self._gangs.at(rest, ~self._tried & (self._cut | ~self._complete()))
            plain = int(waits.argmax()) if waits.any() else len(rest)
            if plain:
                rest = np.concatenate([self._decide(rest[:plain]), rest[plain:]])
            else:
                gang = self._gangs.of_pod[rest[0]]
                self._try(int(gang))
                rest = rest[self._gangs.of_pod[rest] != gang]
        self._finish()

    def _decide(self, pods: Ints) -> Ints:
        """Decide about pods; return those that are to be decided again, as a gang came short."""
        order = self._ask(pods)
        made = _Made(self._placement, order)
        stand = len(order)
        while len(short := self._short(order[:stand])):
            stand = int(short[0])
            self._cut[self._gangs.of_pod[order[stand]]] = True
            self._undo(order, stand)
        self._turns.append(order[:stand])
        if stand < len(order) and self._budget.cancelled():
            self._keep(made, stand)
            return order[:0]
        return order[stand:]

    def _try(self, gang: int) -> None:
        """Place a gang, unless it comes short."""
        self._tried[gang] = True
        evicted = [e.pod for e in self._placement.evictions]
        members = (self._gangs.of_pod == gang) & (self._placement.node < 0)
        members[[pod for pod in evicted if pod >= 0]] = False
        order = self._ask(np.flatnonzero(members))
        if len(self._short(order)):
            self._undo(order, 0)
        self._turns.append(order)

    def _ask(self, pods: Ints) -> Ints:
        """Decide about pods, each of which is charged for all its decisions."""
        if not len(pods):
            return pods
        placement = self._placement
        placement.failure[pods], self._undone[pods] = -1, False
        assert placement.latency_ns is not None
        spent = placement.latency_ns[pods]
        placement.latency_ns[pods] = 0
        order = self._decider.decide(pods)
        placement.latency_ns[pods] += spent
        self._count_others()
        return order

    def _undo(self, order: Ints, stand: int) -> None:
        made = _Made(self._placement, order[stand:])
        self._undone[made.order[made.rows >= 0]] = True
        self._decider.undo(order, stand)
        self._count_others()

    def _count_others(self) -> None:
        """Count again who runs if any were evicted, or are back."""
        if len(self._placement.evictions) != self._evictions:
            self._evictions = len(self._placement.evictions)
            self._gangs.count_others(self._placement.node)

    def _complete(self) -> Mask:
        """Return which gangs have enough pods, shape (G,)."""
        return ~self._lack(np.zeros(0, np.int64))

    def _short(self, order: Ints) -> Ints:
        """Return the positions in ``order`` of pods that have, or made, room for a short gang."""
        takes = self._placement.node[order] >= 0
        if self._placement.evictions:
            takes |= _evicts(self._placement, order)
        return np.flatnonzero(takes & self._gangs.at(order, ~self._complete()))

    def _keep(self, made: _Made, stand: int) -> None:
        """Put back who may be where it was without those who were not put back.

        A pod that leaves takes no room from others.  But pods that lean on others, and all that
        came after evictions, which are undone, may have needed what is gone.
        """
        pods, rows = made.order[stand:], made.rows[stand:]
        stays = (
            (rows >= 0) & ~self._leaning()[pods] & ~made.evicts[stand:].cumsum().astype(np.bool_)
        )
        while (short := stays & self._gangs.at(pods, self._lack(pods[stays]))).any():
            stays &= ~short
        self._decider.put(pods[stays], rows[stays], made.devices[stand:][stays])
        self._turns.append(pods)

    def _lack(self, more: Ints) -> Mask:
        """Return which gangs have not enough pods even with ``more``, shape (G,)."""
        placed = np.flatnonzero(self._placement.node >= 0)
        there = self._gangs.count(placed) + self._gangs.count(more)
        return self._gangs.others + there < self._gangs.least

    def _finish(self) -> None:
        """Say in which order the pods were decided, and why those of gangs are left.

        And why those are that were undone and not decided again: it was cancelled by then.
        """
        placement = self._placement
        left = np.flatnonzero((placement.node < 0) & (placement.failure < 0))
        waits = self._gangs.at(left, self._tried | ~self._complete())
        self._leave(left[waits], WAITS)
        self._leave(left[~waits & self._undone[left]], LEANT)
        placement.sequence = _last_turns(self._turns, len(self._pods))

    def _leave(self, pods: Ints, why: Failure) -> None:
        if len(pods):
            self._placement.failure[pods] = len(self._placement.failures)
            self._placement.failures.append((why,))


class _Made:
    """Decisions as they were made: ``order``, ``rows``, ``devices``, who ``evicts``, (n,) each.

    Who was evicted later has the row that he was placed on.
    """

    def __init__(self, placement: Placement, order: Ints) -> None:
        node, devices = placement.node, placement.devices
        if placement.evictions:
            node, devices = node.copy(), devices.copy()
        for eviction in placement.evictions:
            if eviction.pod >= 0:
                node[eviction.pod], devices[eviction.pod] = eviction.row, eviction.devices
        self.order = order
        self.rows = node[order].astype(np.int64)
        self.devices = devices[order]
        self.evicts = _evicts(placement, order)


def _evicts(placement: Placement, pods: Ints) -> Mask:
    """Return which pods others were evicted for, shape (n,)."""
    return np.isin(pods, [e.by for e in placement.evictions])


def _last_turns(turns: Sequence[Ints], pods: int) -> Ints:
    """Return all pods in the order of their last turns, those that had none at the end."""
    backwards = np.concatenate([np.zeros(0, np.int64), *turns])[::-1]
    decided, first = np.unique(backwards, return_index=True)
    never = np.setdiff1d(np.arange(pods), decided)
    return np.concatenate([backwards[np.sort(first)][::-1], never])
