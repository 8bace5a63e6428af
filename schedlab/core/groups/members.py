"""Which nodes are in which group, and the best node of each group, kept as pods come and go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schedlab.core.ahead.chains import INFEASIBLE
from schedlab.core.answers import Rows
from schedlab.core.groups.cells import GroupCells
from schedlab.core.groups.kinds import Kinds, kinds_of
from schedlab.core.groups.maxima import GroupMaxima
from schedlab.core.groups.scores import Group
from schedlab.core.groups.tables import GroupTable
from schedlab.core.groups.totals import GroupTotals, Numbers
from schedlab.core.groups.voices import Voice

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

SINGLY = 4
"""Up to so many rows are quicker taken in one by one."""

SMALL = 1 << 16
"""Nodes x kinds up to which looking at all is quicker than keeping maxima."""


class Members:
    """The feasible nodes by group: by cell, and by the counts on them that ``by_node`` hear of.

    ``local`` are the totals by SPEC and NODE plugins, INFEASIBLE where one rejects.
    """

    def __init__(self, cells: GroupCells, by_node: Sequence[Voice], local: Ints) -> None:
        self.cells = cells
        self.by_node = by_node
        self.regroup(local)

    def regroup(self, local: Ints) -> None:
        """Find all groups anew."""
        feasible = np.flatnonzero(local != INFEASIBLE)
        numbers, counts = kinds_of(self.by_node, feasible)
        kinds = np.zeros(len(local), np.int64)
        kinds[feasible] = numbers
        self._kinds = Kinds(counts, len(self.by_node))
        self.maxima = _laid_out(self.cells, local, kinds, self._kinds.capacity)
        self.groups: dict[tuple[int, int], Group] = {}
        sizes = self.maxima.sizes()
        for cell, kind in np.argwhere(sizes).tolist():
            self._grow(cell, kind, sizes.item(cell, kind))
        self._find_heads()

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of cells and kinds."""
        return len(self.cells.examples), self._kinds.capacity

    def group_of(self, rows: Rows) -> tuple[Ints, NDArray[np.int8]]:
        """Return the cell and the kind of some nodes, where they are feasible."""
        return self.cells.codes[rows], self.maxima.kinds[self.cells.place[rows]]

    def take(self, rows: Rows, local: Ints) -> None:
        """Take in totals of some rows, and the counts on them."""
        if isinstance(rows, slice):
            self.regroup(local)
        elif len(rows) <= SINGLY:
            for row, total in zip(rows.tolist(), local.tolist(), strict=True):
                self._move(row, total)
        else:
            self._move_many(rows, local)

    def _move(self, row: int, total: int) -> None:
        """Take in one row's total, and the counts on it."""
        cell, place = self.cells.codes.item(row), self.cells.place.item(row)
        before = kind = self.maxima.kinds.item(place)
        left = self.maxima.totals.item(place)
        if total != INFEASIBLE:
            kind = self._kind(tuple([v.count_at(row) for v in self.by_node]))
            self._grow(cell, kind, 1)
        self.maxima.put_one(place, total, kind)  # maybe others than before: kinds grow
        if left != INFEASIBLE:
            self._leave(cell, before, left)
        if total != INFEASIBLE:
            self.groups[cell, kind].challenge(total, row)

    def _leave(self, cell: int, kind: int, total: int) -> None:
        """Take one node of this total out of a group, after its maxima."""
        self._grow(cell, kind, -1)
        group = self.groups.get((cell, kind))
        if group is not None and group.head == total:
            group.head, group.row = self.maxima.highest(cell, kind), -1

    def _kind(self, counts: tuple[int, ...]) -> int:
        capacity = self._kinds.capacity
        kind = self._kinds.number(counts)
        if self._kinds.capacity != capacity:
            place, kept = self.cells.place, self.maxima
            totals, kinds = kept.totals[place], kept.kinds[place]
            self.maxima = _laid_out(self.cells, totals, kinds, self._kinds.capacity)
        return kind

    def _move_many(self, rows: Ints, local: Ints) -> None:
        last = self.cells.last_of_each(rows)
        rows, totals = rows[last], local[last]
        places, cells = self.cells.place[rows], self.cells.codes[rows]
        before = self.maxima.kinds[places].astype(np.int64)
        left, entering = self.maxima.totals[places] != INFEASIBLE, totals != INFEASIBLE
        elsewhere = left != entering
        if self.by_node:
            elsewhere |= entering & self._outdated(rows, before)
        if not np.count_nonzero(elsewhere):
            self.maxima.put(places, totals, before)
            self._find_heads()
            return
        coming, going = elsewhere & entering, elsewhere & left
        kinds = before.copy()
        kinds[coming] = self._enter(rows[coming], cells[coming])
        self.maxima.put(places, totals, kinds)
        gone = zip(cells[going].tolist(), before[going].tolist(), strict=True)
        for group, nodes in Counter(gone).items():
            self._grow(*group, -nodes)
        self._find_heads()

    def _outdated(self, rows: Ints, kinds: Ints) -> Mask:
        """Return which of some rows are no longer of these kinds."""
        outdated = np.zeros(len(rows), np.bool_)
        for column, voice in zip(self._kinds.columns, self.by_node, strict=True):
            outdated |= column[kinds] != voice.counts_at(rows)
        return outdated

    def _enter(self, rows: Ints, cells: Ints) -> Ints:
        """Take rows into the groups that the counts on them make; return their kinds."""
        columns = [voice.counts_at(rows).tolist() for voice in self.by_node]
        keys = list(zip(cells.tolist(), *columns, strict=True))
        kind_of = {}
        for key, nodes in Counter(keys).items():
            kind_of[key] = kind = self._kind(key[1:])
            self._grow(key[0], kind, nodes)
        return np.array([kind_of[key] for key in keys], np.int64)

    def _grow(self, cell: int, kind: int, nodes: int) -> None:
        """Take so many nodes into a group, or out of it."""
        group = self.groups.get((cell, kind))
        if group is None:
            group = self.groups[cell, kind] = Group(cell, self._kinds.counts[kind], kind)
            self._kinds.uses[kind] += 1
        group.size += nodes
        if not group.size:
            del self.groups[cell, kind]
            self._kinds.uses[kind] -= 1

    def _find_heads(self) -> None:
        """Find the highest total of every group."""
        highest = self.maxima.all_highest()
        for group in self.groups.values():
            group.head, group.row = highest[group.kind][group.cell], -1

    def row(self, group: Group) -> int:
        """Return the lowest row that has a group's highest total."""
        if group.row < 0:
            group.row = self.maxima.lowest_row(group.cell, group.kind)
        return group.row

    @property
    def nbytes(self) -> int:
        """About how much memory it takes to keep something of each node."""
        return self.maxima.nbytes


def _laid_out(cells: GroupCells, totals: Ints, kinds: Numbers, capacity: int) -> GroupTotals:
    """Return the totals and kinds of all nodes in the form that suits their number."""
    small = capacity * len(cells.row_at) <= SMALL
    return (GroupTable if small else GroupMaxima)(cells, totals, kinds, capacity)
