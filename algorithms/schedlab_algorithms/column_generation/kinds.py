"""Nodes of a kind: the same room for the same items."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from schedlab_algorithms.filling.filling import Filling
from schedlab_algorithms.packing.arrays import Ints, Mask


@dataclass(frozen=True)
class Kinds:
    """G kinds of nodes that are empty but for what stays.

    Attributes
    ----------
    of : int64, shape (n,)
        Each node's kind.
    size : int64, shape (G,)
        How many nodes there are of each.
    room : int64, shape (G, K)
    eligible : bool, shape (I, G)
    """

    of: Ints
    size: Ints
    room: Ints
    eligible: Mask

    @classmethod
    def among(cls, filling: Filling) -> Kinds:
        """Group the nodes of a filling that holds nothing yet."""
        bits = np.packbits(filling.eligible.T, axis=1).astype(np.int64)
        examples, of = distinct(np.column_stack([filling.room, bits]))
        size = np.bincount(of, minlength=len(examples))
        return cls(of, size, filling.room[examples], filling.eligible[:, examples])

    def __len__(self) -> int:
        return len(self.size)


def distinct(table: Ints) -> tuple[Ints, Ints]:
    """Return the position of one of each distinct row, and each row's number among them.

    Rows are compared as bytes, as few as hold their numbers: that is many times as fast as by
    column.
    """
    least = np.int64 if table.min(initial=0) < 0 else np.min_scalar_type(table.max(initial=0))
    short = table.astype(least)
    rows = np.ascontiguousarray(short).view(f"V{short.shape[1] * short.itemsize}").ravel()
    _, first, number = np.unique(rows, return_index=True, return_inverse=True)
    return first.astype(np.int64), number.astype(np.int64)
