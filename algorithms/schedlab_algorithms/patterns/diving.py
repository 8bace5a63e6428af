"""Diving: whole bins out of fractional ones, the rest being solved again each time."""

from __future__ import annotations

import math

import numpy as np

from schedlab_algorithms.patterns.columns import GAIN, Generation
from schedlab_algorithms.patterns.problem import Ints

AT_ONCE = 0.05
"""Which part of the bins that are left is fixed at once at most, unless a pattern is used whole."""

Bins = list[tuple[int, Ints]]
"""Kinds and patterns, one pair for each bin."""


def dive(generation: Generation, upper: int, rounds: int, noise: float) -> Bins | None:
    """Return bins for everything that cost less than ``upper``, None if none were found.

    Solve, fix the patterns used at least once, or else the one used most, and go on with what
    they leave, new patterns being generated for it.

    Parameters
    ----------
    rounds
        Of column generation after each fixing.
    noise
        How much chance plays when the pattern used most is chosen, 0 for none.
    """
    problem = generation.problem
    demand, bins = problem.demand.copy(), problem.bins.copy()
    chosen: Bins = []
    while (demand > 0).any():
        value = generation.settle(rounds)
        spent = sum(int(problem.cost[kind]) for kind, _ in chosen)
        if generation.effort.exhausted() or spent + math.ceil(value - GAIN) >= upper:
            break
        fixed = [_taken(generation, c, demand, bins) for c in _used_most(generation, noise)]
        if not any(fixed):
            break
        chosen += [pair for pairs in fixed for pair in pairs]
        generation.serve(demand.copy(), bins.copy())
    generation.serve(problem.demand, problem.bins)
    return None if (demand > 0).any() else chosen


def _used_most(generation: Generation, noise: float) -> list[int]:
    """Return the columns to fix, each so often as it is to be used.

    Those used at least once; else those used more than half, a few at a time; else the one
    used most.
    """
    amounts = generation.master.amounts
    whole = np.floor(amounts + GAIN).astype(np.int64)
    if whole.any():
        return np.repeat(np.arange(len(whole)), whole).tolist()
    disturbed = amounts + noise * generation.generator.random(len(amounts)) * (amounts > GAIN)
    ranked = np.argsort(-disturbed, kind="stable")[: max(int(amounts.sum() * AT_ONCE), 1)]
    return ranked[(amounts[ranked] > 0.5) | (np.arange(len(ranked)) == 0)].tolist()


def _taken(generation: Generation, column: int, demand: Ints, bins: Ints) -> Bins:
    """Fill one bin with what is still wanted of a pattern; change demand and bins."""
    kind = generation.master.kinds[column]
    pattern = np.minimum(generation.master.patterns[column], demand)
    if not pattern.any() or not bins[kind]:
        return []
    demand -= pattern
    bins[kind] -= 1
    return [(kind, pattern)]
