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

STALE = -1
"""Nothing of what is known can be relied on."""


class Standing:
    """Where pods of one signature could be let in, by row.

    Where a node's answer depends on its own pods alone, only nodes whose pods changed are
    looked at again.
    """

    def __init__(self, pod: PodView, handle: Handle) -> None:
        self._pod = pod
        self._handle = handle
        self._seen = STALE
        self._open = np.zeros(0, np.bool_)
        self._potential = np.zeros(0, np.bool_)
        self._present = np.zeros(0, np.bool_)
        self._numbers = np.zeros((0, 0), np.int64)
        self._harm = np.zeros((0, 0), np.int64, order="F")

    def potential(self) -> Ints:
        """Return the nodes that evictions could make fit, ascending."""
        self._refresh()
        return np.flatnonzero(self._potential)

    def candidates(self) -> Candidates:
        """Return all candidates."""
        self._refresh()
        rows = np.flatnonzero(self._present)
        return Candidates(rows, self._numbers[rows], self._harm[rows])

    def best(self) -> Candidates:
        """Return the candidates that no other one outranks."""
        self._refresh()
        rows = np.flatnonzero(self._present)
        rows = rows[least_harm(self._harm, rows)]
        return Candidates(rows, self._numbers[rows], self._harm[rows])

    def _refresh(self) -> None:
        handle = self._handle
        if self._seen == handle.position and not handle.nominations:
            return
        if not handle.each_by_itself(self._pod):
            self._look_at_all(handle.potential(self._pod))
            self._seen = STALE
        elif self._seen == STALE:
            potential, self._open = handle.survey(self._pod)
            self._look_at_all(potential)
            self._seen = handle.position
        else:
            self._look_again(handle.changed(self._seen))
            self._seen = handle.position

    def _look_at_all(self, potential: Ints) -> None:
        nodes = self._handle.nodes
        self._potential = np.zeros(nodes, np.bool_)
        self._present = np.zeros(nodes, np.bool_)
        self._numbers = np.full((nodes, 0), NOBODY)
        self._harm = np.zeros((nodes, HARMS), np.int64, order="F")
        self._put(potential)

    def _look_again(self, rows: Ints) -> None:
        rows = rows[self._open[rows]]
        self._potential[rows] = self._present[rows] = False
        self._put(rows[self._handle.still_potential(self._pod, rows)])

    def _put(self, potential: Ints) -> None:
        found = select_victims(self._pod, self._handle, potential)
        missing = found.numbers.shape[1] - self._numbers.shape[1]
        if missing > 0:
            more = np.full((len(self._numbers), missing), NOBODY)
            self._numbers = np.hstack([self._numbers, more])
        self._potential[potential] = True
        self._present[found.rows] = True
        self._numbers[found.rows] = NOBODY
        self._numbers[found.rows, : found.numbers.shape[1]] = found.numbers
        self._harm[found.rows] = found.harm
