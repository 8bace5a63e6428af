"""Consecutive pods of one signature by groups: what one-by-one placing takes, told in one step.

Every group keeps its nodes in a heap by total, lowest row first.  Taking a node changes the
counts, as the panel is told, and moves the node, with the total that it then shows, to
another group or back into its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heappop, heappush

import numpy as np
from numpy.typing import NDArray

from schedlab.core.ahead.chains import INFEASIBLE, best_rows
from schedlab.core.counts import FollowsLeast
from schedlab.core.groups.grouped import Grouped
from schedlab.core.groups.scores import Group
from schedlab.core.groups.voices import Voice

Ints = NDArray[np.int64]

Entry = tuple[int, int, int]
"""The negative total of a row, the row, and its position among those looked at."""


class Rivals(Group):
    """A group with the best of its nodes.

    Attributes
    ----------
    part : slice
        Where these nodes are among the rows that were looked at.
    unseen : tuple of int
        The total and row of the next best one, INFEASIBLE if there is none.
    heap : list
        These nodes, and those that came in from other groups, by total and row.
    """

    __slots__ = ("heap", "part", "unseen")

    def __init__(
        self,
        cell: int,
        counts: tuple[int, ...],
        size: int = 0,
        part: slice = slice(0),
        unseen: tuple[int, int] = (INFEASIBLE, 0),
    ) -> None:
        super().__init__(cell, counts, -1)
        self.size = size
        self.part = part
        self.unseen = unseen
        self.heap: list[Entry] = []

    def find_head(self) -> None:
        """Note the best node: ``head`` is its total, ``row`` its row."""
        self.head, self.row = self.unseen
        if self.heap:
            total, row, _ = self.heap[0]
            if -total > self.head or (-total == self.head and row < self.row):
                self.head, self.row = -total, row

    @property
    def head_is_seen(self) -> bool:
        """Whether the best node is one that was looked at."""
        return bool(self.heap) and self.heap[0][1] == self.row


class Race:
    """One step: rows that were looked at, their chains of totals, and who is where."""

    def __init__(self, grouped: Grouped, wide: int) -> None:
        self.panel = grouped.panel.copied()
        self.groups: list[Rivals] = []
        self.stopped_by = ""
        self.rows = np.zeros(0, np.int64)
        for group in grouped.members.groups.values():
            rows, totals = grouped.members.maxima.members(group.cell, group.kind)
            best, (total, at) = best_rows(totals, wide)
            part = slice(len(self.rows), len(self.rows) + len(best))
            unseen = total, rows.item(at) if at < len(rows) else 0
            self.groups.append(Rivals(group.cell, group.counts, group.size, part, unseen))
            self.rows = np.concatenate([self.rows, rows[best]])

    def run(self, totals: Ints, count: int) -> list[int]:
        """Return the rows that the next pods take, at most ``count``; none if none is feasible."""
        self._line_up(totals)
        chains, moves, steps = totals.tolist(), self.moves(), self._steps()
        depths, last = [0] * len(chains), totals.shape[1] - 1
        taken: list[int] = []
        while len(taken) < count and not self.panel.unsure:
            group = self._winner()
            if group is None:
                break
            if not group.head_is_seen:
                self.stopped_by = "width"
                break
            _, row, i = heappop(group.heap)
            taken.append(row)
            if depths[i] == last:
                self.stopped_by = "depth"
                break
            depths[i] += 1
            self._count(i, group, steps)
            self._move(group, (-chains[i][depths[i]], row, i), moves[i])
        return taken

    def _line_up(self, totals: Ints) -> None:
        """Put all nodes into their groups' heaps."""
        self._by_counts = {(group.cell, group.counts): group for group in self.groups}
        for group in self.groups:
            at = range(group.part.start, group.part.stop)
            heads, rows = (-totals[group.part, 0]).tolist(), self.rows[group.part].tolist()
            group.heap = list(zip(heads, rows, at, strict=True))
            heapify(group.heap)
            group.find_head()

    def _winner(self) -> Rivals | None:
        """Return the group of the best node."""
        groups = self.panel.feasible(self._by_counts.values())
        if len(groups) <= 1:
            return groups[0] if groups else None
        self.panel.weigh(groups)
        best = groups[0]
        best_total = best.head + best.worth
        for group in groups[1:]:
            total = group.head + group.worth
            if total > best_total or (total == best_total and group.row < best.row):
                best, best_total = group, total
        return best

    def _steps(self) -> list[tuple[Voice, list[int]]]:
        """Return the voices whose counts move, and in which domain each row is counted."""
        heard = (v for v in self.panel.voices if v.weight)
        moving = (v for v in heard if v.at_node < 0 or isinstance(v.follows, FollowsLeast))
        return [(v, v.sums.codes[self.rows].tolist()) for v in moving]

    def moves(self) -> list[tuple[int, ...]]:
        """Return what one more pod adds to the counts on each row."""
        columns = [
            np.where((v.codes[self.rows] >= 0) & (v.sums.codes[self.rows] >= 0), v.weight, 0)
            for v in self.panel.by_node
        ]
        if not columns:
            return [()] * len(self.rows)
        return list(zip(*(c.tolist() for c in columns), strict=True))

    def _count(self, i: int, group: Rivals, steps: Sequence[tuple[Voice, list[int]]]) -> None:
        for voice, domains in steps:
            domain = domains[i]
            if domain >= 0:
                at_node = voice.at_node
                before = voice.counts[domain] if at_node < 0 else group.counts[at_node]
                voice.move(domain, before, before + voice.weight)

    def _move(self, group: Rivals, entry: Entry, moves: tuple[int, ...]) -> None:
        """Put a node where it belongs with one more pod on it."""
        group.size -= 1
        if entry[0] == -INFEASIBLE or not group.size:
            self.panel.news.members = True
        if entry[0] != -INFEASIBLE:
            counts = tuple(map(int.__add__, group.counts, moves)) if any(moves) else group.counts
            to = self._by_counts.get((group.cell, counts))
            if to is None:
                to = self._by_counts[group.cell, counts] = Rivals(group.cell, counts)
            elif to.fits != group.fits:
                self.panel.news.members = True
            heappush(to.heap, entry)
            to.size += 1
            if to is not group:
                to.find_head()
        if group.size:
            group.find_head()
        else:
            del self._by_counts[group.cell, group.counts]
