"""How few nodes could hold the pods that were placed."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.sparse import coo_array, hstack, vstack

from schedlab.api import never
from schedlab.bound.linear import LinearProgram, solve, upper_bound
from schedlab.bound.problem import Floats, Ints
from schedlab.bound.relaxation import Relaxation

MOST_APART = 8
"""How many sets of pods that are on nodes of their own are looked at, the largest ones."""


def fewest_nodes(
    relaxation: Relaxation, placed: Ints, cancelled: Callable[[], bool] = never
) -> int:
    """Return a number of nodes in use below which no placement of these pods exists.

    ``placed`` (S,) are pods by signature, which some placement of the batch places.  Nodes
    that hold other pods are in use anyway and cost nothing; of each group of the others
    at least so many are needed that, were all as large as its largest, the pods would
    fit as a fluid, and that pods of which no two share a node had one each.
    """
    program = _program(relaxation, placed)
    found = solve(program, cancelled=cancelled)
    least = -upper_bound(program, found.duals) if found.solved else 0.0
    opened = math.ceil(max(least, 0.0) - 1e-6)
    return int(relaxation.nodes[relaxation.occupied].sum()) + opened


def _program(relaxation: Relaxation, placed: Ints) -> LinearProgram:
    """Maximise - Σ opened nodes, over pods by signature and group, then nodes by group."""
    room = np.minimum(relaxation.most, placed[:, None])
    signature, group = np.argwhere(room > 0).T
    free = np.flatnonzero(~relaxation.occupied)
    capacity = _capacity(relaxation, signature, group, free)
    house = coo_array(
        (np.full(len(signature), -1.0), (signature, np.arange(len(signature)))),
        shape=(len(placed), len(signature) + len(free)),
    )
    apart = _apart(relaxation, placed, signature, group, free)
    none = np.zeros(apart.shape[0])
    return LinearProgram(
        gain=np.concatenate([np.zeros(len(signature)), np.full(len(free), -1.0)]),
        rows=vstack([capacity, house, apart], format="csr"),
        limits=np.concatenate([_limits(relaxation), -placed.astype(np.float64), none]),
        most=np.concatenate([room[signature, group], relaxation.nodes[free]]).astype(np.float64),
    )


def _capacity(relaxation: Relaxation, signature: Ints, group: Ints, free: Ints) -> coo_array:
    """Return rows: what pods take of each group's resources, minus what opened nodes offer."""
    groups, resources = relaxation.capacity.shape
    taken = relaxation.requests[signature] / relaxation.units
    variable, resource = np.nonzero(taken)
    row = group[variable] * resources + resource
    shape = (groups * resources, len(signature))
    pods = coo_array((taken[variable, resource], (row, variable)), shape=shape)
    offered = -(relaxation.largest[free] / relaxation.units).ravel()
    at = (free[:, None] * resources + np.arange(resources)).ravel()
    column = np.repeat(np.arange(len(free)), resources)
    return hstack([pods, coo_array((offered, (at, column)), shape=(shape[0], len(free)))])


def _apart(
    relaxation: Relaxation, placed: Ints, signature: Ints, group: Ints, free: Ints
) -> coo_array:
    """Return rows: pods of which no two share a node, minus the opened nodes of each group."""
    sets = np.array(relaxation.apart, np.bool_).reshape(len(relaxation.apart), len(placed))
    sets = sets[np.argsort(-(sets @ placed), kind="stable")[:MOST_APART]]
    position = np.full(len(relaxation.nodes), -1)
    position[free] = np.arange(len(free))
    number, variable = np.nonzero(sets[:, signature] & (position[group] >= 0))
    each = np.arange(len(sets) * len(free))
    row = np.concatenate([number * len(free) + position[group[variable]], each])
    column = np.concatenate([variable, len(signature) + each % max(len(free), 1)])
    value = np.concatenate([np.ones(len(variable)), np.full(len(each), -1.0)])
    shape = (len(each), len(signature) + len(free))
    return coo_array((value, (row, column)), shape=shape)


def _limits(relaxation: Relaxation) -> Floats:
    """Return what occupied groups offer, 0 for the others, shape (G * K,)."""
    offered = np.where(relaxation.occupied[:, None], relaxation.capacity, 0)
    limits: Floats = (offered / relaxation.units).ravel()
    return limits
