"""Solve machine reassignment: anneal from the first assignment, keep the best legal one."""

from __future__ import annotations

import numpy as np

from schedlab_algorithms.machine_reassignment.annealing import Chances, batch, exchange
from schedlab_algorithms.machine_reassignment.cost import cost_of
from schedlab_algorithms.machine_reassignment.polish import polish
from schedlab_algorithms.machine_reassignment.problem import Problem
from schedlab_algorithms.machine_reassignment.progress import Effort, Result, Tell
from schedlab_algorithms.machine_reassignment.state import State

BLOCK = 32
"""How many batches share a temperature, and lie between two looks at the clock."""

CYCLES = (0.1, 0.5)
"""By which share of the effort each annealing ends: a short one for early answers, a long one.

The rest is for polishing.
"""

HOT, COLD, FROZEN = 1.0, 7e-4, 1e-8
"""Temperatures: at first, when what matters has settled, and at last; in mean process sizes."""

SETTLED = 0.85
"""At which share of an annealing the temperature is COLD."""

PAIRED = 0.8
"""From which share of an annealing on exchanges between two machines join in."""

STRAIN = (3.0, 2000.0)
"""The cost of a unit above a capacity, in units above a safety capacity: at first, at last."""

FAULT = (1.0, 400.0)
"""The cost of a broken rule, in mean process sizes: at first, at last."""

FORBIDDEN = 2000
"""Both while polishing: so much that no rule is broken for any gain."""

STRICT = (0.3, 0.75)
"""Between which shares of an annealing the prices of broken rules rise."""


def solve(
    problem: Problem,
    effort: Effort,
    seed: int = 0,
    tell: Tell = lambda share, value: None,
) -> Result:
    """Return the best assignment found; ``tell`` hears of the share spent and the value.

    Raises
    ------
    ValueError
        If the first assignment breaks a rule.
    """
    value = cost_of(problem, problem.initial).total
    result = Result(problem.initial.copy(), value, [(effort.elapsed(), value)])
    size = mean_size(problem)
    state = State(problem, problem.initial, STRAIN[0], round(FAULT[0] * size))
    if state.broken():
        raise ValueError("the first assignment breaks a rule")
    chances, start = Chances.of(problem, seed), 0.0
    for end in CYCLES:
        _anneal(state, chances, effort, (start, end), size, result, tell)
        start = end
    state.reprice(FORBIDDEN, round(FORBIDDEN * size))
    polish(state, chances, effort, result, tell)
    return result


def mean_size(problem: Problem) -> float:
    """Return the mean over the processes of what all they ask for costs above safety."""
    asked = problem.requirement @ np.maximum(problem.load_weight, 1)
    return max(1.0, float(asked.mean()))


def temperature(share: float) -> float:
    """Return the temperature at a share of an annealing, in mean process sizes."""
    if share < SETTLED:
        return _between(HOT, COLD, share / SETTLED)
    return _between(COLD, FROZEN, (share - SETTLED) / (1 - SETTLED))


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
    priced = -1.0
    while (spent := effort.share(result.batches)) < span[1]:
        share = (spent - span[0]) / (span[1] - span[0])
        strict = min(max((share - STRICT[0]) / (STRICT[1] - STRICT[0]), 0.0), 1.0)
        if abs(strict - priced) > 0.01 or (strict in (0.0, 1.0) and strict != priced):
            state.reprice(round(_between(*STRAIN, strict)), round(_between(*FAULT, strict) * size))
            priced = strict
        heat = max(temperature(share) * size, 0.1)
        for _ in range(BLOCK):
            batch(state, chances, heat)
            if share > PAIRED:
                exchange(state, chances, heat)
        result.batches += BLOCK
        result.keep(state, effort)
        tell(spent, result.value)
