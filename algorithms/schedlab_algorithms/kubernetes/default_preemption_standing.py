"""The candidates of one kind of pod, kept while only some nodes change."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab.api import PodView
from schedlab.engine import Handle
from schedlab_algorithms.kubernetes.default_preemption_candidates import (
    HARMS,
    NOBODY,
    Candidates,
    least_harm,
)
from schedlab_algorithms.kubernetes.default_preemption_victims import select_victims

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

AT_ONCE = 256
"""Nodes that are looked at together in search of the best one."""

UNSEEN = -1
"""No position of the change log."""


class Standing:
    """Where pods of one signature could be let in, by row.

    Where a node's answer depends on its own pods alone, only nodes whose pods changed are
    looked at again.  For the best candidate a node is looked at only if even the eviction
    of its least important pod alone would be as little harm as the best one found so far.
    """

    def __init__(self, pod: PodView, handle: Handle) -> None:
        self._pod = pod
        self._handle = handle
        self._seen = UNSEEN
        self._lasting = False
        self._open = np.zeros(0, np.bool_)

    def potential(self) -> Ints:
        """Return the nodes that evictions could make fit, ascending."""
        self._refresh()
        return np.flatnonzero(self._potential)

    def candidates(self) -> Candidates:
        """Return all candidates."""
        self._refresh()
        self._look_at(np.flatnonzero(self._unknown))
        return self._known(np.flatnonzero(self._present))

    def best(self) -> Candidates:
        """Return the candidates that no other one outranks."""
        if self._handle.thorough:
            return self._known(self._best_of_all())
        self._refresh()
        best = self._best_known()
        while len(rows := self._as_good_perhaps(best)):
            self._look_at(rows)
            best = self._best_known()
        return self._known(best)

    def _best_of_all(self) -> Ints:
        found = self.candidates()
        return found.rows[least_harm(found.harm, np.arange(len(found)))]

    def _known(self, rows: Ints) -> Candidates:
        return Candidates(rows, self._numbers[rows], self._harm[rows])

    def _best_known(self) -> Ints:
        rows = np.flatnonzero(self._present)
        return rows[least_harm(self._harm, rows)]

    def _as_good_perhaps(self, best: Ints) -> Ints:
        """Return some rows not looked at yet that may be as good as ``best``, none if none may."""
        rows = np.flatnonzero(self._unknown)
        if len(best):
            rows = rows[self._may_equal(rows, self._harm[best[0]])]
        if len(rows) > AT_ONCE:
            promising = np.lexsort((-self._latest[rows], self._lowest[rows]))[:AT_ONCE]
            rows = np.sort(rows[promising])
        return rows

    def _may_equal(self, rows: Ints, harm: Ints) -> Mask:
        """Return where the least possible harm is at most ``harm``, shape (n,)."""
        budgets, highest, _, victims, early = harm.tolist()
        lowest = self._lowest[rows]
        if budgets:
            return np.ones(len(rows), np.bool_)
        if victims > 1:
            return lowest <= highest
        return (lowest < highest) | ((lowest == highest) & (-self._latest[rows] <= early))

    def _refresh(self) -> None:
        handle = self._handle
        if self._seen == handle.position and not handle.nominations:
            return
        by_itself = handle.each_by_itself(self._pod)
        if by_itself and self._lasting:
            self._changed(handle.changed(self._seen))
        else:
            self._start()
        self._seen, self._lasting = handle.position, by_itself

    def _start(self) -> None:
        potential, self._open = self._handle.survey(self._pod)
        nodes = len(self._open)
        self._potential = np.zeros(nodes, np.bool_)
        self._unknown = np.zeros(nodes, np.bool_)
        self._present = np.zeros(nodes, np.bool_)
        self._numbers = np.full((nodes, 0), NOBODY)
        self._harm = np.zeros((nodes, HARMS), np.int64, order="F")
        self._lowest = np.zeros(nodes, np.int64)
        self._latest = np.zeros(nodes, np.int64)
        self._put_off(potential)

    def _changed(self, rows: Ints) -> None:
        rows = rows[self._open[rows]]
        self._potential[rows] = self._unknown[rows] = self._present[rows] = False
        self._put_off(rows[self._handle.still_potential(self._pod, rows)])

    def _put_off(self, potential: Ints) -> None:
        """Note potential nodes to look at later, with the least harm that they may do."""
        running = self._handle.running
        last = running.least_important(potential)
        self._potential[potential] = True
        self._lowest[potential] = running.priority(last)
        self._latest[potential] = running.start(last)
        lower = self._lowest[potential] < self._pod.spec.priority
        self._unknown[potential] = (last != NOBODY) & lower

    def _look_at(self, rows: Ints) -> None:
        found = select_victims(self._pod, self._handle, rows)
        missing = found.numbers.shape[1] - self._numbers.shape[1]
        if missing > 0:
            more = np.full((len(self._numbers), missing), NOBODY)
            self._numbers = np.hstack([self._numbers, more])
        self._unknown[rows] = False
        self._present[found.rows] = True
        self._numbers[found.rows] = NOBODY
        self._numbers[found.rows, : found.numbers.shape[1]] = found.numbers
        self._harm[found.rows] = found.harm
