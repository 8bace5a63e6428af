"""Every amount that may be too large, in columns of units of cost: loads, balances, capacities.

A column's cost on a machine is weight max(0, what is taken - limit).  All numbers are whole;
they are kept as float64, which is exact below 2**53 and faster than int64 in NumPy's minima
and products.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab_algorithms.machine_reassignment.problem import Ints, Problem

Floats = NDArray[np.float64]

MOST_SCARCE = 10_000.0
"""How many times dearer a unit is at most of what a machine has little for newcomers."""


class Columns:
    """What each process takes of each machine's columns, and what there is of them.

    Attributes
    ----------
    limit : float64, shape (M, N)
    away, home : float64, shape (P, N)
        What a process takes of any other machine than its first one, and of that: there,
        transient resources are used whether it stays or goes.
    weight : float64, shape (M, N)
        What an amount above the limit costs.
    loads : int
        The number of columns before the capacities.
    """

    def __init__(self, problem: Problem, strain: float) -> None:
        take, limit = _loads(problem)
        price = _capacity_price(problem, strain)
        capacity = problem.requirement * price
        self.loads = take.shape[1]
        self.limit = np.hstack([limit, problem.room() * price]).astype(np.float64)
        self.away = np.hstack([take, capacity]).astype(np.float64)
        self.home = np.hstack([take, np.where(problem.transient, 0, capacity)]).astype(np.float64)
        self.weight = np.hstack([np.ones(limit.shape), _scarcity(problem)])


def _capacity_price(problem: Problem, strain: float) -> Floats:
    """Return the cost of a unit above capacity.

    A resource counted in small numbers has cheap loads; its capacity must not be as cheap.  In
    between, by the square root: as dear as a share of the capacity, big loads cannot travel.
    """
    size = np.maximum(np.median(problem.capacity, axis=0), 1)
    return np.rint(strain * max(problem.load_weight.max(), 1) * np.sqrt(size.max() / size))


def _scarcity(problem: Problem) -> Floats:
    """Return how many times its capacity of a resource is what a machine has for newcomers.

    Of a transient resource it is often little, as its first processes take their part even if
    they leave, and a unit above it is then as dear as the same share of the capacity.
    """
    return np.rint(problem.capacity / np.maximum(problem.room(), 1)).clip(1, MOST_SCARCE)


def _loads(problem: Problem) -> tuple[Ints, Ints]:
    """Return the weighted columns of loads and balances, by process and by machine."""
    loaded = problem.load_weight > 0
    weight = problem.load_weight[loaded]
    take, limit = [problem.requirement[:, loaded] * weight], [problem.safety[:, loaded] * weight]
    for b in problem.balances:
        for amounts, columns in ((problem.requirement, take), (problem.capacity, limit)):
            column = b.weight * (amounts[:, b.second] - b.target * amounts[:, b.first])
            columns.append(column[:, None])
    return np.hstack(take), np.hstack(limit)
