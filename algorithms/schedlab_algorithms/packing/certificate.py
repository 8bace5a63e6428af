"""By which value a placement is measured, and what that value cannot exceed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from schedlab.engine import (
    FluidBound,
    PackingProblem,
    Relaxation,
    TierBounds,
    fewest_nodes,
    fluid_bound,
    relax,
    tier_bounds,
)
from schedlab_algorithms.packing.arrays import Ints, Mask
from schedlab_algorithms.packing.effort import Effort
from schedlab_algorithms.packing.incumbent import Incumbent

MOST_DOUBLINGS = 20

SHARE_OF_TIME = 0.1
"""Which part of the wall clock the linear program may take."""


@dataclass(frozen=True)
class Certificate:
    """Weights (S,) of the reported value, and the relaxations that bound it and the search."""

    weights: Ints
    fluid: FluidBound
    relaxation: Relaxation
    tiers: TierBounds

    @property
    def bound(self) -> int:
        """What no placement's value exceeds."""
        return math.floor(self.fluid.limit)

    @cached_property
    def fewest_nodes(self) -> int:
        """How many nodes are in use at least where every pod is placed."""
        return fewest_nodes(self.relaxation, self.relaxation.supply)

    def hopeful(self, incumbent: Incumbent) -> Mask:
        """Return the signatures of waiting pods of which some could be placed yet, (S,).

        Those of tiers of which nobody places more, given what is placed of higher ones,
        are not among them.
        """
        problem = incumbent.problem
        placed = problem.by_tier(problem.supply - incumbent.unplaced)
        open_tiers = placed < self.tiers.given(placed)
        return (incumbent.unplaced > 0) & problem.placeable & open_tiers[problem.tier]

    def proves_optimal(self, incumbent: Incumbent) -> bool:
        """Say whether all pods are placed on as few nodes as anybody needs for them."""
        if incumbent.unplaced.any():
            return False
        return incumbent.nodes_used <= self.fewest_nodes


def certify(problem: PackingProblem, effort: Effort) -> Certificate:
    """Bound the weighted pods that any scheduler could place."""
    weights, relaxation = tier_weights(problem), relax(problem)
    fluid = fluid_bound(relaxation, weights, SHARE_OF_TIME * effort.seconds)
    effort.cut |= not fluid.solved
    total = fluid_bound(relaxation, np.ones_like(weights), SHARE_OF_TIME * effort.seconds)
    return Certificate(weights, fluid, relaxation, tier_bounds(relaxation, total))


def tier_weights(problem: PackingProblem) -> Ints:
    """Return each signature's weight in the reported value, shape (S,).

    1 for the lowest priority and twice as much for each higher one, up to 2**20.  They say
    how good a placement is; the search itself is lexicographic.
    """
    doublings = np.minimum(problem.tiers - 1 - problem.tier, MOST_DOUBLINGS)
    return np.left_shift(1, doublings).astype(np.int64)
