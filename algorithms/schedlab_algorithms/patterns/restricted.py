"""Whole bins from the patterns that there are: set covering by CP-SAT."""

from __future__ import annotations

import numpy as np
from ortools.sat.python import cp_model

from schedlab_algorithms.packing.solving import solved
from schedlab_algorithms.patterns.columns import Generation
from schedlab_algorithms.patterns.diving import Bins
from schedlab_algorithms.patterns.problem import Ints

MOST = 1500
"""How many patterns are considered, those first that come nearest to paying."""


def cover(generation: Generation, upper: int, share: float) -> Bins | None:
    """Return bins for everything that cost less than ``upper``, None if none were found.

    Parameters
    ----------
    share
        CP-SAT's deterministic seconds.
    """
    effort, chosen = generation.effort, _nearest(generation)
    model, times = _model(generation, chosen, upper)
    solver = solved(model, share, effort)
    if solver is None:
        return None
    counts = [solver.value(time) for time in times]
    return _bins(generation, np.repeat(chosen, counts))


def _nearest(generation: Generation) -> Ints:
    """Return the columns of the lowest reduced cost, ascending."""
    master = generation.master
    master.solve(generation.over)
    kinds = np.array(master.kinds, np.int64)
    worth = np.array(master.patterns) @ master.prices
    reduced = generation.problem.cost[kinds] + master.rents[kinds] - worth
    return np.sort(np.argsort(reduced, kind="stable")[:MOST])


def _model(
    generation: Generation, chosen: Ints, upper: int
) -> tuple[cp_model.CpModel, list[cp_model.IntVar]]:
    """Return: how often to use each column, so that everything is covered at the least cost."""
    problem, model = generation.problem, cp_model.CpModel()
    kinds = np.array(generation.master.kinds)[chosen]
    patterns = np.array(generation.master.patterns)[chosen]
    most = np.minimum(problem.bins[kinds], problem.demand.max())
    times = [model.new_int_var(0, int(m), "") for m in most]
    for kind, bins in enumerate(problem.bins.tolist()):
        model.add(
            cp_model.LinearExpr.sum([times[i] for i in np.flatnonzero(kinds == kind)]) <= bins
        )
    for item, wanted in enumerate(problem.demand.tolist()):
        there = np.flatnonzero(patterns[:, item])
        held = [(times[i], int(patterns[i, item])) for i in there]
        model.add(sum(t * c for t, c in held) >= wanted)
    cost = cp_model.LinearExpr.weighted_sum(times, problem.cost[kinds].tolist())
    model.add(cost < upper)
    model.minimize(cost)
    return model, times


def _bins(generation: Generation, columns: Ints) -> Bins:
    """Fill the bins with what is wanted of their patterns."""
    left, bins = generation.problem.demand.copy(), Bins()
    for column in columns.tolist():
        pattern = np.minimum(generation.master.patterns[column], left)
        if pattern.any():
            bins.append((generation.master.kinds[column], pattern))
            left -= pattern
    return bins
