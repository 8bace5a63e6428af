"""A lower bound on the cost of every legal assignment, certified in integers.

Lagrangian relaxation of the assignment's linear program.  With prices a of the loads above
safety (0 <= a <= weight), b >= 0 of the capacities and c >= 0 of two processes of a service
on one machine, no legal assignment costs less than

    Σ_p min over m of (moving p to m + a_m·load_p + b_m·use_p + c_sm) - a·safety - b·room - Σ c

for *any* such prices: they need not be optimal.  They are taken from an interior point
solution of the linear program where there is time for one, rounded to multiples of 1/SCALE,
and the bound is then added up in integers; whatever the solver does, it is a bound.  Prices
that are equal on all machines give the bound of the challenge's literature: what all
processes ask for above what all machines safely have.

The cost of moving is that of processes and machines; services' is bounded by 0, as are
spread and dependencies (a relaxation may only forget rules).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array, hstack, vstack

from schedlab.api import never
from schedlab_algorithms.machine_reassignment.problem import Ints, Problem

SCALE = 1024
"""Prices are whole multiples of 1/SCALE."""

LEAST_SECONDS = 10.0
"""A linear program is tried if there are so many seconds for it."""

MOST_PLACES = 200_000
"""And if there are at most so many pairs of a process and a machine it fits on."""


@dataclass(frozen=True)
class Relaxation:
    """The rows of the linear program as whole numbers.

    Attributes
    ----------
    load : int64, shape (P, E)
    safe : int64, shape (M, E)
    weight : int64, shape (E,)
        The loads and, after them, the balances.
    use : int64, shape (P, R)
    room : int64, shape (M, R)
    moving : int64, shape (P, M)
    fits : bool, shape (P, M)
    """

    load: Ints
    safe: Ints
    weight: Ints
    use: Ints
    room: Ints
    moving: Ints
    fits: NDArray[np.bool_]

    @classmethod
    def of(cls, problem: Problem) -> Relaxation:
        """Return the relaxation of a problem."""
        load, safe, weight = [problem.requirement], [problem.safety], [*problem.load_weight]
        for b in problem.balances:
            for amounts, columns in ((problem.requirement, load), (problem.capacity, safe)):
                columns.append((amounts[:, b.second] - b.target * amounts[:, b.first])[:, None])
            weight.append(b.weight)
        moving = problem.machine_weight * problem.machine_move_cost[problem.initial]
        cost = problem.process_weight * problem.process_move_cost
        moving = moving + cost[:, None]
        moving[np.arange(problem.processes), problem.initial] -= cost
        return cls(
            np.hstack(load),
            np.hstack(safe),
            np.array(weight, np.int64),
            problem.requirement,
            problem.room(),
            moving,
            problem.fits(),
        )


@dataclass(frozen=True)
class Prices:
    """Whole multiples of 1/SCALE: ``load`` (M, E), ``use`` (M, R), ``company`` (S, M)."""

    load: Ints
    use: Ints
    company: Ints


def lower_bound(
    problem: Problem, seconds: float = 0.0, cancelled: Callable[[], bool] = never
) -> int:
    """Return a number that no legal assignment costs less than.

    Parameters
    ----------
    seconds
        Wall-clock seconds that a linear program may take; 0 for the bound of sums alone.
    cancelled
        Once true no linear program is begun.  SciPy cannot stop HiGHS within one: a cancel
        then waits for it, for ``seconds`` at most.
    """
    relaxation = Relaxation.of(problem)
    best = certified(problem, relaxation, uniform(problem, relaxation))
    wanted = seconds >= LEAST_SECONDS and not cancelled()
    if wanted and relaxation.fits.sum() <= MOST_PLACES:
        priced = optimal(problem, relaxation, seconds)
        if priced is not None:
            best = max(best, certified(problem, relaxation, priced))
    return max(best, 0)


def certified(problem: Problem, relaxation: Relaxation, prices: Prices) -> int:
    """Return the bound of some prices, in integers, whatever they are.

    Raises
    ------
    OverflowError
        If a number of the sum could leave int64.
    """
    load = np.clip(prices.load, 0, relaxation.weight * SCALE)
    use, company = np.maximum(prices.use, 0), np.maximum(prices.company, 0)
    _check_size(relaxation, load, use, company)
    rows = np.arange(problem.processes)
    price = relaxation.moving * SCALE + relaxation.load @ load.T + relaxation.use @ use.T
    kept = np.where(problem.transient, relaxation.use * use[problem.initial], 0).sum(axis=1)
    price[rows, problem.initial] -= kept
    price += company[problem.service]
    least = np.where(relaxation.fits, price, np.iinfo(np.int64).max).min(axis=1)
    total = sum(least.tolist()) - int(company.sum())
    total -= sum((load * relaxation.safe).sum(axis=1).tolist())
    total -= sum((use * relaxation.room).sum(axis=1).tolist())
    return -((-total) // SCALE)


def _check_size(relaxation: Relaxation, load: Ints, use: Ints, company: Ints) -> None:
    sizes = [
        float(np.abs(relaxation.moving).max(initial=0)) * SCALE,
        float(np.abs(relaxation.load).sum(axis=1).max(initial=0)) * float(load.max(initial=0)),
        float(relaxation.use.sum(axis=1).max(initial=0)) * float(use.max(initial=0)),
        float(np.abs(relaxation.safe).sum(axis=1).max(initial=0)) * float(load.max(initial=0)),
        float(np.abs(relaxation.room).sum(axis=1).max(initial=0)) * float(use.max(initial=0)),
        float(company.astype(np.float64).sum()),
    ]
    if sum(sizes) > 2.0**62:
        raise OverflowError("the bound's prices are too large for int64")


def uniform(problem: Problem, relaxation: Relaxation) -> Prices:
    """Return full prices, on every machine, of what is asked for above all safety together."""
    scarce = relaxation.load.sum(axis=0) > relaxation.safe.sum(axis=0)
    load = np.where(scarce, relaxation.weight * SCALE, 0)
    return Prices(
        np.tile(load, (problem.machines, 1)),
        np.zeros_like(relaxation.room),
        np.zeros((problem.services, problem.machines), np.int64),
    )


def optimal(problem: Problem, relaxation: Relaxation, seconds: float) -> Prices | None:
    """Return the linear program's prices, None if they were not found in time."""
    process, machine = np.nonzero(relaxation.fits)
    company, pairs = _company(problem, process, machine)
    size = np.maximum(np.abs(relaxation.load).mean(axis=0), 1)
    used = relaxation.use[process].astype(np.float64)
    used[np.ix_(machine == problem.initial[process], problem.transient)] = 0
    asked = np.maximum(relaxation.use.mean(axis=0), 1)
    over = -csr_array(np.eye(problem.machines * len(size)))
    places = len(process)
    loads = _rows(relaxation.load[process] / size, machine, problem.machines)
    uses = _rows(used / asked, machine, problem.machines)
    none = csr_array((uses.shape[0] + company.shape[0], over.shape[1]))
    rows: Any = hstack([vstack([loads, uses, company]), vstack([over, none])]).tocsr()
    limits = [(relaxation.safe / size).ravel(), (relaxation.room / asked).ravel()]
    limits.append(np.ones(company.shape[0]))
    unit = float(size.mean())
    gain = np.tile(relaxation.weight * size, problem.machines)
    cost = np.concatenate([relaxation.moving[process, machine], gain]) / unit
    entries = (np.ones(places), (process, np.arange(places)))
    each: Any = csr_array(entries, shape=(problem.processes, len(cost)))  # stubs: dense alone
    found = linprog(
        cost,
        A_ub=rows,
        b_ub=np.concatenate(limits),
        A_eq=each,
        b_eq=np.ones(problem.processes),
        method="highs-ipm",
        options={"time_limit": seconds},
    )
    if found.status != 0:
        return None
    duals = np.maximum(-found.ineqlin.marginals, 0) * unit * SCALE
    return _prices(problem, relaxation, duals, size, asked, pairs)


def _prices(
    problem: Problem,
    relaxation: Relaxation,
    duals: NDArray[np.float64],
    size: NDArray[np.float64],
    asked: NDArray[np.float64],
    pairs: tuple[Ints, Ints],
) -> Prices:
    loads, uses = relaxation.safe.size, relaxation.room.size
    company = np.zeros((problem.services, problem.machines), np.int64)
    company[pairs] = np.rint(duals[loads + uses :]).astype(np.int64)
    load = duals[:loads].reshape(relaxation.safe.shape) / size
    use = duals[loads : loads + uses].reshape(relaxation.room.shape) / asked
    return Prices(np.rint(load).astype(np.int64), np.rint(use).astype(np.int64), company)


def _rows(amounts: NDArray[np.float64], machine: Ints, machines: int) -> csr_array:
    """Return a row for each machine and column of ``amounts``, shape (machines x n, places)."""
    places, count = amounts.shape
    row = machine[:, None] * count + np.arange(count)
    column = np.broadcast_to(np.arange(places)[:, None], row.shape)
    entries = (amounts.ravel(), (row.ravel(), column.ravel()))
    return csr_array(entries, shape=(machines * count, places))


def _company(problem: Problem, process: Ints, machine: Ints) -> tuple[csr_array, tuple[Ints, Ints]]:
    """Return a row for each service and machine that two of its processes fit on."""
    key = problem.service[process] * problem.machines + machine
    keys, row, count = np.unique(key, return_inverse=True, return_counts=True)
    shared = np.flatnonzero(count > 1)
    new = np.full(len(keys), -1)
    new[shared] = np.arange(len(shared))
    kept = np.flatnonzero(new[row] >= 0)
    entries = (np.ones(len(kept)), (new[row][kept], kept))
    services, machines = np.divmod(keys[shared], problem.machines)
    return csr_array(entries, shape=(len(shared), len(process))), (services, machines)
