"""The patterns worth most at some prices, and the bound that follows, in whole numbers."""

from __future__ import annotations

import numpy as np

from schedlab_algorithms.column_generation.kinds import Kinds
from schedlab_algorithms.column_generation.master import Prices
from schedlab_algorithms.filling.filling import Filling
from schedlab_algorithms.filling.items import Items
from schedlab_algorithms.packing.arrays import Ints
from schedlab_algorithms.packing.work import Work
from schedlab_algorithms.patterns.knapsack import Priced, best_fillings

UNITS = 1 << 20
"""Prices are rounded to this part of the lowest weight, or a coarser one if pods are many."""

MOST_WORTH = 1 << 49
"""All pods that a node is offered are worth no more than this together, in these units: half of
what the exact search may be given, so that nothing is lost to rounding."""

COST_OF_PAIR = 2.5e-7
"""Deterministic seconds for each pair of partial filling and item that is looked at."""

LIMIT = 1 << 14
"""Pairs that are looked at for one kind of node at first."""

KEPT, ENOUGH = 4, 16
"""How many patterns of a kind are wanted, and of how many these are the best."""

GAIN = 1e-7
"""A pattern pays if it is worth this part more than its node."""

Patterns = list[tuple[int, Ints]]
"""Kinds, and a pattern (I,) of each."""


def searched(
    work: Work, items: Items, filling: Filling, kinds: Kinds, prices: Prices, limit: int = LIMIT
) -> tuple[Patterns, bool]:
    """Return patterns worth more than their node, and whether no other is worth more than they.

    Of every kind, the best of the first few that an exact search meets.  It may have missed
    better ones where it met enough, or ended after ``limit`` pairs of partial filling and item,
    or with the effort.

    The work's bound is lowered to the Lagrangian bound at these prices if that is lower: whatever
    the prices, no placement is worth more than all pods at their price, and for each node the
    most that pods can be worth on it beyond their price (Geoffrion, Lagrangean Relaxation for
    Integer Programming, 1974).  Prices are rounded first, the rest is done in integers.  It says
    nothing where value is not the first objective, or some pods are no items.
    """
    units = _units(items, filling, kinds)
    weights = np.rint(items.weights * units).astype(np.int64)
    priced = np.clip(np.rint(prices.pods * units).astype(np.int64), 0, weights)
    total = sum(p * n for p, n in zip(priced.tolist(), filling.pool.tolist(), strict=True))
    patterns, complete = Patterns(), True
    for kind, nodes in enumerate(kinds.size.tolist()):
        if work.effort.exhausted():
            return patterns, False
        floor = int(prices.nodes[kind] * (1 + GAIN) * units) + 1
        best = _best(work, filling, kinds, kind, weights - priced, floor, limit)
        total += nodes * best.bound
        complete &= best.bound <= int(best.values.max(initial=floor))
        patterns += [(kind, pattern) for pattern in best.patterns]
    if work.incumbent.objectives[0] == "value" and _all(work, items):
        work.bound = min(work.bound, total // units)
    return patterns, complete


def _units(items: Items, filling: Filling, kinds: Kinds) -> int:
    """Return in which part of a weight of 1 prices are counted so that numbers stay in bounds.

    A node is offered of each item what there is, and no more than it has room for pods.
    No weight is above 2**21: with fewer than 2**28 pods a weight of 1 is one unit or more.
    """
    pods = np.minimum(filling.pool, kinds.room[:, -1].max(initial=0))
    worth = max(float(items.weights @ pods), 1.0)
    return max(min(UNITS, int(MOST_WORTH // worth)), 1)


def _all(work: Work, items: Items) -> bool:
    """Say whether every pod that could be placed at all is one of an item."""
    return len(items) == int(work.incumbent.problem.placeable.sum())


def _best(
    work: Work, filling: Filling, kinds: Kinds, kind: int, values: Ints, floor: int, limit: int
) -> Priced:
    """Return the fillings of a node of a kind that are worth most at values (I,) of items."""
    room = np.maximum(kinds.room[kind], 0)
    fits = (filling.sizes <= room).all(axis=1) & kinds.eligible[:, kind]
    copies = np.where(filling.sizes > 0, room // np.maximum(filling.sizes, 1), room[-1])
    most = np.where(fits, np.minimum(copies.min(axis=1), filling.pool), 0)
    best = best_fillings(
        values,
        filling.sizes,
        most,
        room,
        floor=floor,
        keep=KEPT,
        limit=limit,
        enough=ENOUGH,
        ended=work.effort.is_over,
    )
    work.effort.charge(COST_OF_PAIR * best.work)
    return best
