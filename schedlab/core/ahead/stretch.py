"""A stretch of unequal pods: where one-by-one placing takes them, told in a few questions.

Each pod has a node of its own: the best of those that no pod before it has as its own.  It
takes that, or would rather share the own node of a pod before it, as that node is by then.
Nothing has changed on any other node, and none is better than the pod's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster
from schedlab.core.ahead.chains import INFEASIBLE
from schedlab.core.ahead.hypothetical import only_local_answers
from schedlab.core.ahead.paired import ask_pairs
from schedlab.core.ahead.pairs import LadenView, after_one_more
from schedlab.core.narrow import Totals, widened
from schedlab.core.signature_state import SignatureState
from schedlab.core.views import NodeView

Ints = NDArray[np.int64]

MOST_SHARED = 8
"""So many pods may share nodes before it matters how many do not."""


class Stretch:
    """Pods in order, given by their up-to-date states, that the same NODE plugins look at."""

    def __init__(self, cluster: Cluster, states: Sequence[SignatureState]) -> None:
        self._cluster = cluster
        self._states = states
        self._own = np.empty(len(states), np.int64)
        self._values = np.empty(len(states), np.int64)
        self._hidden: list[Totals] = []
        self._taken = 0
        self._signatures = np.array([state.pod.signature for state in states], np.int64)
        self.asked = 0
        self.shared = 0

    def decide(self) -> Ints:
        """Return the rows of the first pods: up to one for which no node is left of its own."""
        count = self._find_own()
        if count < 2:
            self._taken = count
            return self._own[:count]
        laden = self._totals_on_laden(count)
        later, earlier = _pairs(count)
        prefers = _better(
            laden[later, earlier], self._own[earlier], self._values[later], self._own[later]
        )
        first = int(prefers.argmax())
        if prefers[first]:
            return self._follow(int(later[first]), count, laden)
        self._taken = count
        return self._own[:count]

    def restore(self) -> None:
        """Give the states back what was hidden of them, but where the log tells of a new pod."""
        for i in reversed(range(self._taken, len(self._hidden))):
            self._states[i].set(self._own[:i], self._hidden[i])

    def _find_own(self) -> int:
        """Find the pods' own nodes, hiding them from the pods after; return how many have one."""
        for i, state in enumerate(self._states):
            before = self._own[:i]
            self._hidden.append(state.base[before])
            state.set(before, state.lowest)
            row = self._own[i] = state.highest()
            value = self._values[i] = state.base.item(row)
            if value == state.lowest:
                return i
        return len(self._states)

    def _totals_on_laden(self, count: int) -> Ints:
        """Return what each pod totals on the own nodes of pods before it with these on them.

        Shape (count, count), by pod and then by pod before.
        """
        later, earlier = _pairs(count)
        rows = self._own[earlier]
        nodes = after_one_more(self._cluster, rows, self._signatures[earlier])
        totals = np.full((count, count), INFEASIBLE)
        totals[later, earlier] = self._totals(later, rows, nodes)
        return totals

    def _totals(self, pods: Ints, rows: Ints, nodes: NodeView) -> Ints:
        """Return totals of pods, in ascending order, beside nodes that stand for rows."""
        with only_local_answers(self._cluster):
            totals, rejected = ask_pairs(self._cluster, self._states, pods, rows, nodes)
        self.asked += len(rows)
        totals[rejected] = INFEASIBLE
        return totals

    def _follow(self, first: int, count: int, laden: Ints) -> Ints:
        """Return the rows of the pods, of which those before ``first`` take their own.

        It ends where half of them share nodes: one by one is then as quick.

        ``totals`` are what each pod totals on the own nodes of those before it by its turn,
        ``load`` what these nodes have got.
        """
        own, rows, totals = self._own, self._own[:count].copy(), laden.copy()
        bare = self._totals_on_bare(count)
        load = self._cluster.delta(self._signatures[:count])
        load[first:] = 0
        for pod in range(first, count):
            at = self._rather(pod, totals[pod, :pod])
            load[at] += self._cluster.delta(int(self._signatures[pod]))
            if at == pod:
                continue
            rows[pod] = own[at]
            self.shared += 1
            if self.shared > MOST_SHARED and 2 * self.shared > pod - first:
                return rows[: pod + 1]
            totals[pod + 1 :, pod] = bare[pod + 1 :, pod]
            totals[pod + 1 :, at] = self._totals_on(int(own[at]), load[at], pod + 1, count)
        return rows

    def _rather(self, pod: int, totals: Ints) -> int:
        """Return the pod whose own node one takes: its own, or one before it, by their totals."""
        where = np.flatnonzero(totals == totals.max())
        at = int(where[self._own[where].argmin()])
        shared = totals[at], self._own[at]
        return at if _better(*shared, self._values[pod], self._own[pod]) else pod

    def _totals_on(self, row: int, load: Ints, first: int, end: int) -> Ints:
        """Return what the pods from ``first`` on total on one row with some load on it."""
        pods = np.arange(first, end)
        rows = np.full(len(pods), row)
        return self._totals(pods, rows, LadenView(self._cluster, rows, load))

    def _totals_on_bare(self, count: int) -> Ints:
        """Return the totals that were hidden, shape (count, count), by pod and pod before."""
        totals = np.full((count, count), INFEASIBLE)
        latest: dict[int, int] = {}
        for i in range(count):
            totals[i, :i] = widened(self._hidden[i])
            # What is hidden from a pod was hidden from an equal one before it, in part.
            known = latest.get(int(self._signatures[i]), 0)
            totals[i, :known] = totals[known, :known]
            latest[int(self._signatures[i])] = i
        return totals


@cache
def _pairs(count: int) -> tuple[Ints, Ints]:
    """Return every pair of a later and an earlier one of so many, in order of the later."""
    later, earlier = np.tril_indices(count, -1)
    return later, earlier


def _better(total: Ints, row: Ints, than: Ints, its_row: Ints) -> NDArray[np.bool_]:
    """Return where a total on a row comes before another one: if higher, or on a lower row."""
    better: NDArray[np.bool_] = (total > than) | ((total == than) & (row < its_row))
    return better
