"""From fractions of patterns to nodes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from schedlab_algorithms.column_generation.kinds import Kinds
from schedlab_algorithms.column_generation.master import Master
from schedlab_algorithms.filling.displacing import displace
from schedlab_algorithms.filling.drawing import Shape
from schedlab_algorithms.filling.filling import Filling
from schedlab_algorithms.filling.items import Floats
from schedlab_algorithms.filling.planning import plan
from schedlab_algorithms.filling.repacking import fill
from schedlab_algorithms.packing.arrays import Ints

SLACK = 1e-6
"""Less than this below a whole number is one."""


def rounded(master: Master, used: Floats, least: float) -> Ints:
    """Return how often each pattern is used, whole numbers that no supply forbids, shape (C,).

    ``used`` (C,) may be older than the last patterns.  It is rounded down, and then up where
    the fraction is at least ``least``, the largest first, as long as nodes and pods suffice.
    """
    times = np.floor(used + SLACK).astype(np.int64)
    fraction = used - times
    kinds, patterns = (np.array(x[: len(used)]) for x in (master.kinds, master.patterns))
    nodes = master.size - np.bincount(kinds, times, minlength=len(master.size)).astype(np.int64)
    pods = master.supply - times @ patterns
    for c in np.argsort(-fraction, kind="stable").tolist():
        if fraction[c] < least:
            break
        if nodes[kinds[c]] > 0 and (patterns[c] <= pods).all():
            times[c] += 1
            nodes[kinds[c]] -= 1
            pods = pods - patterns[c]
    return times


def spread(master: Master, kinds: Kinds, times: Ints) -> Ints:
    """Return the pattern of each node, -1 for none, shape (n,): the first nodes come first."""
    pattern = np.full(len(kinds.of), -1)
    chosen = np.repeat(np.arange(len(times)), times)
    whose = np.array(master.kinds)[chosen]
    order = np.argsort(kinds.of, kind="stable")
    start = np.searchsorted(kinds.of[order], np.arange(len(kinds)))
    by_kind = np.argsort(whose, kind="stable")
    rank = np.arange(len(whose)) - np.searchsorted(whose[by_kind], whose[by_kind])
    pattern[order[start[whose[by_kind]] + rank]] = chosen[by_kind]
    return pattern


def filled(
    filling: Filling,
    master: Master,
    kinds: Kinds,
    times: Ints,
    weights: Floats,
    generator: np.random.Generator,
) -> Filling:
    """Return the nodes with their patterns, those without one filled from what is left.

    The patterns may ask for more pods than there are: some nodes then go without.  Pods that are
    still waiting in the end may displace such that count less.
    """
    pattern = spread(master, kinds, times)
    counts = np.vstack([*master.patterns, np.zeros_like(filling.pool)])[pattern]
    counts = _given(counts, filling.pool)
    rest, looked = np.flatnonzero(pattern < 0), 0
    if len(rest):
        part = _part(filling, rest, filling.pool - counts.sum(axis=0))
        planned = plan(part, weights, kinds.of[rest])
        done = fill(part, planned, weights, generator)
        counts[rest], looked = done.counts, done.looked
    whole = _holding(filling, counts, looked)
    shape = Shape.of(filling.sizes, counts.sum(axis=0), filling.room.sum(axis=0))
    displace(whole, weights, shape.mass)
    return whole


def _given(counts: Ints, pool: Ints) -> Ints:
    """Return what nodes that ask for ``counts`` (n, I) get of a pool (I,), the first ones first."""
    if (counts.sum(axis=0) <= pool).all():
        return counts
    return np.diff(np.minimum(np.cumsum(counts, axis=0), pool), axis=0, prepend=0)


def _part(filling: Filling, rows: Ints, pool: Ints) -> Filling:
    """Return some nodes of a filling, empty, with another pool."""
    room, eligible = filling.room[rows].copy(), filling.eligible[:, rows]
    return Filling.empty(filling.sizes, eligible, room, pool, filling.stopped)


def _holding(filling: Filling, counts: Ints, looked: int) -> Filling:
    """Return the nodes of an empty filling with pods on them."""
    room, pool = filling.room - counts @ filling.sizes, filling.pool - counts.sum(axis=0)
    return replace(filling, room=room, pool=pool, counts=counts, looked=looked)
