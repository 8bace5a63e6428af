"""How good a placement of an outcome's batch could be at most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from schedlab import engine
from schedlab.api import FilterPlugin, Move, Workload
from schedlab.bound import (
    FluidBound,
    PackingProblem,
    Relaxation,
    TierBounds,
    fewest_nodes,
    fluid_bound,
    packing_problem,
    pod_rules,
    relax,
    tier_bounds,
)
from schedlab.metrics.settled import settled

VERIFIED_FILTERS = (
    "SchedulingGates",
    "NodeUnschedulable",
    "NodeName",
    "TaintToleration",
    "NodeAffinity",
    "PodTopologySpread",
    "NodePorts",
    "InterPodAffinity",
)
"""Filters that say nothing which :func:`schedlab.metrics.verify.verify` does not hold all to."""


@dataclass(frozen=True)
class Bounds:
    """What holds for every verified placement of one workload's batch.

    Attributes
    ----------
    problem : PackingProblem
        The batch beside the bound pods that the outcome did not evict, where they ended up.
    relaxation : Relaxation
    pods : FluidBound
        Of the number of pods placed.
    ranked : FluidBound
        Of Σ rank of the priority (1: the lowest) over the pods placed.
    value : FluidBound
        Of Σ ``problem.value_weights`` over the pods placed.
    tiers : TierBounds
    """

    problem: PackingProblem
    relaxation: Relaxation
    pods: FluidBound
    ranked: FluidBound
    value: FluidBound
    tiers: TierBounds

    @classmethod
    def of(
        cls,
        workload: Workload,
        stayed: NDArray[np.bool_],
        moves: Sequence[Move] = (),
        evicting: bool = False,
    ) -> Bounds:
        """Bound a workload of which the bound pods ``stayed`` (bool, shape (B,)) still run.

        They are where ``moves`` took them.  Where any pod moved, or ``evicting`` says that one
        left, topology spread is not bounded: a domain may have lost what others were held to.
        """
        filters, cluster = _verified(), settled(workload, stayed, moves)
        problem = packing_problem(filters, cluster, workload.pods)
        rules = pod_rules(filters, cluster, workload.pods.specs)
        if evicting or moves or not stayed.all():
            rules = replace(rules, spreads=())
        relaxation = relax(problem, rules)
        pods = fluid_bound(relaxation, np.ones(len(problem.specs)))
        ranked = value = pods
        if problem.tiers > 1:
            value = fluid_bound(relaxation, problem.value_weights)
            ranked = value
        if problem.tiers > 2:  # With two, the ranks 1 and 2 are the weights 1 and 2.
            ranked = fluid_bound(relaxation, problem.tiers - problem.tier)
        return cls(problem, relaxation, pods, ranked, value, tier_bounds(relaxation, pods))

    def fewest_nodes(self, placed: NDArray[np.int64]) -> int:
        """Return how many nodes are in use at least if so many pods (S,) are placed."""
        return fewest_nodes(self.relaxation, placed)

    @property
    def priorities(self) -> list[int]:
        """The distinct priorities of the batch, descending: one for each tier."""
        return sorted({s.priority for s in self.problem.specs}, reverse=True)


def _verified() -> list[FilterPlugin]:
    known = engine.profile("kubernetes").filters
    return [f for f in known if f.name in VERIFIED_FILTERS]
