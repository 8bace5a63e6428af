"""What a linear program would put on some nodes, and at which prices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from schedlab.engine import FluidBound, Relaxation, fluid_bound
from schedlab_algorithms.filling.filling import Filling
from schedlab_algorithms.filling.items import Floats
from schedlab_algorithms.packing.arrays import Ints

LEAST_VALUE = 1e-6
"""Which part of its weight a pod is worth at least: where room is free, too, it goes in."""


@dataclass(frozen=True)
class Plan:
    """Pods by group and item (G, I), the group of each node (n,), and the values of items (I,).

    ``values`` are weights less the price of the supply: what a pod is worth on a node
    beyond what it would be worth elsewhere.  ``limit`` is what all is worth at most.
    """

    pods: Floats
    group: Ints
    values: Floats
    limit: float


def plan(filling: Filling, weights: Floats, group: Ints) -> Plan:
    """Relax the filling of nodes, those of one ``group`` (n,) as one big node.

    Once the filling is stopped, the plan is to put nothing anywhere.
    """
    used, of = np.unique(group, return_inverse=True)
    relaxation = _relaxed(filling, of.astype(np.int64), len(used))
    found: FluidBound = fluid_bound(relaxation, weights, cancelled=filling.stopped)
    values = np.maximum(weights - found.prices, LEAST_VALUE * weights)
    return Plan(found.plan.T.copy(), relaxation.group, values, found.limit)


def copies(filling: Filling) -> Ints:
    """Return how many pods of each item alone would fit on each node, shape (I, n).

    Once the filling is stopped, no fewer than that.
    """
    most = np.minimum(filling.pool[:, None], filling.room[:, -1])
    for size, free in zip(filling.sizes.T[:-1], filling.room.T[:-1], strict=True):
        if filling.stopped():
            break
        asks = np.flatnonzero(size)
        most[asks] = np.minimum(most[asks], free // size[asks, None])
    return np.where(filling.eligible, np.maximum(most, 0), 0)


def _relaxed(filling: Filling, group: Ints, groups: int) -> Relaxation:
    room = np.maximum(filling.room, 0)
    capacity = sum_by(group, room, groups)
    most = sum_by(group, copies(filling).T, groups).T
    return Relaxation(
        requests=filling.sizes,
        capacity=capacity,
        largest=capacity,
        nodes=np.bincount(group, minlength=groups),
        occupied=np.zeros(groups, np.bool_),
        most=np.minimum(most, filling.pool[:, None]),
        supply=filling.pool.copy(),
        tier=np.zeros(len(filling.pool), np.int64),
        group=group,
    )


def sum_by(group: Ints, rows: Ints, groups: int) -> Ints:
    """Sum ``rows`` (n, K) over the members of each group, shape (G, K)."""
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(groups))
    sums: Ints = np.add.reduceat(rows[order], starts, axis=0)
    return sums
