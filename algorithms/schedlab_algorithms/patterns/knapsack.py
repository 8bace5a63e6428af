"""The best way to fill one bin: an exact multi-dimensional knapsack, vectorised.

Branch and bound over the items of a bin, not over the items there are: level k holds partial
bins with k items, and a partial bin is extended by items that come later in the order of
worth per size.  Many partial bins are extended at once.  The bound is Dantzig's for the
surrogate constraint; since every suffix of the order is a range of two cumulative sums, one
interpolation answers for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from schedlab.api import never
from schedlab_algorithms.patterns.fitting import ENDLESS, Fitting
from schedlab_algorithms.patterns.order import Order
from schedlab_algorithms.patterns.problem import Ints

CHUNK = 1 << 16
"""Pairs of partial bin and next item that are looked at together."""


@dataclass(frozen=True)
class Priced:
    """Ways to fill one bin, and what no way exceeds.

    Attributes
    ----------
    patterns : int64, shape (P, T)
        How many items of each type; those found that are worth more than the floor, the
        best first.
    values : int64, shape (P,)
        What they are worth.
    bound : int
        No pattern is worth more.
    work : int
        The partial bins that were looked at.
    """

    patterns: Ints
    values: Ints
    bound: int
    work: int


@dataclass
class Partial:
    """Bins that are being filled, L of them, with equally many items.

    ``items`` (L, depth) are positions in the order, ascending; ``room`` (L, K) is what is left,
    ``run`` (L,) how many of the last item there are, ``bound`` (L,) what none of their
    completions exceeds, ``others`` (L,) what all items but one could still add.
    """

    items: Ints
    room: Ints
    value: Ints
    run: Ints
    bound: Ints
    others: Ints

    def __len__(self) -> int:
        return len(self.value)

    def take(self, which: Ints | slice) -> Partial:
        """Return some of them."""
        parts = (self.items, self.room, self.value, self.run, self.bound, self.others)
        return Partial(*(part[which] for part in parts))


def best_fillings(
    values: Ints,
    sizes: Ints,
    most: Ints,
    capacity: Ints,
    floor: int = 0,
    keep: int = 1,
    limit: int = 1 << 22,
    enough: int = 0,
    ended: Callable[[], bool] = never,
) -> Priced:
    """Return the fillings of one bin that are worth most.

    Parameters
    ----------
    values
        What an item of each type is worth, shape (T,); Σ values x most is at most 2**50.
    sizes, most, capacity
        Of the types, (T, K); how many of each fit, (T,); of the bin, not below 0, (K,).
    floor
        Only what is worth more is of interest, at least 0.
    keep
        How many fillings are wanted at most.  The search looks for better ones than the best
        alone: the others are those met on the way.
    limit
        How many partial bins may be looked at.  If that does not suffice, the
        bound is the highest of the partial bins left; otherwise it is the best value, or the
        floor.
    enough
        End as soon as so many fillings worth more than the floor were found; 0: go on for the
        best.
    ended
        Asked every few milliseconds whether to end as if the limit were reached.
    """
    order = Order.of(values, sizes, most, capacity)
    fitting = Fitting.of(order)
    rows = max(min(CHUNK, limit) // max(len(order.types), 1), 1)
    stack = [_root(order)] if len(order.types) else []
    found = _Found(order, floor, keep)
    work = 0
    enough = enough or ENDLESS
    while stack and work < limit and found.count < enough and not ended():
        part = stack.pop()
        if len(part) > rows:
            stack.append(part.take(slice(None, -rows)))
            part = part.take(slice(-rows, None))
        part = part.take(np.flatnonzero(part.bound > found.floor))
        children, pairs = _extended(order, fitting, part, found.floor)
        work += pairs + len(part)
        found.add(children)
        if len(children):
            stack.append(children)
    left = max((int(part.bound.max(initial=0)) for part in stack), default=0)
    return found.priced(len(values), max(left, found.floor), work)


def _root(order: Order) -> Partial:
    """Return the one empty bin."""
    one = np.zeros(1, np.int64)
    return Partial(
        items=np.zeros((1, 0), np.int64),
        room=order.capacity[None, :],
        value=one,
        run=one,
        bound=np.full(1, ENDLESS),
        others=np.full(1, ENDLESS),
    )


def _extended(order: Order, fitting: Fitting, part: Partial, floor: int) -> tuple[Partial, int]:
    """Return every way to add one item that may still exceed the floor, by ascending bound.

    Also returns how many ways were looked at.
    """
    last = part.items[:, -1] if part.items.shape[1] else np.full(len(part), -1, np.int64)
    first = last + (part.run >= order.most[last])
    least = floor + 1 - part.value - part.others
    parent, item = fitting.next_items(first, part.room, least)
    run = np.where(item == last[parent], part.run[parent] + 1, 1)
    room = part.room[parent] - order.sizes[item]
    value = part.value[parent] + order.values[item]
    bound = value + order.completion(item, run, room)
    which = np.flatnonzero(bound > floor)
    few, others = fitting.few_more(room[which])
    bound[which] = np.minimum(bound[which], value[which] + few)
    which, others = which[bound[which] > floor], others[bound[which] > floor]
    by_bound = np.argsort(bound[which], kind="stable")
    which, others = which[by_bound], others[by_bound]
    items = np.concatenate([part.items[parent[which]], item[which, None]], axis=1)
    found = Partial(items, room[which], value[which], run[which], bound[which], others)
    return found, len(parent)


class _Found:
    """The best fillings so far; better than ``floor`` is of interest."""

    def __init__(self, order: Order, floor: int, keep: int) -> None:
        self.order, self.floor, self.keep = order, floor, keep
        self.least = floor
        self.count = 0
        self.best: list[tuple[int, Ints]] = []

    def add(self, part: Partial) -> None:
        """Note the most valuable ones that are bins, not only promises."""
        bins = np.flatnonzero((part.value > self.least) & (part.room >= 0).all(axis=1))
        self.count += len(bins)
        top = bins[np.argsort(-part.value[bins], kind="stable")][: self.keep]
        self.best += [(int(part.value[i]), part.items[i]) for i in top]
        self.best.sort(key=lambda pair: -pair[0])
        del self.best[self.keep :]
        if self.best:
            self.floor = max(self.floor, self.best[0][0])

    def priced(self, types: int, bound: int, work: int) -> Priced:
        """Return them as patterns over all types."""
        patterns = np.zeros((len(self.best), types), np.int64)
        for row, (_, items) in enumerate(self.best):
            np.add.at(patterns[row], self.order.types[items], 1)
        values = np.array([value for value, _ in self.best], np.int64)
        return Priced(patterns, values, bound, work)
