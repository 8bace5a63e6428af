"""Lower bounds on the cost of the bins."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from schedlab_algorithms.patterns.problem import BinPacking, Ints


def price_bound(
    problem: BinPacking, demand: Ints, bins: Ints, prices: Ints, best: Ints, scale: int
) -> Fraction:
    """Return what the bins cost at least, from prices of the items.

    Weak duality of the program over patterns: whatever the prices, the items are worth as much
    as the bins hold, and a bin of kind g holds at most ``best[g]``.  Prices may be multiplied
    by any factor; the best one is where some kind of bin just pays.  One kind alone gives
    Farley's bound (A Note on Bounding a Class of Linear Programming Problems, Including
    Cutting Stock Problems, Operations Research 1990).  All numbers are integers: nothing is
    rounded.

    Parameters
    ----------
    demand, bins
        Of each type, (T,), and of each kind, (G,).
    prices
        At least 0, shape (T,); ``scale`` is the price of one unit of cost.
    best
        No filling of a bin of each kind is worth more, shape (G,).
    """
    worth = int(prices @ demand)
    cost = [int(c) * scale for c in problem.cost]
    factors = {Fraction(1)} | {Fraction(c, int(b)) for c, b in zip(cost, best, strict=True) if b}
    kinds = list(zip(bins.tolist(), best.tolist(), cost, strict=True))
    reached = max(
        factor * worth - sum(count * max(factor * most - price, 0) for count, most, price in kinds)
        for factor in factors
    )
    return max(reached / scale, Fraction(0))


def volume_bound(problem: BinPacking) -> int:
    """Return the bins needed in the dimension that needs most of them, for one kind of bin.

    Bins that cost 1 each; the sum of all sizes over the capacity.
    """
    total = problem.demand @ problem.sizes
    offered = problem.capacity[0]
    needed = [-(-int(t) // int(c)) for t, c in zip(total, offered, strict=True) if c > 0]
    return max(needed, default=0)


def conflict_bound(problem: BinPacking) -> int:
    """Return the size of a set of items of which no two share a bin, for one kind of bin.

    Greedily from the items that conflict with most others; with bins that cost 1 each.
    """
    clash = (problem.sizes[:, None, :] + problem.sizes[None, :, :] > problem.capacity[0]).any(
        axis=2
    )
    if (problem.sizes < 0).any():
        return 0
    alone = np.diagonal(clash)
    candidates = np.ones(len(clash), np.bool_)
    bound = 0
    for item in np.argsort(-(clash @ problem.demand), kind="stable").tolist():
        if candidates[item]:
            bound += int(problem.demand[item]) if alone[item] else 1
            candidates &= clash[item]
    return bound


def dual_feasible_bound(problem: BinPacking) -> int:
    """Return the bins needed in one dimension if items are resized, for one kind of bin.

    What is larger than the bin less a threshold counts as a whole bin, what is smaller than the
    threshold as nothing: a dual feasible function (Fekete and Schepers, New Classes of Fast
    Lower Bounds for Bin Packing Problems, Mathematical Programming 2001).
    """
    if (problem.sizes < 0).any():
        return 0
    bounds = [0]
    for size, room in zip(problem.sizes.T, problem.capacity[0].tolist(), strict=True):
        for threshold in np.unique(size[size <= room // 2]).tolist():
            resized = np.where(size > room - threshold, room, np.where(size < threshold, 0, size))
            bounds.append(-(-int(resized @ problem.demand) // max(room, 1)))
    return max(bounds)
