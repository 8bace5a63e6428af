"""How many pods could be placed at most: pods as a fluid, nodes as one big node a group."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array, vstack

from schedlab.api import never
from schedlab.bound.linear import LinearProgram, Solution, solve, upper_bound
from schedlab.bound.problem import Floats, Ints
from schedlab.bound.relaxation import Relaxation

MOST_TIERS = 12
"""How many priorities, from the highest, get a linear program of their own."""


@dataclass(frozen=True)
class FluidBound:
    """No placement has a greater Σ weight x placed pods than ``limit``.

    ``pods`` (S,) are those that the relaxation places, ``plan`` (S, G) in which group.
    ``prices`` (S,) is what one more pod of a signature would add, ``rents`` (G, K) what one
    more unit of a group's resource would.  ``solved`` says whether it was solved: if not, the
    limit is still one, no pods are told, and prices and rents are 0.
    """

    limit: float
    pods: Floats
    solved: bool
    plan: Floats
    prices: Floats
    rents: Floats


def fluid_bound(
    relaxation: Relaxation,
    weights: Ints | Floats,
    seconds: float = math.inf,
    cancelled: Callable[[], bool] = never,
) -> FluidBound:
    """Bound Σ weight x placed pods, for weights (S,) >= 0, spending ``seconds`` at most.

    Once ``cancelled()`` is true the program is left unsolved.
    """
    everything = float(weights @ relaxation.placeable) * (1 + 1e-9)
    if seconds <= 0 or cancelled():
        return _unsolved(relaxation, everything)
    program, pairs, short, kept = _program(relaxation, np.asarray(weights, np.float64), [])
    found = solve(program, seconds, cancelled)
    limit = min(everything, upper_bound(program, found.duals)) if found.solved else everything
    plan, rents = np.zeros(relaxation.most.shape), np.zeros(relaxation.capacity.size)
    plan[tuple(pairs.T)] = found.x
    prices = _gained_by_the_last(relaxation, program, pairs, found)
    rents[short], prices[kept], _ = np.split(found.duals, np.cumsum([len(short), len(kept)]))
    rents = rents.reshape(relaxation.capacity.shape) / relaxation.units
    return FluidBound(limit, plan.sum(axis=1), found.solved, plan, prices, rents)


def _unsolved(relaxation: Relaxation, limit: float) -> FluidBound:
    """Return a limit and nothing else."""
    signatures = np.zeros(len(relaxation.supply))
    plan, rents = np.zeros(relaxation.most.shape), np.zeros(relaxation.capacity.shape)
    return FluidBound(limit, signatures, False, plan, signatures, rents)


def _gained_by_the_last(
    relaxation: Relaxation, program: LinearProgram, pairs: Ints, found: Solution
) -> Floats:
    """Return the prices of supplies that have no row, as the bounds of variables say it all."""
    reduced = np.maximum(program.gain - program.rows.T @ found.duals, 0.0)
    least = np.full(len(relaxation.supply), np.inf)
    np.minimum.at(least, pairs[:, 0], reduced)
    scarce = (relaxation.most.sum(axis=1) == relaxation.supply) & np.isfinite(least)
    return np.where(scarce & found.solved, least, 0.0)


@dataclass(frozen=True)
class TierBounds:
    """For each tier t: Σ ``weights[t]`` x pods placed by tier cannot exceed ``limits[t]``.

    ``weights`` (T, T) has 1 on its diagonal, what a pod of a higher tier costs this one
    below it, and 0 above.  ``supply`` (T,) are the pods that wait.
    """

    weights: Floats
    limits: Floats
    supply: Ints

    def given(self, placed: Ints) -> Ints:
        """Return how many of each tier can be placed where so many of the higher ones are, (T,).

        ``placed`` (T,) are pods by tier of a placement.
        """
        higher = np.tril(self.weights, -1) * placed
        room = self.limits - higher.sum(axis=1)
        slack = 1e-9 * (np.abs(self.limits) + higher.sum(axis=1))
        return np.clip(np.floor(room + slack).astype(np.int64), 0, self.supply)


def tier_bounds(
    relaxation: Relaxation,
    total: FluidBound,
    seconds: float = math.inf,
    cancelled: Callable[[], bool] = never,
) -> TierBounds:
    """Bound each tier among placements that are the best in all higher ones.

    ``total`` bounds all pods together (weights 1): it is what tiers beyond the first
    :data:`MOST_TIERS` are held to, and those whose turn comes after so many ``seconds``, or
    once ``cancelled()`` is true.
    """
    deadline = time.perf_counter() + seconds
    tiers = int(relaxation.tier.max(initial=-1)) + 1
    weights, limits = np.tril(np.ones((tiers, tiers))), np.full(tiers, total.limit)
    supply = np.bincount(relaxation.tier, relaxation.placeable, minlength=tiers)
    best = np.zeros(tiers, np.int64)
    for tier in range(min(tiers, MOST_TIERS)) if tiers > 1 else ():
        left = deadline - time.perf_counter()
        if cancelled() or left <= 0:
            break
        weights[tier, :tier], limits[tier] = _tier_bound(relaxation, tier, best, left, cancelled)
        best[tier] = TierBounds(weights, limits, supply.astype(np.int64)).given(best)[tier]
    return TierBounds(weights, limits, supply.astype(np.int64))


def _tier_bound(
    relaxation: Relaxation, tier: int, best: Ints, seconds: float, cancelled: Callable[[], bool]
) -> tuple[Floats, float]:
    """Return what pods of the higher tiers cost this one, (tier,), and the limit."""
    own = (relaxation.tier == tier).astype(np.float64)
    higher = np.flatnonzero(best[:tier])
    program, *_ = _program(relaxation, own, [(int(u), int(best[u])) for u in higher])
    found = solve(program, seconds, cancelled)
    costs = np.zeros(tier)
    if not found.solved:
        return costs, float(own @ relaxation.placeable)
    duals = found.duals[len(program.limits) - len(higher) :]
    costs[higher] = duals
    # Σ own - costs·best <= bound, so Σ own + costs·placed is what the others may not exceed.
    return costs, upper_bound(program, found.duals) + float(duals @ best[higher]) * (1 + 1e-12)


def _program(
    relaxation: Relaxation, weights: Floats, floors: Sequence[tuple[int, int]]
) -> tuple[LinearProgram, Ints, Ints, Ints]:
    """Return the program and what its parts stand for.

    These are each variable's signature and group (n, 2), and which capacities (of the G x K)
    and which supplies count.

    Rows: what each group offers, where it can run short; the supply of each signature; the
    rules between pods; for (tier, least) in ``floors`` that so many of the tier are placed.
    """
    wanted = (weights > 0) | np.isin(relaxation.tier, [t for t, _ in floors])
    pairs = np.argwhere((relaxation.most > 0) & wanted[:, None])
    signature, group = pairs.T
    capacity, limits, short = _capacity_rows(relaxation, signature, group)
    supply = _indicator(signature, len(relaxation.supply))
    kept = np.flatnonzero(relaxation.most.sum(axis=1) > relaxation.supply)
    tiers = _indicator(relaxation.tier[signature], int(relaxation.tier.max(initial=0)) + 1)
    least = -tiers[[t for t, _ in floors]]
    between = relaxation.between.over(_numbers(relaxation, pairs))
    floor = [-float(b) for _, b in floors]
    program = LinearProgram(
        gain=weights[signature],
        rows=vstack([capacity, supply[kept], between, least], format="csr"),
        limits=np.concatenate([limits, relaxation.supply[kept], relaxation.between.limit, floor]),
        most=relaxation.most[signature, group].astype(np.float64),
    )
    return program, pairs, short, kept


def _numbers(relaxation: Relaxation, pairs: Ints) -> Ints:
    """Return the number of the variable of each signature and group, -1: none, shape (S, G)."""
    number = np.full(relaxation.most.shape, -1)
    number[tuple(pairs.T)] = np.arange(len(pairs))
    return number


def _indicator(code: Ints, size: int) -> csr_array:
    shape = (size, len(code))
    return coo_array((np.ones(len(code)), (code, np.arange(len(code)))), shape=shape).tocsr()


def _capacity_rows(
    relaxation: Relaxation, signature: Ints, group: Ints
) -> tuple[csr_array, Floats, Ints]:
    """Return the rows (sparse), limits and positions of group's resources that can run short."""
    groups, resources = relaxation.capacity.shape
    taken = relaxation.requests[signature] / relaxation.units
    variable, resource = np.nonzero(taken)
    row = group[variable] * resources + resource
    shape = (groups * resources, len(signature))
    rows = coo_array((taken[variable, resource], (row, variable)), shape=shape).tocsr()
    limits = (relaxation.capacity / relaxation.units).ravel()
    demand = rows @ relaxation.most[signature, group]
    short = np.flatnonzero(demand > limits * (1 - 1e-9))
    return rows[short], limits[short], short
