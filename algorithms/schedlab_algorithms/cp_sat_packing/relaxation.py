"""What could be placed at most, by an aggregated linear relaxation whose bound is exact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array

from schedlab_algorithms.cp_sat_packing.effort import Effort
from schedlab_algorithms.cp_sat_packing.problem import WHOLE_DEVICE, Ints, Problem, copies

MAX_GROUPS = 64
MAX_PAIRS = 100_000
"""The most node groups, and signatures x groups: coarser groups keep the bound valid."""

MOST_DOUBLINGS = 20

SOLVED = 0
"""``scipy.optimize.linprog``'s status of an optimum."""

PRICE_GRAIN = 1 << 60
"""Prices are rounded to multiples of 1/PRICE_GRAIN, and the bound evaluated in integers."""


@dataclass(frozen=True)
class Certificate:
    """What a placement is measured by: weights (S,), the relaxed optimum and a valid bound."""

    weights: Ints
    relaxed: Relaxed
    bound: int


def certify(problem: Problem, effort: Effort) -> Certificate:
    """Return an upper bound on the weighted pods that any scheduler could place."""
    weights, relaxation = tier_weights(problem), relax(problem)
    relaxed = solve(relaxation, weights, effort)
    return Certificate(weights, relaxed, bound(relaxation, weights, relaxed.prices))


def tier_weights(problem: Problem) -> Ints:
    """Return each signature's weight in the reported value, shape (S,).

    1 for the lowest priority and twice as much for each higher one, up to 2**20.  They say
    how good a placement is; the search itself is lexicographic.
    """
    doublings = np.minimum(problem.tiers - 1 - problem.tier, MOST_DOUBLINGS)
    return np.left_shift(1, doublings).astype(np.int64)


@dataclass(frozen=True)
class Relaxation:
    """Signatures x node groups, each group one big node.

    Attributes
    ----------
    requests : int64, shape (S, K)
        Resources, then pods, then GPU thousandths by device.
    capacity : int64, shape (G, K)
        Summed over the nodes of a group.
    most : int64, shape (S, G)
        Pods of a signature that the group's nodes could hold if they got no others.
    supply : int64, shape (S,)
    """

    requests: Ints
    capacity: Ints
    most: Ints
    supply: Ints


def relax(problem: Problem) -> Relaxation:
    """Aggregate the nodes of a problem, as the batch finds them, into groups."""
    group = node_groups(problem)
    groups = int(group.max(initial=-1)) + 1
    taken, offered = _gpu_columns(problem)
    capacity = np.zeros((groups, problem.free.shape[1] + 1 + offered.shape[1]), np.int64)
    np.add.at(capacity, group, np.column_stack([problem.free, problem.slots, offered]))
    requests = np.column_stack([problem.requests, np.ones_like(problem.supply), taken])
    most = np.zeros((len(problem.specs), groups), np.int64)
    for s, eligible in enumerate(problem.eligible):
        fits = copies(problem, s, problem.free, problem.slots, problem.devices)
        most[s] = np.bincount(group, np.where(eligible, fits, 0), minlength=groups)
    return Relaxation(requests, capacity, np.minimum(most, problem.supply[:, None]), problem.supply)


def _gpu_columns(problem: Problem) -> tuple[Ints, Ints]:
    """Return what pods take (S, Q) and nodes offer (N, Q) of GPU thousandths, seen in Q ways.

    Each way is a dual feasible function of a share (Fekete and Schepers, 2001): shares of
    at least ``large`` count as whole devices, and shares that would fit beside one of that
    size as nothing, which cannot overfill any device that was not overfilled before.
    """
    milli, free = problem.gpu_milli, np.maximum(problem.devices, 0)
    large = [m for m in np.unique(milli).tolist() if 2 * m > WHOLE_DEVICE]
    taken, offered = [problem.gpu_count * milli], [free.sum(axis=1)]
    for size in large:
        seen = np.where(milli > WHOLE_DEVICE - size, milli, 0)
        seen[milli >= size] = WHOLE_DEVICE
        taken.append(problem.gpu_count * seen)
        offered.append(np.where(free >= size, WHOLE_DEVICE, free).sum(axis=1))
    return np.column_stack(taken), np.column_stack(offered)


def node_groups(problem: Problem) -> NDArray[np.int64]:
    """Number nodes so that those that are alike share a group, shape (N,).

    Alike are nodes with the same eligible signatures and the same room; if that leaves too
    many groups, room is compared in powers of two, then not at all, and in the end all
    nodes are one.
    """
    allowed = max(1, min(MAX_GROUPS, MAX_PAIRS // max(len(problem.specs), 1)))
    eligible = np.packbits(problem.eligible.T, axis=1)
    room = np.column_stack([problem.free, problem.slots, np.sort(problem.devices, axis=1)])
    magnitude = np.log2(np.maximum(room, 0) + 1.0).astype(np.int64)
    for detail in (room, magnitude, room[:, :0]):
        group = _number_rows(np.hstack([eligible, detail.copy().view(np.uint8)]))
        if group.max(initial=-1) < allowed:
            return group
    return np.zeros_like(group)


def _number_rows(table: NDArray[np.uint8]) -> NDArray[np.int64]:
    index: dict[bytes, int] = {}
    return np.array([index.setdefault(r.tobytes(), len(index)) for r in table], np.int64)


@dataclass(frozen=True)
class Relaxed:
    """Pods by signature and group (S, G), and what a unit of a group's resource is worth (G, K)."""

    pods: NDArray[np.float64]
    prices: NDArray[np.float64]


def solve(relaxation: Relaxation, weights: Ints, effort: Effort) -> Relaxed:
    """Maximise Σ weight x pods, within a tenth of the wall clock.

    What is not solved in time has no pods and prices of 0, and is noted as cut.
    """
    pairs = np.argwhere(relaxation.most > 0)
    pods = np.zeros(relaxation.most.shape)
    prices = np.zeros(relaxation.capacity.shape)
    if not len(pairs):
        return Relaxed(pods, prices)
    unit = np.maximum(relaxation.requests.max(axis=0), 1).astype(np.float64)
    rows: Any = _rows(relaxation, pairs, unit)  # sparse, which the stubs do not know of
    found = linprog(
        -weights[pairs[:, 0]].astype(np.float64),
        A_ub=rows,
        b_ub=np.concatenate([(relaxation.capacity / unit).ravel(), relaxation.supply]),
        bounds=[(0.0, float(most)) for most in relaxation.most[tuple(pairs.T)]],
        method="highs",
        options={"time_limit": effort.seconds / 10},
    )
    effort.cut |= found.status != SOLVED
    if found.status == SOLVED:
        pods[tuple(pairs.T)] = found.x
        prices = -found.ineqlin.marginals[: prices.size].reshape(prices.shape) / unit
    return Relaxed(pods, np.maximum(prices, 0.0))


def _rows(relaxation: Relaxation, pairs: Ints, unit: NDArray[np.float64]) -> csr_array:
    """Return the constraint matrix: each group's resources, then each signature's supply."""
    groups, resources = relaxation.capacity.shape
    signature, group = pairs.T
    variable, resource = np.nonzero(relaxation.requests[signature])
    taken = relaxation.requests[signature[variable], resource] / unit[resource]
    capacity_row = group[variable] * resources + resource
    supply_row = groups * resources + signature
    every = np.arange(len(pairs))
    return coo_array(
        (
            np.concatenate([taken, np.ones(len(pairs))]),
            (np.concatenate([capacity_row, supply_row]), np.concatenate([variable, every])),
        ),
        shape=(groups * resources + len(relaxation.supply), len(pairs)),
    ).tocsr()


def bound(relaxation: Relaxation, weights: Ints, prices: NDArray[np.float64]) -> int:
    """Return a number that Σ weight x placed pods cannot exceed, whatever the prices (>= 0).

    The Lagrangian of the capacities, in exact integers: what all capacity is worth, plus
    for each signature the best it can earn above the prices within its supply.
    """
    price = np.rint(prices * PRICE_GRAIN).astype(np.int64).astype(object)
    worth = int((price * relaxation.capacity.astype(object)).sum())
    cost = relaxation.requests.astype(object) @ price.T
    profit = PRICE_GRAIN * weights.astype(object)[:, None] - cost
    earned = (_best(*rows) for rows in zip(profit, relaxation.most, relaxation.supply, strict=True))
    return (worth + sum(earned)) // PRICE_GRAIN


def _best(profit: NDArray[np.object_], most: Ints, supply: int) -> int:
    """Return Σ profit of at most ``supply`` pods, the most profitable groups first."""
    earned, left = 0, int(supply)
    for gain, room in sorted(zip(profit.tolist(), most.tolist(), strict=True), reverse=True):
        if gain <= 0 or not left:
            break
        earned += gain * min(room, left)
        left -= min(room, left)
    return earned
