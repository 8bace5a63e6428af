"""Nodes in an order by cells, the combinations of topology domains that few columns make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

BLOCK = 32
"""Places whose maximum is kept together; a cell starts with a block of its own."""

FEW = 64
"""Cells beyond which it is no longer quicker to look at each of them."""


@dataclass(frozen=True)
class GroupCells:
    """Every node's cell, and the nodes laid out cell by cell.

    Attributes
    ----------
    codes : int64, shape (N,)
        Each row's cell.
    examples : int64, shape (C,)
        The lowest row in each cell.
    place : int64, shape (N,)
        Where each row lies in the layout; rows ascend within a cell.
    row_at : int64, shape (B x BLOCK,)
        The row at each place, -1 where a cell's last block is padded.
    bounds : int64, shape (C + 1,)
        The first block of each cell, and the number of blocks.
    starts : int64, shape (C,)
        The first place of each cell.
    parts : tuple of slice
        All places of each cell.
    """

    codes: Ints
    examples: Ints
    place: Ints
    row_at: Ints
    bounds: Ints
    starts: Ints
    parts: tuple[slice, ...]
    _last: Ints

    @classmethod
    def of(cls, codes: Ints, examples: Ints) -> GroupCells:
        """Lay out nodes whose cells are known."""
        counts = np.bincount(codes, minlength=len(examples))
        blocks = -(-counts // BLOCK)
        bounds = np.concatenate([np.zeros(1, np.int64), np.cumsum(blocks)])
        order = np.argsort(codes.astype(np.uint8), kind="stable")
        before = np.cumsum(counts) - counts
        place = np.empty(len(codes), np.int64)
        place[order] = np.arange(len(codes)) + (BLOCK * bounds[:-1] - before)[codes[order]]
        row_at = np.full(BLOCK * int(bounds[-1]), -1)
        row_at[place] = np.arange(len(codes))
        ends = BLOCK * bounds
        parts = tuple(map(slice, ends[:-1].tolist(), ends[1:].tolist()))
        last = np.empty(len(codes), np.int64)
        return cls(codes, examples, place, row_at, bounds, ends[:-1], parts, last)

    def last_of_each(self, rows: Ints) -> Mask:
        """Return which of some rows are not repeated further on, without sorting them."""
        each = np.arange(len(rows))
        self._last[rows] = each
        return self._last[rows] == each


def joint_cells(columns: Sequence[NDArray[np.integer]], nodes: int) -> tuple[Ints, Ints] | None:
    """Return each node's cell and each cell's lowest row, None if there are too many cells.

    ``columns`` hold codes from -1 on.
    """
    codes, count = np.zeros(nodes, np.int64), 1
    for column in columns:
        width = int(column.max(initial=-1)) + 2
        codes, count = _renumbered(codes * width + column + 1, count * width)
        if count > FEW:
            return None
    examples = np.empty(count, np.int64)
    examples[codes[::-1]] = np.arange(nodes - 1, -1, -1)
    return codes, examples


def _renumbered(codes: Ints, size: int) -> tuple[Ints, int]:
    """Return codes below ``size`` as positions among those that occur, and how many do."""
    occurs = np.zeros(size, np.bool_)
    occurs[codes] = True
    number = np.cumsum(occurs) - 1
    return number[codes], int(np.count_nonzero(occurs))


def one_each(codes: NDArray[np.integer]) -> bool:
    """Say whether no two nodes are in the same domain (-1: in none)."""
    return int(np.bincount(codes + 1)[1:].max(initial=0)) <= 1
