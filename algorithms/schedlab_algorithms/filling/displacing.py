"""Putting waiting pods in the place of such that count less."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from schedlab_algorithms.filling.filling import Filling
from schedlab_algorithms.filling.items import Floats
from schedlab_algorithms.filling.pairs import Pairs, top_up
from schedlab_algorithms.packing.arrays import Ints

MOST_ROUNDS = 8
"""How often pods of one item look for nodes at most."""

MOST_NODES = 500
"""On how many nodes a pod looks for room that others could make."""


@dataclass(frozen=True)
class Ways:
    """For each of m nodes the pods (m, I) to take off, and what they count (m,)."""

    pods: Ints
    cost: Floats


def displace(filling: Filling, weights: Floats, mass: Floats) -> None:
    """Put waiting pods, the weightiest first, where pods make room that count less together.

    ``mass`` (I,) measures room: of those that count less, the ones that count least by
    their room leave first.  Then all nodes that changed are filled up.
    """
    touched = np.zeros(len(filling.room), np.bool_)
    waiting = np.flatnonzero((filling.pool > 0) & (weights > weights.min(initial=0.0)))
    for item in waiting[np.argsort(-weights[waiting], kind="stable")].tolist():
        if filling.stopped():
            break
        for _ in range(MOST_ROUNDS):
            rows = _put(filling, item, weights, mass)
            touched[rows] = True
            if not len(rows) or not filling.pool[item] or filling.stopped():
                break
    top_up(filling, Pairs.of(weights, filling.sizes), np.flatnonzero(touched))


def _put(filling: Filling, item: int, weights: Floats, mass: Floats) -> Ints:
    """Put one pod of an item on each of the nodes where that costs least, and return these."""
    rows = _roomiest(filling, item)
    ways = _ways(filling, rows, item, weights, mass)
    worth = np.flatnonzero(ways.cost < weights[item])
    best = worth[np.argsort(ways.cost[worth], kind="stable")][: int(filling.pool[item])]
    for row, pods in zip(rows[best].tolist(), ways.pods[best], strict=True):
        filling.counts[row] -= pods
        filling.room[row] += pods @ filling.sizes
        filling.pool += pods
    filling.add(rows[best], np.full(len(best), item))
    return rows[best]


def _roomiest(filling: Filling, item: int) -> Ints:
    """Return the nodes that may hold an item and have most of what it asks for left, (m,)."""
    rows, size = np.flatnonzero(filling.eligible[item]), filling.sizes[item]
    if len(rows) <= MOST_NODES:
        return rows
    filling.looked += len(rows)
    short = np.maximum(size - filling.room[rows], 0) / np.maximum(size, 1)
    return np.sort(rows[np.argsort(short.sum(axis=1), kind="stable")[:MOST_NODES]])


def _ways(filling: Filling, rows: Ints, item: int, weights: Floats, mass: Floats) -> Ways:
    """Return which pods of lesser weight to take off each node so that one of ``item`` fits."""
    lesser = np.flatnonzero(weights < weights[item])
    order = lesser[np.argsort(weights[lesser] / np.maximum(mass[lesser], 1e-300), kind="stable")]
    need = np.maximum(filling.sizes[item] - filling.room[rows], 0)
    counts, pods = filling.counts[rows], np.zeros((len(rows), len(weights)), np.int64)
    filling.looked += len(rows) * len(order)
    open_ = np.flatnonzero(need.any(axis=1))
    for other in order.tolist():
        if not len(open_):
            break
        size = filling.sizes[other]
        useful = (size > 0) & (need[open_] > 0)
        times = np.where(useful, -(-need[open_] // np.maximum(size, 1)), 0).max(axis=1)
        taken = np.minimum(times, counts[open_, other])
        pods[open_, other] = taken
        need[open_] = np.maximum(need[open_] - taken[:, None] * size, 0)
        open_ = open_[need[open_].any(axis=1)]
    cost = pods @ weights
    cost[open_] = np.inf
    return Ways(pods, cost)
