"""Vector bin packing: items of several types into bins of several kinds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class BinPacking:
    """Items of T types to be put into bins of G kinds, by K dimensions.

    Attributes
    ----------
    sizes : int64, shape (T, K)
        What one item takes; may be negative.
    demand : int64, shape (T,)
        How many of each type are to be packed.
    capacity : int64, shape (G, K)
        What one bin offers.
    bins : int64, shape (G,)
        How many bins of a kind there are.
    cost : int64, shape (G,)
        What it costs to use one, not below 0.
    most : int64, shape (G, T)
        How many items of a type one bin may hold at most, whatever else is in it; 0 where it
        may hold none.
    """

    sizes: Ints
    demand: Ints
    capacity: Ints
    bins: Ints
    cost: Ints
    most: Ints


def identical_bins(sizes: Ints, demand: Ints, capacity: Ints) -> BinPacking:
    """Return the problem of packing everything into the fewest of enough equal bins.

    Parameters
    ----------
    sizes, demand
        Of the types of items, shapes (T, K) and (T,).
    capacity
        Of every bin, shape (K,).

    Raises
    ------
    ValueError
        If a single item does not fit into a bin.
    """
    most = np.minimum(copies_that_fit(sizes, capacity), demand)
    if (most < np.minimum(demand, 1)).any():
        raise ValueError("an item is larger than a bin")
    return BinPacking(
        sizes=sizes,
        demand=demand,
        capacity=capacity[None, :],
        bins=np.array([max(int(demand.sum()), 1)]),
        cost=np.ones(1, np.int64),
        most=most[None, :],
    )


def copies_that_fit(sizes: Ints, capacity: Ints) -> Ints:
    """Return how many items of each type alone fit into one bin, shape (T,)."""
    endless = np.iinfo(np.int64).max
    each = np.where(sizes > 0, capacity // np.maximum(sizes, 1), endless)
    return np.maximum(each.min(axis=1, initial=endless), 0)
