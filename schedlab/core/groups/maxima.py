"""The highest total of each group of a large cluster's nodes, of which a few change at a time.

Maxima are kept by block of the layout and kind.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab.core.ahead.chains import INFEASIBLE
from schedlab.core.groups import cells as group_cells
from schedlab.core.groups.cells import GroupCells
from schedlab.core.groups.totals import GroupTotals, Numbers

Ints = NDArray[np.int64]


class GroupMaxima(GroupTotals):
    """Totals and kinds of all nodes, and their maxima by block and kind."""

    def __init__(self, cells: GroupCells, totals: Ints, kinds: Numbers, capacity: int) -> None:
        super().__init__(cells, totals, kinds, capacity)
        self._block = group_cells.BLOCK
        self._by_block = self.totals.reshape(-1, self._block), self.kinds.reshape(-1, self._block)
        self._bounds = cells.bounds.tolist()
        self._maxima = np.empty((capacity, len(self._by_block[0])), np.int64)
        for kind in range(capacity):
            there = np.where(self._by_block[1] == kind, self._by_block[0], INFEASIBLE)
            self._maxima[kind] = there.max(axis=1)

    def put(self, places: Ints, totals: Ints, kinds: Ints) -> None:
        """Take in new totals and kinds at some distinct places."""
        blocks = places // self._block
        before, left = self.kinds[places], self.totals[places]
        self.totals[places], self.kinds[places] = totals, kinds
        # Maxima that may have left or been surpassed.  (A place without a total before may
        # have a kind that has been given to others since.)
        lost = (left != INFEASIBLE) & (left == self._maxima[before, blocks])
        raised = totals > self._maxima[kinds, blocks]
        self._find(
            np.concatenate([before[lost], kinds[raised]]),
            np.concatenate([blocks[lost], blocks[raised]]),
        )

    def _find(self, kinds: Ints, blocks: Ints) -> None:
        """Find the maxima of some kinds, each in a block, anew."""
        there = self._by_block[1][blocks] == kinds[:, None]
        highest = np.where(there, self._by_block[0][blocks], INFEASIBLE).max(axis=1)
        self._maxima[kinds, blocks] = highest

    def put_one(self, place: int, total: int, kind: int) -> None:
        """Take in a new total and kind at one place."""
        block, maxima = place // self._block, self._maxima
        before, left = self.kinds.item(place), self.totals.item(place)
        self.totals[place], self.kinds[place] = total, kind
        if left != INFEASIBLE and left == maxima.item(before, block):
            totals, kinds = self._by_block[0][block], self._by_block[1][block]
            maxima[before, block] = np.where(kinds == before, totals, INFEASIBLE).max()
        if total > maxima.item(kind, block):
            maxima[kind, block] = total

    def highest(self, cell: int, kind: int) -> int:
        """Return the highest total of one group."""
        return int(self._maxima[kind, self._bounds[cell] : self._bounds[cell + 1]].max())

    def all_highest(self) -> list[list[int]]:
        """Return the highest totals of all groups, by kind and cell."""
        highest: list[list[int]] = np.maximum.reduceat(
            self._maxima, self.cells.bounds[:-1], axis=1
        ).tolist()
        return highest

    def lowest_row(self, cell: int, kind: int) -> int:
        """Return the lowest row of one group that has its highest total."""
        start, end = self._bounds[cell], self._bounds[cell + 1]
        block = start + int(self._maxima[kind, start:end].argmax())
        totals, kinds = self._by_block[0][block], self._by_block[1][block]
        at = int(np.where(kinds == kind, totals, INFEASIBLE).argmax())
        return self.cells.row_at.item(block * self._block + at)

    @property
    def nbytes(self) -> int:
        """How much memory it takes."""
        return self.totals.nbytes + self.kinds.nbytes + self._maxima.nbytes
