"""One constraint for several: dimensions weighted so that the relaxation bounds best."""

from __future__ import annotations

import numpy as np

from schedlab_algorithms.patterns.problem import Floats, Ints

ROUNDS = 16
SMALLEST = 1e-3


def multipliers(values: Floats | Ints, sizes: Ints, most: Ints, capacity: Ints) -> Floats:
    """Return weights (K,) of the dimensions, at least 0, of a surrogate knapsack constraint.

    Any weights give a valid bound (Glover, Surrogate Constraints, Operations Research 1968).
    These are found by raising the weight of a dimension that the relaxed optimum overfills,
    starting from equal weights of the dimensions' capacities.
    """
    unit = 1.0 / np.maximum(capacity, 1)
    scaled = np.maximum(sizes * unit, 0.0)
    weights = np.ones(len(capacity))
    best, best_bound = weights, np.inf
    step = 0.5
    for _ in range(ROUNDS):
        bound, used = _relaxed(values, scaled, most, weights)
        if bound < best_bound:
            best, best_bound = weights, bound
        else:
            step *= 0.7
        weights = weights * np.exp(step * np.clip(used - 1.0, -1.0, 1.0))
        weights = np.maximum(weights / weights.max(), SMALLEST)
    return best * unit


def _relaxed(
    values: Floats | Ints, scaled: Floats, most: Ints, weights: Floats
) -> tuple[float, Floats]:
    """Return the optimum of the surrogate relaxation, and what it uses of each dimension."""
    weight = scaled @ weights
    order = np.argsort(-values / np.maximum(weight, 1e-12), kind="stable")
    reach = np.cumsum(weight[order] * most[order])
    room = float(weights.sum())
    share = np.clip(1.0 - (reach - room) / np.maximum(weight[order] * most[order], 1e-12), 0.0, 1.0)
    taken = most[order] * share
    return float(values[order] @ taken), taken @ scaled[order]
