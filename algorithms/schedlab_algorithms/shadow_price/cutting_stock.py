"""Prices of shares of a device, from the linear program of cutting stock.

How many devices does it take to serve a given demand of shares?  Gilmore and Gomory (A Linear
Programming Approach to the Cutting-Stock Problem, Operations Research 1961) choose among all
ways to fill a device; the program's dual gives each share a price in devices: what serving one
more of it costs.  A share that fits into what others leave over anyway is free; one
that leaves nothing useful costs a whole device, however small it is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

TOLERANCE = 1e-6
"""Ten times the solver's own: a pattern that it has priced is not found again."""


def share_prices(sizes: Ints, demand: Floats, capacity: int) -> Floats:
    """Return the price of each share in devices, shape (K,).

    Parameters
    ----------
    sizes
        Distinct sizes from 1 to ``capacity``, shape (K,).
    demand
        How many of each are wanted, above 0, shape (K,).
    """
    patterns = [np.diag(capacity // sizes)]
    while True:
        prices = _dual(np.concatenate(patterns), demand)
        worth, last = fill_worth(sizes, prices, capacity)
        if worth[capacity] <= 1 + TOLERANCE:
            return prices
        patterns.append(_pattern(sizes, worth, last)[None, :])


def fill_worth(sizes: Ints, prices: Floats, room: int) -> tuple[Floats, Ints]:
    """Return the most that shares are worth that fit into 0, 1, ..., ``room`` together.

    Also returns the share to be put in first, -1: none.  Both have shape (room + 1,).
    """
    worth = np.zeros(room + 1)
    first = np.full(room + 1, -1, np.int64)
    for level in range(int(sizes.min(initial=room + 1)), room + 1):
        fitting = np.flatnonzero(sizes <= level)
        reached = worth[level - sizes[fitting]] + prices[fitting]
        best = int(reached.argmax())
        worth[level], first[level] = worth[level - 1], -1
        if reached[best] > worth[level - 1]:
            worth[level], first[level] = reached[best], fitting[best]
    return worth, first


def _dual(patterns: Ints, demand: Floats) -> Floats:
    """Return the dual prices of: the fewest devices, over these patterns, serve the demand."""
    solved = linprog(np.ones(len(patterns)), A_ub=-patterns.T, b_ub=-demand, method="highs")
    if not solved.success:
        raise RuntimeError(f"the prices of shares were not found: {solved.message}")
    prices: Floats = -solved.ineqlin.marginals
    return prices


def _pattern(sizes: Ints, worth: Floats, first: Ints) -> Ints:
    """Return how many shares of each size fill a whole device at the greatest worth."""
    counts, room = np.zeros(len(sizes), np.int64), len(worth) - 1
    while room > 0:
        if first[room] < 0:
            room -= 1
        else:
            counts[first[room]] += 1
            room -= int(sizes[first[room]])
    return counts
