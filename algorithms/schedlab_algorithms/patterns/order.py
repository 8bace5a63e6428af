"""Items in the order of worth per size, and what the rest of them could add at most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from schedlab_algorithms.patterns.problem import Floats, Ints
from schedlab_algorithms.patterns.surrogate import multipliers


@dataclass(frozen=True)
class Order:
    """The I types that may be of use in a bin, in the order in which they are put in.

    Attributes
    ----------
    types : int64, shape (I,)
    values, sizes, most
        As given, by position.
    need : int64, shape (I, K)
        The room that an item asks for when it is put in: its size, less what this and later
        items of negative size could give back.
    capacity : int64, shape (K,)
    weights : float64, shape (K,)
        Multipliers of the dimensions.
    weight, given : float64, shape (I,)
        The weighted size of an item, at least 0; what it and later ones could give back.
    reach, worth : float64, shape (I + 1,)
        The weighted sizes, and the values, of all items before a position.
    givers : int
        How many types come first because they give room.
    """

    types: Ints
    values: Ints
    sizes: Ints
    most: Ints
    need: Ints
    capacity: Ints
    weights: Floats
    weight: Floats
    given: Floats
    reach: Floats
    worth: Floats
    givers: int

    @classmethod
    def of(cls, values: Ints, sizes: Ints, most: Ints, capacity: Ints) -> Order:
        """Order items: first those that give room, then by value per weighted size."""
        gives = np.asarray((sizes < 0).any(axis=1))
        types = np.flatnonzero((most > 0) & ((values > 0) | gives))
        values, sizes, most = np.maximum(values[types], 0), sizes[types], most[types]
        weights = multipliers(values, sizes, most, capacity)
        weight = np.maximum(sizes @ weights, 0.0)
        order = np.lexsort((types, -values / np.maximum(weight, 1e-12), ~gives[types]))
        return cls._in_order(
            types[order], values[order], sizes[order], most[order], capacity, weights
        )

    @classmethod
    def _in_order(
        cls, types: Ints, values: Ints, sizes: Ints, most: Ints, capacity: Ints, weights: Floats
    ) -> Order:
        given = np.cumsum((np.maximum(-sizes, 0) * most[:, None])[::-1], axis=0)[::-1]
        weight = np.maximum(sizes @ weights, 0.0)
        return cls(
            types=types,
            values=values,
            sizes=sizes,
            most=most,
            need=sizes - given,
            capacity=capacity,
            weights=weights,
            weight=weight,
            given=given @ weights,
            reach=np.concatenate([[0.0], np.cumsum(weight * most)]),
            worth=np.concatenate([[0.0], np.cumsum(values * most)]),
            givers=int((sizes < 0).any(axis=1).sum()),
        )

    def completion(self, last: Ints, run: Ints, room: Ints) -> Ints:
        """Return what the rest of the order could add at most to some bins, shape (L,).

        ``last`` (L,) is the position of the item put in last and ``run`` how many of it are
        there; ``room`` (L, K) is what is left.  This is Dantzig's bound of the surrogate
        constraint; items that give room count in full.
        """
        start = np.maximum(self.reach[last] + run * self.weight[last], self.reach[self.givers])
        before = self.worth[last] + run * self.values[last]
        end = start + room @ self.weights + self.given[last]
        after = np.interp(end, self.reach, self.worth)
        return np.floor((after - before) * (1 + 1e-9) + 0.5).astype(np.int64) + 1
