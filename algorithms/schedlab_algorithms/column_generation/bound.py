"""What no placement exceeds: a bound from the prices of the master problem, in whole numbers."""

from __future__ import annotations

import numpy as np

from schedlab_algorithms.column_generation.kinds import Kinds
from schedlab_algorithms.filling.filling import Filling
from schedlab_algorithms.filling.items import Floats, Items
from schedlab_algorithms.packing.arrays import Ints
from schedlab_algorithms.packing.work import Work
from schedlab_algorithms.patterns.knapsack import best_fillings

UNITS = 1 << 20
"""Prices are rounded to this part of the lowest weight."""

MOST_WORTH = 1 << 49
"""The pods of one node are worth no more than this together, in these units."""

COST_OF_PAIR = 3e-8
"""Deterministic seconds for each pair of partial filling and item that is looked at."""


LIMIT = 1 << 16
"""Pairs that are looked at for one kind of node: enough for about ten pods on a node."""


def lower_bound(
    work: Work, items: Items, filling: Filling, kinds: Kinds, prices: Floats, limit: int = LIMIT
) -> None:
    """Lower the work's bound if the Lagrangian bound at some prices (I,) is lower.

    Whatever the pods' prices: no placement is worth more than all pods at their price, and
    for each node the most that pods can be worth on it beyond their price (Geoffrion,
    Lagrangean Relaxation for Integer Programming, 1974).  Prices are rounded to whole numbers
    first; the knapsacks are exact, or bounded from above after ``limit`` pairs of partial
    filling and item.  All is done in integers.

    It says nothing where some pods are no items, or where the numbers would be too large.
    """
    weights = work.certificate.weights[items.signatures] * UNITS
    if len(items) < work.incumbent.problem.placeable.sum() or not _bears(kinds, weights):
        return
    priced = np.clip(np.rint(prices * UNITS).astype(np.int64), 0, weights)
    total = sum(p * n for p, n in zip(priced.tolist(), filling.pool.tolist(), strict=True))
    for kind, nodes in enumerate(kinds.size.tolist()):
        if work.effort.exhausted():
            return
        total += nodes * _most(work, filling, kinds, kind, weights - priced, limit)
    work.bound = min(work.bound, total // UNITS)


def _bears(kinds: Kinds, weights: Ints) -> bool:
    """Say whether what a node can hold stays within the numbers of the knapsacks."""
    pods = int(kinds.room[:, -1].max(initial=0))
    return pods * int(weights.max(initial=0)) <= MOST_WORTH


def _most(work: Work, filling: Filling, kinds: Kinds, kind: int, values: Ints, limit: int) -> int:
    """Return what no filling of a node of a kind is worth more than, at values (I,) of items."""
    room = np.maximum(kinds.room[kind], 0)
    fits = (filling.sizes <= room).all(axis=1) & kinds.eligible[:, kind] & (values > 0)
    if not fits.any():
        return 0
    sizes = filling.sizes[fits]
    copies = np.where(sizes > 0, room // np.maximum(sizes, 1), room[-1]).min(axis=1)
    priced = best_fillings(
        values[fits], sizes, np.minimum(copies, filling.pool[fits]), room, limit=limit
    )
    work.effort.charge(COST_OF_PAIR * priced.work)
    return priced.bound
