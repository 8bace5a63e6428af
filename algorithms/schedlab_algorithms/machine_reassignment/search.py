"""Solve machine reassignment: anneal from the first assignment, keep the best legal one."""

from __future__ import annotations

import numpy as np

from schedlab_algorithms.machine_reassignment.annealing import sweep
from schedlab_algorithms.machine_reassignment.chances import Chances
from schedlab_algorithms.machine_reassignment.cost import cost_of
from schedlab_algorithms.machine_reassignment.polish import polish
from schedlab_algorithms.machine_reassignment.problem import Problem
from schedlab_algorithms.machine_reassignment.progress import Effort, Result, Tell
from schedlab_algorithms.machine_reassignment.state import State
from schedlab_algorithms.machine_reassignment.tables import Tables

BLOCK = 32
"""How many sweeps share a temperature, and lie between two looks at the clock."""

CYCLES = (0.04, 0.9)
"""By which share of the effort each annealing ends: a short one for early answers, a long one.

The rest is for polishing.
"""

HOT, COLD, FROZEN = 0.3, 7e-4, 1e-6
"""Temperatures: at first, when what matters has settled, and at last; in mean process sizes."""

SETTLED = 0.92
"""At which share of an annealing the temperature is COLD."""

ROUGH = 2e-3
"""Above which temperature float32 is exact enough for prices."""

STRAIN, RISES, FAULT = 0.0032, 2.5, 0.5
"""At a temperature T a unit above a capacity costs STRAIN / T ** RISES units above a safety
capacity (one at least), and a broken rule FAULT times as many mean process sizes."""

STEP = 1.1
"""By which factor the prices of broken rules rise at a time."""

LEAST = 0.1
"""The least temperature, below the least difference between two costs."""

FORBIDDEN = 2000
"""Both while polishing: so much that no rule is broken for any gain."""


def solve(
    problem: Problem, effort: Effort, seed: int = 0, tell: Tell = lambda share, value: None
) -> Result:
    """Return the best assignment found; ``tell`` hears of the share spent and the value.

    Cancelled, it returns what it has within a sweep, an exchange or CP-SAT's next look.

    Raises
    ------
    ValueError
        If the first assignment breaks a rule.
    """
    value = cost_of(problem, problem.initial).total
    result = Result(problem.initial.copy(), value, [(effort.elapsed(), value)])
    size = float(problem.sizes().mean())
    state = State(problem, problem.initial, strain(HOT), round(FAULT * strain(HOT) * size))
    if state.broken():
        raise ValueError("the first assignment breaks a rule")
    if problem.machines < 2:
        return result
    chances, start = Chances.of(seed), 0.0
    for end in CYCLES:
        _anneal(state, chances, effort, (start, end), size, result, tell)
        start = end
    state.reprice(FORBIDDEN, round(FORBIDDEN * size))
    polish(state, chances, effort, result, tell)
    return result


def temperature(share: float) -> float:
    """Return the temperature at a share of an annealing, in mean process sizes."""
    if share < SETTLED:
        return _between(HOT, COLD, share / SETTLED)
    return _between(COLD, FROZEN, (share - SETTLED) / (1 - SETTLED))


def strain(heat: float) -> float:
    """Return what a unit above a capacity costs at a temperature in mean process sizes."""
    return min(max(STRAIN / heat**RISES, 1.0), FORBIDDEN)


def _between(low: float, high: float, share: float) -> float:
    return low * (high / low) ** min(max(share, 0.0), 1.0)


def _anneal(
    state: State,
    chances: Chances,
    effort: Effort,
    span: tuple[float, float],
    size: float,
    result: Result,
    tell: Tell,
) -> None:
    tables, priced = None, 0.0
    while (spent := effort.share(result.batches)) < span[1]:
        heat = temperature((spent - span[0]) / (span[1] - span[0]))
        dtype = np.dtype(np.float32 if heat > ROUGH else np.float64)
        if tables is None or strain(heat) > STEP * priced or tables.dtype != dtype:
            priced = strain(heat)
            state.reprice(priced, round(FAULT * priced * size))
            tables = Tables(state, dtype)
        for _ in range(BLOCK):
            if effort.cancelled():
                break
            sweep(state, tables, chances, max(heat * size, LEAST))
        result.batches += BLOCK
        result.keep(state, effort)
        tell(spent, result.value)
