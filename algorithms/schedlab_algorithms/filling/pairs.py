"""The last two pods of a node, chosen exactly: of all pairs, the best one that fits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from schedlab_algorithms.filling.filling import Filling
from schedlab_algorithms.filling.items import Floats
from schedlab_algorithms.packing.arrays import Ints, Mask

MOST_ITEMS = 220
"""Of how many items pairs are made: about 24,000 of them."""

FIRST_STEP, LONGEST_STEP = 256, 4096
"""How many pairs are looked at at a time."""

TOGETHER = 64
"""How many nodes are looked at together."""

NONE = -1


@dataclass(frozen=True)
class Pairs:
    """M pairs and single items, those worth most first; a single one has no ``second`` (-1)."""

    first: Ints
    second: Ints
    sizes: Ints

    @classmethod
    def of(cls, values: Floats, sizes: Ints) -> Pairs:
        """Pair the items that are worth anything; if there are too many, some of each size.

        ``values`` (I,), ``sizes`` (I, K).  The sizes of pairs are kept by column, (K, M).
        """
        items = np.argsort(-values, kind="stable")
        items = items[values[items] > 0]
        paired = items[:: -(-len(items) // MOST_ITEMS) or 1]
        i, j = np.triu_indices(len(paired))
        first = np.concatenate([paired[i], items])
        second = np.concatenate([paired[j], np.full(len(items), NONE)])
        # The last row stands for no second item.
        values, sizes = np.append(values, 0.0), np.vstack([sizes, np.zeros_like(sizes[:1])])
        order = np.argsort(-(values[first] + values[second]), kind="stable")
        first, second = first[order], second[order]
        return cls(first, second, np.ascontiguousarray((sizes[first] + sizes[second]).T))

    def put_best(self, filling: Filling, rows: Ints) -> Ints:
        """Put the best pair that fits and is left in the pool on each node, one after the other.

        Returns the nodes that got one.  Nodes that hold about equally many kinds of items are
        looked at together, and of the pairs only those of items that one of them holds.
        """
        able = filling.fits(rows)
        kinds = able.sum(axis=1)
        order = np.argsort(kinds, kind="stable")[int((kinds == 0).sum()) :]
        served = [
            self._serve(filling, rows[block], able[block])
            for block in np.split(order, range(TOGETHER, len(order), TOGETHER))
            if not filling.stopped()
        ]
        return np.concatenate([order[:0], *served])

    def _serve(self, filling: Filling, rows: Ints, able: Mask) -> Ints:
        """Do so for nodes that are ``able`` (m, I) to hold a pod of an item."""
        useful = np.append(able.any(axis=0), True)
        pairs = np.flatnonzero(useful[self.first] & useful[self.second])
        able = np.vstack([able.T, np.ones((1, len(rows)), np.bool_)])
        found, room, pool = np.full(len(rows), NONE), filling.room[rows], filling.pool.copy()
        left, at, step = np.arange(len(rows)), 0, FIRST_STEP
        while len(left) and at < len(pairs):
            which = pairs[at : at + step]
            fits = self._fit(room[left], able[:, left], which)
            filling.looked += fits.size
            hit = np.flatnonzero(fits.any(axis=0))
            found[left[hit]] = self._given(fits[:, hit], which, pool)
            left = left[found[left] == NONE]
            at, step = at + step, min(2 * step, LONGEST_STEP)
        return self._put(filling, rows, found)

    def _fit(self, room: Ints, able: Mask, which: Ints) -> Mask:
        """Return which of the pairs fit where, shape (pairs, m)."""
        fits = able[self.first[which]] & able[self.second[which]]
        for size, free in zip(self.sizes, room.T, strict=True):
            asked = size[which]
            if asked.max(initial=0) > free.min(initial=0):
                fits &= asked[:, None] <= free
        return fits

    def _given(self, fits: Mask, which: Ints, pool: Ints) -> Ints:
        """Return the first pair that fits each node and is still in the pool, -1 for none."""
        first, second = self.first[which], self.second[which]
        given = np.full(fits.shape[1], NONE)
        there = (np.append(pool, 1)[second] > 0) & (pool[first] > (first == second))
        for node, column in enumerate(np.ascontiguousarray(fits.T)):
            at = int((column & there).argmax())
            if column[at] and there[at]:
                given[node] = which[at]
                for item in {int(first[at]), int(second[at])} - {NONE}:
                    pool[item] -= 1 + (first[at] == second[at])
                    if pool[item] < 2:
                        _strike(there, first, second, item, int(pool[item]))
        return given

    def _put(self, filling: Filling, rows: Ints, found: Ints) -> Ints:
        rows, found = rows[found != NONE], found[found != NONE]
        first, second = self.first[found], self.second[found]
        filling.add(rows, first)
        two = second != NONE
        filling.add(rows[two], second[two])
        return rows


def _strike(there: Mask, first: Ints, second: Ints, item: int, left: int) -> None:
    """Strike out the pairs for which ``left`` pods of an item are not enough."""
    if left == 1:
        there &= (first != item) | (second != item)
    elif left == 0:
        there &= (first != item) & (second != item)


def top_up(filling: Filling, pairs: Pairs, rows: Ints) -> None:
    """Put the best pair that fits on each node, again and again until nothing fits."""
    while len(rows) and len(pairs.first) and not filling.stopped():
        rows = pairs.put_best(filling, rows)
