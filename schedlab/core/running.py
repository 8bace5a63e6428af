"""Which pods are on which node: the change log, folded pod by pod.

A pod's *number* is the position in the log of its placement; the log's rows and signatures
are the table's columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from schedlab.model.objects import NOT_STARTED

if TYPE_CHECKING:
    from schedlab.core.cluster import Cluster

Ints = NDArray[np.int64]

NOBODY = -1
"""The number in a slot that holds no pod."""

NO_PRIORITY = int(np.iinfo(np.int64).max)
"""Above all priorities."""

BULK = 256
"""Changes from which on the table is built anew rather than pod by pod."""


class RunningPods:
    """The pods on every node, in the order in which kube-scheduler's NodeInfo keeps them.

    That order breaks ties between pods of equal priority and start: a new pod is appended,
    and the last one takes the place of one that leaves (framework/types.go, removeFromSlice).
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._seen = 0
        self._slots = np.full((len(cluster), 4), NOBODY, np.int64)
        self._count = np.zeros(len(cluster), np.int64)
        self._ranked = self._slots.copy()
        self._stale: set[int] = set()
        self._priorities = np.zeros(0, np.int64)
        self._alive = np.zeros(0, np.int64)
        self._counted = 0
        self._devices = np.zeros(0, np.int64)
        self._with_devices = 0
        self._lowest = NO_PRIORITY
        self._before: list[tuple[int, int, Ints]] | None = None
        stated = cluster.bound_start[cluster.bound_start < NOT_STARTED]
        self._first_start = int(stated.max(initial=0)) + 1

    # -- what is known of a pod ------------------------------------------------------

    def signature(self, numbers: Ints) -> NDArray[np.int32]:
        """Return the pods' signatures (any for NOBODY)."""
        return self._cluster.log.signatures(0)[numbers]

    def priority(self, numbers: Ints) -> Ints:
        """Return the pods' priorities (any for NOBODY)."""
        return self.priorities()[self.signature(numbers)]

    def priorities(self) -> Ints:
        """Return the priority of every signature."""
        specs = self._cluster.specs
        if len(self._priorities) < len(specs):
            fresh = [s.priority for s in specs[len(self._priorities) :]]
            self._priorities = np.append(self._priorities, np.array(fresh, np.int64))
        return self._priorities

    def start(self, numbers: Ints) -> Ints:
        """Return when the pods started, in seconds since 1970.

        Pods that were placed here start after all that ran before, in order; one that
        nobody knows the start of starts at this moment (util.GetPodStartTime).
        """
        stated = self._cluster.bound_start
        if not len(stated):
            return numbers
        bound = numbers < len(stated)
        return np.where(bound, stated.take(numbers, mode="clip"), numbers + self._first_start)

    def row(self, number: int) -> int:
        """Return the node that the pod is, or was, on."""
        return int(self._cluster.log.rows(0)[number])

    def devices(self, numbers: Ints) -> Ints:
        """Return the GPU devices that the pods hold as bit masks (any for NOBODY)."""
        log, known = self._cluster.log, len(self._devices)
        if known < len(log):
            self._devices = np.append(self._devices, np.zeros(len(log) - known, np.int64))
            for number, mask in islice(log.devices.items(), self._with_devices, None):
                self._devices[number] = mask
            self._with_devices = len(log.devices)
        return self._devices[numbers]

    # -- which are where -------------------------------------------------------------

    def on(self, row: int) -> Ints:
        """Return the numbers of the pods on a node, in NodeInfo's order."""
        self.refresh()
        return self._slots[row, : self._count[row]]

    def ranked(self, rows: Ints) -> Ints:
        """Return the pods of each node from the most to the least important, shape (n, K).

        Higher priority is more important, then the earlier start (util.MoreImportantPod),
        then NodeInfo's order.  NOBODY fills up.
        """
        self._rank_again()
        numbers = self._ranked[rows]
        return numbers[:, : int(self._count[rows].max(initial=0))]

    def least_important(self, rows: Ints) -> Ints:
        """Return the last of each node's ranked pods, NOBODY where there is none, shape (n,)."""
        self._rank_again()
        if not self._ranked.shape[1]:
            return np.full(len(rows), NOBODY)
        last = self._count[rows] - 1
        return np.where(last < 0, NOBODY, self._ranked[rows, last])

    def lowest_priority(self) -> int:
        """Return the lowest priority of any running pod, above all priorities if none runs."""
        log, since = self._cluster.log, self._counted
        if since != len(log):
            priorities = self.priorities()
            new = np.zeros(len(priorities) - len(self._alive), np.int64)
            self._alive = np.append(self._alive, new)
            np.add.at(self._alive, log.signatures(since), log.signs(since))
            self._lowest = int(priorities[self._alive > 0].min(initial=NO_PRIORITY))
            self._counted = len(log)
        return self._lowest

    # -- changes ---------------------------------------------------------------------

    def evict(self, number: int) -> None:
        """Remove one pod from the cluster."""
        self.refresh()
        row, signature = self.row(number), int(self._cluster.log.signatures(0)[number])
        self._note(len(self._cluster.log), row)
        self._cluster.remove(signature, row, self._cluster.log.devices.get(number, 0))
        self._drop(row, int((self._slots[row] == number).argmax()))
        self._seen = len(self._cluster.log)

    @contextmanager
    def unaware(self) -> Iterator[None]:
        """Do not look at changes of the cluster that are undone before the block ends."""
        self.refresh()
        yield
        self._seen = len(self._cluster.log)

    @contextmanager
    def remembering(self) -> Iterator[None]:
        """Within the block, remember what was before each change, so that :meth:`unwind` can."""
        self.refresh()
        self._before = []
        try:
            yield
        finally:
            self._before = None

    def unwind(self, since: int) -> None:
        """Be as after the first ``since`` changes: all later ones are undone by others.

        Numbers, and with them starts and NodeInfo's order, are then as if nothing had been.
        """
        assert self._before is not None
        while self._before and self._before[-1][0] >= since:
            _, row, numbers = self._before.pop()
            self._slots[row] = NOBODY
            self._slots[row, : len(numbers)] = numbers
            self._count[row] = len(numbers)
            self._stale.add(row)
        self._seen = len(self._cluster.log)

    def _note(self, change: int, row: int) -> None:
        """Remember, if asked to, who is on a row before a change of it."""
        if self._before is not None:
            self._before.append((change, row, self._slots[row, : self._count[row]].copy()))

    def refresh(self) -> None:
        """Take in what the log holds that is new."""
        log, since = self._cluster.log, self._seen
        if since == len(log):
            return
        self._seen = len(log)
        rows, signs = log.rows(since), log.signs(since)
        if since == 0 and len(rows) > BULK and (signs > 0).all() and self._before is None:
            self._build(rows)
            return
        changes = zip(rows.tolist(), signs.tolist(), log.signatures(since).tolist(), strict=True)
        for number, (row, sign, signature) in enumerate(changes, start=since):
            self._note(number, row)
            if sign > 0:
                self._append(row, number)
            else:
                self._drop(row, self._slot_of(row, signature))

    def _build(self, rows: Ints) -> None:
        self._count = np.bincount(rows, minlength=len(self._count))
        self._slots = np.full((len(self._count), int(self._count.max())), NOBODY, np.int64)
        order = np.argsort(rows, kind="stable")
        first = np.cumsum(self._count) - self._count
        self._slots[rows[order], np.arange(len(rows)) - first[rows[order]]] = order
        self._ranked = self._rank(self._slots)

    def _append(self, row: int, number: int) -> None:
        at = self._count[row]
        if at == self._slots.shape[1]:
            wider = np.full_like(self._slots, NOBODY)
            self._slots = np.hstack([self._slots, wider])
            self._ranked = np.hstack([self._ranked, wider])
        self._slots[row, at] = number
        self._count[row] += 1
        self._stale.add(row)

    def _slot_of(self, row: int, signature: int) -> int:
        """Return the first slot with such a pod: pods of one spec are alike to whoever removes."""
        there = self._slots[row, : self._count[row]]
        return int(np.flatnonzero(self.signature(there) == signature)[0])

    def _drop(self, row: int, slot: int) -> None:
        last = self._count[row] - 1
        self._slots[row, slot] = self._slots[row, last]
        self._slots[row, last] = NOBODY
        self._count[row] = last
        self._stale.add(row)

    def _rank_again(self) -> None:
        self.refresh()
        if self._stale:
            stale = np.fromiter(self._stale, np.int64, len(self._stale))
            self._ranked[stale] = self._rank(self._slots[stale])
            self._stale.clear()

    def _rank(self, slots: Ints) -> Ints:
        """Return each row's numbers in order of importance, NOBODY last."""
        by_start = np.argsort(self.start(slots), axis=1, kind="stable")
        slots = np.take_along_axis(slots, by_start, 1)
        urgency = np.where(slots == NOBODY, np.iinfo(np.int64).max, -self.priority(slots))
        return np.take_along_axis(slots, np.argsort(urgency, axis=1, kind="stable"), 1)
