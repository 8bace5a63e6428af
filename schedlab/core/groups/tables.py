"""The highest total of each group of a small cluster's nodes, found by looking at all of them.

Every kind has a row of its own: a group's totals then lie in one piece, and the highest of
some thousand is found as fast as a maximum that is kept can be repaired.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab.core.ahead.chains import INFEASIBLE
from schedlab.core.groups.cells import GroupCells
from schedlab.core.groups.totals import GroupTotals, Numbers

Ints = NDArray[np.int64]


class GroupTable(GroupTotals):
    """Totals by kind and place, INFEASIBLE but for the one kind that the node is of."""

    def __init__(self, cells: GroupCells, totals: Ints, kinds: Numbers, capacity: int) -> None:
        super().__init__(cells, totals, kinds, capacity)
        self._table = np.full((capacity, len(self.totals)), INFEASIBLE)
        self._table[self.kinds, np.arange(len(self.totals))] = self.totals

    def put(self, places: Ints, totals: Ints, kinds: Ints) -> None:
        """Take in new totals and kinds at some distinct places."""
        self._table[self.kinds[places], places] = INFEASIBLE
        self._table[kinds, places] = totals
        self.totals[places], self.kinds[places] = totals, kinds

    def put_one(self, place: int, total: int, kind: int) -> None:
        """Take in a new total and kind at one place."""
        self._table[self.kinds.item(place), place] = INFEASIBLE
        self._table[kind, place] = total
        self.totals[place], self.kinds[place] = total, kind

    def highest(self, cell: int, kind: int) -> int:
        """Return the highest total of one group."""
        return int(np.maximum.reduce(self._table[kind, self.cells.parts[cell]]))

    def all_highest(self) -> list[list[int]]:
        """Return the highest totals of all groups, by kind and cell."""
        highest: list[list[int]] = np.maximum.reduceat(
            self._table, self.cells.starts, axis=1
        ).tolist()
        return highest

    def lowest_row(self, cell: int, kind: int) -> int:
        """Return the lowest row of one group that has its highest total."""
        part = self.cells.parts[cell]
        return self.cells.row_at.item(part.start + int(self._table[kind, part].argmax()))

    @property
    def nbytes(self) -> int:
        """How much memory it takes."""
        return self.totals.nbytes + self.kinds.nbytes + self._table.nbytes
