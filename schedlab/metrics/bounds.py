"""How good a placement of an outcome's batch could be at most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schedlab import engine
from schedlab.api import Cluster, FilterPlugin, Workload
from schedlab.bound import (
    FluidBound,
    PackingProblem,
    Relaxation,
    TierBounds,
    fewest_nodes,
    fluid_bound,
    packing_problem,
    relax,
    tier_bounds,
)

VERIFIED_FILTERS = (
    "SchedulingGates",
    "NodeUnschedulable",
    "NodeName",
    "TaintToleration",
    "NodeAffinity",
    "PodTopologySpread",
)
"""Filters that say nothing which :func:`schedlab.metrics.verify.verify` does not hold all to."""


@dataclass(frozen=True)
class Bounds:
    """What holds for every verified placement of one workload's batch.

    Attributes
    ----------
    problem : PackingProblem
        The batch on the cluster without the bound pods that the outcome evicted.
    relaxation : Relaxation
    pods : FluidBound
        Of the number of pods placed.
    ranked : FluidBound
        Of Σ rank of the priority (1: the lowest) over the pods placed.
    tiers : TierBounds
    """

    problem: PackingProblem
    relaxation: Relaxation
    pods: FluidBound
    ranked: FluidBound
    tiers: TierBounds

    @classmethod
    def of(cls, workload: Workload, stayed: NDArray[np.bool_]) -> Bounds:
        """Bound a workload of which the bound pods ``stayed`` (bool, shape (B,)) still run."""
        problem = packing_problem(_verified(), _cluster(workload, stayed), workload.pods)
        relaxation = relax(problem)
        pods = fluid_bound(relaxation, np.ones(len(problem.specs)))
        ranked = pods
        if problem.tiers > 1:
            ranked = fluid_bound(relaxation, problem.tiers - problem.tier)
        return cls(problem, relaxation, pods, ranked, tier_bounds(relaxation, pods))

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


def _cluster(workload: Workload, stayed: NDArray[np.bool_]) -> Cluster:
    cluster = Cluster.of(workload)
    for number in np.flatnonzero(~stayed).tolist():
        cluster.running.evict(number)
    return cluster
