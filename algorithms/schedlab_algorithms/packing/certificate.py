"""By which value a placement is measured, and what that value cannot exceed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from schedlab.api import never
from schedlab.engine import (
    NO_RULES,
    FluidBound,
    PackingProblem,
    PodRules,
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
from schedlab_algorithms.packing.objectives import PLACING, Value, value_of

SHARE_OF_TIME = 0.1
"""Which part of the wall clock the linear program may take."""


@dataclass(frozen=True)
class Certificate:
    """Weights (S,) of the reported value, and the relaxations that bound it and the search.

    ``fluid`` bounds the weighted pods, ``total`` their number.  Once ``over()`` nobody waits
    for a better bound.
    """

    weights: Ints
    fluid: FluidBound
    relaxation: Relaxation
    tiers: TierBounds
    total: FluidBound
    over: Callable[[], bool] = never

    @property
    def bound(self) -> int:
        """What no placement's value exceeds."""
        return math.floor(self.fluid.limit)

    @property
    def most_pods(self) -> int:
        """What no placement's number of pods exceeds."""
        return math.floor(self.total.limit)

    @cached_property
    def fewest_nodes(self) -> int:
        """How many nodes are in use at least where every pod is placed."""
        return fewest_nodes(self.relaxation, self.relaxation.supply, self.over)

    def hopeful(self, incumbent: Incumbent) -> Mask:
        """Return the signatures of waiting pods of which some could be placed yet, (S,).

        Those of tiers of which nobody places more, given what is placed of higher ones,
        are not among them; nobody is where the first objective cannot grow.
        """
        problem, first = incumbent.problem, incumbent.objectives[0]
        waiting = (incumbent.unplaced > 0) & problem.placeable
        placed = problem.by_tier(incumbent.placed())
        if first == "placed-by-priority":
            return waiting & (placed < self.tiers.given(placed))[problem.tier]
        return waiting & (incumbent.value[0] < self.limits(incumbent)[0])

    def missing(self, incumbent: Incumbent) -> Mask:
        """Return the signatures of which the relaxation places more pods, shape (S,)."""
        missing: Mask = incumbent.placed() < np.rint(self.fluid.pods)
        return missing

    def limits(self, incumbent: Incumbent) -> Value:
        """Return what the first objective, which counts pods placed, cannot exceed.

        By priority, each tier given what the incumbent places of higher ones.
        """
        placed = incumbent.problem.by_tier(incumbent.placed())
        if incumbent.objectives[0] == "placed-by-priority":
            return tuple(self.tiers.given(placed).tolist())
        return (self.bound if incumbent.objectives[0] == "value" else self.most_pods,)

    def proves_optimal(self, incumbent: Incumbent) -> bool:
        """Say whether no placement is better: every objective is as good as it can be."""
        first, *others = incumbent.objectives
        if value_of(incumbent, (first,)) < self.limits(incumbent):
            return False
        return all(self._is_at_its_best(incumbent, name) for name in others)

    def _is_at_its_best(self, incumbent: Incumbent, objective: str) -> bool:
        """Say so where it is known whatever the other objectives are."""
        complete = not incumbent.unplaced.any()
        if objective in PLACING:
            return complete
        if objective == "nodes-used":
            return complete and incumbent.nodes_used <= self.fewest_nodes
        return not any(value_of(incumbent, (objective,)))


def certify(problem: PackingProblem, effort: Effort, rules: PodRules = NO_RULES) -> Certificate:
    """Bound the weighted pods that any scheduler could place."""
    relaxation = relax(problem, rules, effort.is_over)
    weights, cancelled = problem.value_weights, effort.cancelled
    fluid = fluid_bound(relaxation, weights, SHARE_OF_TIME * effort.seconds, cancelled)
    ones, seconds = np.ones_like(weights), SHARE_OF_TIME * effort.seconds
    total = fluid_bound(relaxation, ones, seconds, cancelled)
    effort.cut |= not (fluid.solved and total.solved)
    began, seconds = time.perf_counter(), SHARE_OF_TIME * effort.seconds
    tiers = tier_bounds(relaxation, total, seconds, cancelled)
    effort.cut |= time.perf_counter() - began >= seconds
    return Certificate(weights, fluid, relaxation, tiers, total, effort.is_over)
