"""Good fillings of a bin, many at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from schedlab_algorithms.patterns.problem import Flags, Floats, Ints
from schedlab_algorithms.patterns.surrogate import multipliers

NOISE = 0.2
"""The most by which items are preferred at random (standard deviation of a logarithm)."""
SPREAD = 0.6
"""By how much the weights of the dimensions differ between tries."""
SCARCITY = 2.0
"""The highest power of scarceness by which a dimension grows dearer as it is used up."""


@dataclass(frozen=True)
class Taste:
    """By what each try ranks items: their worth, the dimensions' weights, how these grow."""

    worth: Floats
    weights: Floats
    power: Floats

    @classmethod
    def drawn(
        cls, values: Floats, weights: Floats, generator: np.random.Generator, tries: int
    ) -> Taste:
        """Draw a taste for each try, from faithful to capricious."""
        noise = NOISE * np.linspace(0, 1, tries)[:, None] ** 2
        worth = values * np.exp(noise * generator.standard_normal((tries, len(values))))
        factors = np.exp(SPREAD * generator.standard_normal((tries, len(weights))))
        return cls(worth, weights * factors, SCARCITY * generator.random((tries, 1)))


def greedy_fillings(
    values: Floats,
    sizes: Ints,
    most: Ints,
    capacity: Ints,
    generator: np.random.Generator,
    tries: int,
) -> Ints:
    """Return fillings of one bin, each made item by item, shape (``tries``, T).

    Every try puts in what is worth most for its size, and so on until nothing of worth fits.
    The dimensions are weighted by the multipliers of the surrogate constraint, a dimension
    the more the less of it is left (Toyoda, A Simplified Algorithm for Obtaining Approximate
    Solutions to Zero-One Programming Problems, Management Science 1975), all disturbed.

    Parameters
    ----------
    values, sizes, most, capacity
        As of :func:`~schedlab_algorithms.patterns.knapsack.best_fillings`; values may be any
        numbers.
    """
    types = np.flatnonzero((values > 0) & (most > 0))
    patterns = np.zeros((tries, len(values)), np.int64)
    if not len(types):
        return patterns
    value, size, left = values[types], sizes[types], np.tile(most[types], (tries, 1))
    unit = 1.0 / np.maximum(capacity, 1)
    weights = multipliers(value, size, most[types], capacity) / unit
    taste = Taste.drawn(value, weights, generator, tries)
    share = np.maximum(size, 0) * unit
    room = np.tile(capacity, (tries, 1))
    active = np.arange(tries)
    while len(active):
        chosen = _chosen(taste, active, share, room[active] * unit, _fits(size, left, room, active))
        active, chosen = active[chosen >= 0], chosen[chosen >= 0]
        room[active] -= size[chosen]
        left[active, chosen] -= 1
    patterns[:, types] = most[types] - left
    return patterns


def _fits(size: Ints, left: Ints, room: Ints, active: Ints) -> Flags:
    """Return which items each active try could put in, bool, shape (A, I)."""
    fits = left[active] > 0
    for k, taken in enumerate(size.T):
        fits &= taken <= room[active, k, None]
    return fits


def _chosen(taste: Taste, active: Ints, share: Floats, free: Floats, fits: Flags) -> Ints:
    """Return the item that each active try likes best, -1 where none fits, shape (A,)."""
    scarce = np.maximum(free, 1e-3) ** -taste.power[active]
    weight = np.maximum((taste.weights[active] * scarce) @ share.T, 1e-9)
    chosen = np.where(fits, taste.worth[active] / weight, -1.0).argmax(axis=1)
    return np.where(fits[np.arange(len(active)), chosen], chosen, -1)
