"""Nodes that are being filled from one pool of pods."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from schedlab_algorithms.filling.items import Floats
from schedlab_algorithms.packing.arrays import Ints, Mask


@dataclass
class Filling:
    """n nodes, I items.

    Attributes
    ----------
    sizes : int64, shape (I, K)
    eligible : bool, shape (I, n)
        Which items a node may hold at all.
    room : int64, shape (n, K)
        What is left.
    pool : int64, shape (I,)
        Pods that are left.
    counts : int64, shape (n, I)
        Pods put so far.
    stopped : callable
        Whether nobody waits for the result any more: loops then end early.
    looked : int
        How many pairs of node and item were looked at: the measure of the work done.
    """

    sizes: Ints
    eligible: Mask
    room: Ints
    pool: Ints
    counts: Ints
    stopped: Callable[[], bool]
    looked: int = 0

    @classmethod
    def empty(
        cls, sizes: Ints, eligible: Mask, room: Ints, pool: Ints, stopped: Callable[[], bool]
    ) -> Filling:
        """Return nodes that hold nothing yet."""
        counts = np.zeros((len(room), len(sizes)), np.int64)
        return cls(sizes, eligible, room, pool, counts, stopped)

    def add(self, rows: Ints, items: Ints, sign: int = 1) -> None:
        """Put one pod of each of ``items`` (m,) on ``rows`` (m,), or take it back (-1).

        No row may be named twice.
        """
        self.counts[rows, items] += sign
        self.room[rows] -= sign * self.sizes[items]
        self.pool -= sign * np.bincount(items, minlength=len(self.pool))

    def fits(self, rows: Ints) -> Mask:
        """Return which pods of the pool each of some nodes could take, shape (m, I)."""
        self.looked += len(rows) * len(self.sizes)
        able = self.eligible[:, rows].T & (self.pool > 0)
        room = self.room[rows]
        for size, free in zip(self.sizes.T, room.T, strict=True):
            able &= size <= free[:, None]
        return able

    def worth(self, weights: Floats) -> float:
        """Return what all that was put counts."""
        return float(self.counts.sum(axis=0) @ weights)

    def copy(self) -> Filling:
        """Return the same, to come back to."""
        return replace(
            self, room=self.room.copy(), pool=self.pool.copy(), counts=self.counts.copy()
        )
