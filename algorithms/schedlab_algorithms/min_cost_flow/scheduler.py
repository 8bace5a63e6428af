"""MinCostFlow: the cheapest placement of pods that fill equal slots."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Literal

import numpy as np

from schedlab import engine
from schedlab.api import Budget, Cluster, Placement, PodBatch, Scheduler
from schedlab_algorithms.min_cost_flow.costs import coarse, score_costs
from schedlab_algorithms.min_cost_flow.flows import LARGE, Flows, flows
from schedlab_algorithms.min_cost_flow.graphs import (
    Counts,
    Solve,
    arcs_by_classes,
    arcs_by_pods,
    by_classes,
    by_pods,
)
from schedlab_algorithms.min_cost_flow.transport import Transport, sizes, transport
from schedlab_algorithms.packing.arguments import at_least
from schedlab_algorithms.packing.arrays import Ints
from schedlab_algorithms.packing.packed import alone, packed
from schedlab_algorithms.packing.starts import guided_start, under
from schedlab_algorithms.packing.work import Work

Model = tuple[Callable[[Transport, Solve], Counts | None], Callable[[Transport], int]]
MODELS: dict[str, Model] = {
    "classes": (by_classes, arcs_by_classes),
    "pods": (by_pods, arcs_by_pods),
}
"""How to solve a model, and about how many arcs it has."""

COST_OF_ARC = 1e-6
"""Deterministic seconds charged for an arc; on a slow machine also its wall-clock time."""


class MinCostFlow(Scheduler):
    """Places pods that fill equal slots by minimum-cost flow, under the filters of a profile.

    After Quincy (Isard et al., SOSP 2009) and Firmament (Gog et al., OSDI 2016): pods flow
    through the nodes to a sink, or past them at a price that grows with their priority.
    Pods that request the same are interchangeable as far as room goes, whatever else tells
    them apart (where they may run, priority, preferences): a node has so many slots for
    them, and the flow is exact.  If the batch has pods of several sizes, those of one size
    are placed anew beside all others where these are, one size after another, for as long
    as more are placed.

    Most pods are placed, tier by tier from the highest down, then at the least cost: how far
    below the best total of ``ranking`` the nodes score as the batch finds them.  The answer is
    never worse in this than the greedy start, and optimal if all pods are of one size
    (``info["status"]``).  Pods with GPUs, spread constraints, or rules about other pods stay
    where the start put them.

    Parameters
    ----------
    profile : str
        The profile whose filters hold.
    ranking : str
        The profile that ranks nodes: for the greedy start, and for the costs.
    model : str
        ``classes``: one vertex for all nodes that are alike to the pods of the batch.  ``pods``:
        one for each pod and each node; for comparison.
    most_arcs : int
        Costs are rounded until a model by classes has no more arcs than this.

    Raises
    ------
    InputError
        For an unknown profile, or ``most_arcs`` below 1.
    """

    profile: str = "kubernetes"
    ranking: str = "kubernetes"
    model: Literal["classes", "pods"] = "classes"
    most_arcs: int = 100_000

    def __post_init__(self) -> None:
        at_least(1, most_arcs=self.most_arcs)

    def schedule(self, cluster: Cluster, pods: PodBatch, budget: Budget) -> Placement:
        """Place the batch; see the class."""
        starts = partial(guided_start, self.ranking)
        with flows() as solver:
            if self.model == "pods" and 2 * len(pods) > LARGE and budget.effort > 0:
                solver.get_ready()  # while the start is made
            improve = alone(partial(self._improve, cluster, solver))
            return packed(cluster, pods, budget, self.profile, starts, improve)

    def _improve(self, cluster: Cluster, solver: Flows, work: Work) -> None:
        """Place pods of one size after another anew, as long as more are placed."""
        problem = work.incumbent.problem
        flowing = work.loose & (problem.gpu_count == 0)
        among = np.flatnonzero(flowing)
        filters = engine.profile(self.profile)
        ranking = under(filters, engine.profile(self.ranking)).profile
        cost = np.zeros(problem.eligible.shape, np.int64)
        cost[among] = score_costs(ranking, cluster, problem, among, work.effort)
        before, parts = -1, list(sizes(work.incumbent, flowing))
        while before < work.value:
            before = work.value
            if not all(self._place_anew(work, solver, alike, cost[alike]) for alike in parts):
                return
            if len(parts) == 1 and flowing.all():
                work.optimal, work.bound = True, work.value
                return
            work.note()
        work.exhausted = True

    def _place_anew(self, work: Work, solver: Flows, alike: Ints, cost: Ints) -> bool:
        """Place all pods of one size at the least cost; say whether there was time."""
        found, nodes = transport(work.incumbent, alike, cost)
        problem = replace(found, cost=coarse(found, self.most_arcs, work.effort.is_over))
        solve, size = MODELS[self.model]
        arcs = size(problem)
        if work.effort.left <= 0 or not work.effort.affords(COST_OF_ARC * arcs):
            return False
        work.effort.charge(COST_OF_ARC * arcs)
        work.counters["flows"] += 1
        work.counters["arcs"] += arcs
        placed = solve(problem, partial(solver.cheapest, over=work.effort.is_over))
        if placed is None:
            return False
        counts = np.zeros_like(work.incumbent.counts[alike])
        counts[:, nodes] = placed
        work.incumbent.replace(alike, np.arange(counts.shape[1]), counts, {})
        return True
