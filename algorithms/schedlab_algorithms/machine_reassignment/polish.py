"""Improve a cold assignment: sweeps and exchanges that help, and CP-SAT on a few machines."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab_algorithms.machine_reassignment.annealing import sweep
from schedlab_algorithms.machine_reassignment.chances import Chances
from schedlab_algorithms.machine_reassignment.exchanges import exchange
from schedlab_algorithms.machine_reassignment.neighbourhood import Answer, Neighbourhood
from schedlab_algorithms.machine_reassignment.progress import Effort, Result, Tell
from schedlab_algorithms.machine_reassignment.state import State
from schedlab_algorithms.machine_reassignment.tables import Tables

SWEEPS, EXCHANGES = 24, 16
"""How many sweeps are made, and exchanges drawn, before each neighbourhood."""

STILL = 0.1
"""Their temperature: below the least difference between two costs."""

EFFORT = 0.3
"""CP-SAT's deterministic seconds for a neighbourhood."""

WORTH = 128
"""How many batches of annealing a neighbourhood counts as."""

SIZE, LEAST, GROWS, SHRINKS = 4.0, 2.0, 0.1, 0.2
"""How many machines are freed at first and at least, and what that grows by if CP-SAT
exhausts them, and shrinks by if it does not."""

STUBBORN = 0.97
"""The share of the effort after which a state that still breaks a rule is given up."""


def polish(state: State, chances: Chances, effort: Effort, result: Result, tell: Tell) -> None:
    """Spend what is left of the effort on a state; it may break some rules at first.

    Every step lowers the state's total, but for service move cost, which sweeps do not see: so
    dear rules are mended before all else.
    """
    fits, size, tables = state.problem.fits(), SIZE, Tables(state, np.float64)
    if not state.broken() and state.objective() > result.value:
        state.load(result.assignment)
    while (spent := effort.share(result.batches)) < 1:
        if spent > STUBBORN and state.broken():
            state.load(result.assignment)
        _descend(state, tables, chances, effort)
        machines = _some(state, chances, round(size), fits)
        answer = _refill(state, machines, chances, effort, fits)
        grown = size + GROWS if answer.exhausted else size - SHRINKS
        size = min(max(grown, LEAST), float(state.problem.machines))
        result.batches += WORTH
        result.keep(state, effort)
        tell(spent, result.value)


def _descend(state: State, tables: Tables, chances: Chances, effort: Effort) -> None:
    for _ in range(SWEEPS):
        if not effort.cancelled():
            sweep(state, tables, chances, STILL)
    for _ in range(EXCHANGES):
        if not effort.cancelled():
            exchange(state, chances, STILL)


def _some(state: State, chances: Chances, count: int, fits: NDArray[np.bool_]) -> list[int]:
    """Draw machines: the first by what it and the faults on it cost, the others by how much
    of what it runs fits on them."""
    random, machines = chances.random, state.problem.machines
    faults = state.entry[state.problem.service, state.at] - state.fault
    cost = state.machine_cost + 1.0 + np.bincount(state.at, faults, minlength=machines)
    first = int(random.choice(machines, p=cost / cost.sum()))
    here = state.at == first
    near = state.size[here] @ fits[here] + 1.0
    near[first] = 0
    others = random.choice(machines, min(count, machines) - 1, replace=False, p=near / near.sum())
    return [first, *others.tolist()]


def _refill(
    state: State,
    machines: list[int],
    chances: Chances,
    effort: Effort,
    fits: NDArray[np.bool_],
) -> Answer:
    problem = state.problem
    neighbourhood = Neighbourhood(problem, state.columns, state.at.copy(), sorted(machines))
    neighbourhood.build(fits)
    seed = int(chances.random.integers(1 << 30))
    answer = neighbourhood.solve(EFFORT, effort, seed)
    _apply(state, answer.moves)
    return answer


def _apply(state: State, moves: dict[int, int]) -> None:
    """Make moves, and take them back if that costs more."""
    before, total = {p: int(state.at[p]) for p in moves}, state.total()
    for p, machine in moves.items():
        state.move(p, machine)
    if state.total() > total:
        for p, machine in before.items():
            state.move(p, machine)
