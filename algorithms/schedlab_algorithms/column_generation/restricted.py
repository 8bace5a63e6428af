"""Whole numbers by CP-SAT: the master problem over the patterns that there are."""

from __future__ import annotations

import numpy as np
from ortools.sat.python import cp_model

from schedlab_algorithms.column_generation.master import Master, Prices
from schedlab_algorithms.column_generation.rounding import SLACK
from schedlab_algorithms.packing.arrays import Ints, Mask
from schedlab_algorithms.packing.effort import Effort
from schedlab_algorithms.packing.solving import solved

MOST = 1500
"""How many patterns are considered, those first that come nearest to paying."""

OPEN = 1
"""Of a pattern used many times, all but this many times are kept as the program has them."""

UNITS = 1024
"""Weights are rounded to this part of the lowest one."""


def restricted(
    master: Master, prices: Prices, hint: Ints, share: float, effort: Effort
) -> Ints | None:
    """Return how often to use each pattern, whole numbers, shape (C,); None if none were found.

    Parameters
    ----------
    prices
        Of the last solution, which most of the nodes of large kinds keep to.
    hint
        How often the incumbent uses each pattern, (C,).
    share
        CP-SAT's deterministic seconds.
    """
    kept = np.maximum(np.floor(prices.used + SLACK).astype(np.int64) - OPEN, 0)
    chosen = _nearest(master, prices, hint > kept)
    model, times = _model(master, kept, chosen)
    for time, wanted in zip(times, np.maximum(hint - kept, 0)[chosen].tolist(), strict=True):
        model.add_hint(time, wanted)
    solver = solved(model, share, effort)
    if solver is None:
        return None
    kept[chosen] += [solver.value(time) for time in times]
    return kept


def _nearest(master: Master, prices: Prices, hinted: Mask) -> Ints:
    """Return the patterns to choose from, ascending: those hinted at, and the best paying."""
    kinds, patterns = np.array(master.kinds), np.array(master.patterns)
    reduced = prices.nodes[kinds] + patterns @ (prices.pods - master.weights)
    ranked = np.lexsort((np.arange(len(kinds)), reduced, ~hinted))
    return np.sort(ranked[:MOST])


def _model(
    master: Master, kept: Ints, chosen: Ints
) -> tuple[cp_model.CpModel, list[cp_model.IntVar]]:
    """Return: how often to use the chosen patterns beside those kept, to be worth most.

    Pods beyond the supply may be used, but count for nothing: whoever gets none of them does
    without.
    """
    kinds, patterns = np.array(master.kinds), np.array(master.patterns)
    nodes = master.size - np.bincount(kinds, kept, minlength=len(master.size)).astype(np.int64)
    pods = master.supply - kept @ patterns
    kinds, patterns = kinds[chosen], patterns[chosen]
    weights = np.rint(master.weights * UNITS).astype(np.int64)
    model = cp_model.CpModel()
    times = [model.new_int_var(0, int(m), "") for m in nodes[kinds]]
    for kind in np.unique(kinds).tolist():
        of_kind = [times[i] for i in np.flatnonzero(kinds == kind)]
        model.add(cp_model.LinearExpr.sum(of_kind) <= int(nodes[kind]))
    beyond = []
    for item, column in enumerate(patterns.T):
        using = np.flatnonzero(column)
        beyond.append(model.new_int_var(0, int(column @ nodes[kinds]), ""))
        used = cp_model.LinearExpr.weighted_sum([times[i] for i in using], column[using].tolist())
        model.add(used - beyond[-1] <= int(pods[item]))
    worth = np.concatenate([patterns @ weights, -weights]).tolist()
    model.maximize(cp_model.LinearExpr.weighted_sum([*times, *beyond], worth))
    return model, times
