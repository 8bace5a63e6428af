"""Which items may be put in next, for many partial bins at once, as sets of bits.

A row of a table is the set of the items whose key is at most some threshold.  The items that
fit in every dimension, come later and are worth enough are the intersection of one row from
each table: a few words for each partial bin, instead of one comparison for each item and
dimension.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schedlab_algorithms.patterns.order import Order
from schedlab_algorithms.patterns.problem import Ints

Words = NDArray[np.uint64]
ENDLESS = np.iinfo(np.int64).max >> 2


@dataclass(frozen=True)
class Table:
    """Sets of items by a threshold of a key: ``rows[i]`` are the i items of the lowest keys."""

    keys: Ints
    rows: Words

    @classmethod
    def of(cls, keys: Ints) -> Table:
        """Index the items by a key, shape (I,)."""
        rank = np.argsort(keys, kind="stable")
        member = np.zeros((len(keys) + 1, -(-max(len(keys), 1) // 64) * 64), np.bool_)
        member[:, : len(keys)] = np.argsort(rank) < np.arange(len(keys) + 1)[:, None]
        packed = np.packbits(member, axis=1, bitorder="little").view(np.uint64)
        return cls(keys[rank], packed)

    def at_most(self, threshold: Ints) -> Words:
        """Return the items whose key is at most a threshold, shape (L, words)."""
        return self.rows[np.searchsorted(self.keys, threshold, side="right")]


@dataclass(frozen=True)
class Fitting:
    """The tables of one bin's items.

    ``stacked`` and ``worth`` say by dimension how many of the smallest items fit, and what the
    best of those is worth that fit alone.
    """

    later: Table
    rooms: tuple[Table, ...]
    values: Table
    stacked: tuple[Ints, ...]
    worth: tuple[Ints, ...]
    gives: bool

    @classmethod
    def of(cls, order: Order) -> Fitting:
        """Index the items of an order."""
        rank = [np.argsort(need, kind="stable") for need in order.need.T]
        copies = [
            np.repeat(need[r], order.most[r]) for need, r in zip(order.need.T, rank, strict=True)
        ]
        best = [np.maximum.accumulate(order.values[r]) for r in rank]
        return cls(
            later=Table.of(-np.arange(len(order.types))),
            rooms=tuple(Table.of(need) for need in order.need.T),
            values=Table.of(-order.values),
            stacked=tuple(np.cumsum(c) for c in copies),
            worth=tuple(np.concatenate([[0], b]) for b in best),
            gives=order.givers > 0,
        )

    def few_more(self, room: Ints) -> tuple[Ints, Ints]:
        """Return what all further items, and all but one of them, add at most, shapes (L,).

        In each dimension: no more items than of the smallest together, none of them worth more
        than the best of those that fit alone.
        """
        count, best = (np.full(len(room), ENDLESS) for _ in range(2))
        if self.gives:
            return count, best
        for k, table in enumerate(self.rooms):
            below = np.searchsorted(table.keys, room[:, k], side="right")
            best = np.minimum(best, self.worth[k][below])
            count = np.minimum(count, np.searchsorted(self.stacked[k], room[:, k], side="right"))
        return count * best, np.maximum(count - 1, 0) * best

    def next_items(self, first: Ints, room: Ints, least: Ints) -> tuple[Ints, Ints]:
        """Return the pairs (partial bin, item) that can be looked at next.

        Items from position ``first`` (L,) on, that fit into ``room`` (L, K) and are worth at
        least ``least`` (L,).
        """
        sets = self.later.at_most(-first) & self.values.at_most(-least)
        for k, table in enumerate(self.rooms):
            sets &= table.at_most(room[:, k])
        some = np.flatnonzero(sets.any(axis=1))
        count = len(self.values.keys)
        bits = np.unpackbits(sets[some].view(np.uint8), axis=1, bitorder="little", count=count)
        parent, item = np.nonzero(bits.view(np.bool_))
        return some[parent], item
