"""For every node at once: the fewest pods without which another one fits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np

from schedlab_algorithms.packing.arrays import Floats, Ints, Mask

WIDTH = 12
"""The pods of each node that are looked at: those that cover most of what is short."""

EXACT = 3
"""Up to so many of them every combination is tried, beyond only the first so many."""

AT_A_TIME = 64
"""Nodes in one matrix product: so few that OpenBLAS starts no threads, which wait for one
another far longer than they multiply."""


@dataclass(frozen=True)
class Covers:
    """The cheapest combination of pods on each of c nodes.

    Attributes
    ----------
    price : float64, shape (c,)
        The sum of the pods' prices, infinite where no combination is enough.
    chosen : int64, shape (c, WIDTH)
        The pods, as positions in what was asked about; -1 fills up.
    """

    price: Floats
    chosen: Ints


def cheapest_covers(short: Ints, slots: Ints, node: Ints, requests: Ints, price: Floats) -> Covers:
    """Return, for each of c nodes, which pods to take away so that nothing is short.

    Parameters
    ----------
    short : int64, shape (c, R)
        What is missing of each resource, 0 where nothing is.
    slots : int64, shape (c,)
        How many pods are too many.
    node : int64, shape (p,)
        The position among the nodes of each pod that may be taken away.
    requests : int64, shape (p, R)
    price : float64, shape (p,)
    """
    table = _most_useful(short, node, requests, price)
    # What a place holds that holds no pod: nothing, for a price, so that it is never chosen.
    gains = np.vstack([requests, np.zeros((1, requests.shape[1]), np.int64)])
    prices, least = np.append(price, 1.0), np.zeros(len(table))
    best = np.zeros(len(table), np.int64)
    for start in range(0, len(table), AT_A_TIME):
        part = slice(start, start + AT_A_TIME)
        costs = _costs(table[part], short[part], slots[part], gains, prices)
        best[part], least[part] = costs.argmin(axis=1), costs.min(axis=1)
    chosen = np.where((combinations_of(WIDTH)[best] > 0) & (table >= 0), table, -1)
    return Covers(least, chosen)


def _costs(table: Ints, short: Ints, slots: Ints, gains: Ints, prices: Floats) -> Floats:
    """Return the price of each combination on some nodes, infinite if it is not enough, (c, m)."""
    combos = combinations_of(WIDTH).T
    enough = (table >= 0).astype(np.float64) @ combos >= slots[:, None]
    for resource in np.flatnonzero(short.any(axis=0)).tolist():
        gain = gains[table, resource].astype(np.float64) @ combos
        enough &= gain >= short[:, resource, None]
    return np.where(enough, prices[table] @ combos, np.inf)


def _most_useful(short: Ints, node: Ints, requests: Ints, price: Floats) -> Ints:
    """Return the pods of each node that cover most of what is short, (c, WIDTH), -1 filling up."""
    lacking = short[node]
    share = np.minimum(requests, lacking) / np.maximum(lacking, 1)
    order = np.lexsort((np.arange(len(node)), price, -share.sum(axis=1), node))
    rank = np.arange(len(node)) - np.searchsorted(node[order], node[order])
    table = np.full((len(short), WIDTH), -1, np.int64)
    kept = order[rank < WIDTH]
    table[node[kept], rank[rank < WIDTH]] = kept
    return table


@cache
def combinations_of(width: int) -> Floats:
    """Return combinations of places as rows of 0 and 1: none, all up to EXACT, then the first k."""
    chosen = [
        *((),),
        *(c for size in range(1, EXACT + 1) for c in combinations(range(width), size)),
        *(tuple(range(k)) for k in range(EXACT + 1, width + 1)),
    ]
    rows = np.zeros((len(chosen), width))
    for row, places in zip(rows, chosen, strict=True):
        row[list(places)] = 1
    return rows


def pareto_front(points: Ints) -> Ints:
    """Return the points (f, R) of some (n, R) that no other one dominates."""
    points = points[np.argsort(-points.astype(np.float64).sum(axis=1), kind="stable")]
    front = []
    while len(points):
        front.append(points[0])
        points = points[~(points <= points[0]).all(axis=1)]
    return np.array(front, np.int64).reshape(len(front), points.shape[1])


def under_any(requests: Ints, front: Ints) -> Mask:
    """Return which requests (s, R) some point of a front (f, R) offers, shape (s,)."""
    fits = np.zeros(len(requests), np.bool_)
    for point in front:
        fits |= (requests <= point).all(axis=1)
    return fits
