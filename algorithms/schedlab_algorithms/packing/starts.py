"""Greedy starts: filter-score schedulers tried out on the cluster, the best one kept."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from schedlab import engine
from schedlab.api import Budget, Cluster, Placement, PodBatch
from schedlab.engine import FilterScore, FluidBound, PackingProblem, Profile
from schedlab_algorithms.packing.certificate import Certificate
from schedlab_algorithms.packing.effort import Effort
from schedlab_algorithms.packing.incumbent import Incumbent, Value

AMPLE = 2.0
"""How many times the first start's duration must be left for a further one."""


@dataclass(frozen=True)
class Start:
    """What one filter-score scheduler made of the batch."""

    scheduler: FilterScore
    label: str
    placement: Placement
    incumbent: Incumbent
    value: Value
    nodes_used: int


@dataclass(frozen=True)
class Trials:
    """Tries schedulers on one batch; the cluster is left as it was."""

    cluster: Cluster
    pods: PodBatch
    problem: PackingProblem
    budget: Budget

    def named(self, scheduler: FilterScore) -> Start:
        """Place the batch in the scheduler's own order."""
        budget = Budget(seed=self.budget.seed, cancelled=self.budget.cancelled)
        placement = scheduler.schedule(self.cluster, self.pods, budget)
        take_back(self.cluster, self.pods, placement)
        incumbent = Incumbent.of(self.problem, self.pods, placement)
        return _start(scheduler, scheduler.name, placement, incumbent)

    def guided(self, scheduler: FilterScore, fluid: FluidBound) -> Start:
        """Place the batch in the order that the relaxation suggests."""
        order = guided_order(self.problem, fluid, self.pods)
        names = [self.pods.names[i] for i in order.tolist()]
        permuted = PodBatch(self.pods.specs, self.pods.signature[order], names)
        profile = replace(scheduler.profile, queue_sort="Arrival")
        found = replace(self, pods=permuted).named(FilterScore(profile=profile, path="run"))
        placement = Placement.empty(len(order))
        placement.node[order] = found.placement.node
        placement.devices[order] = found.placement.devices
        placement.sequence = order[found.placement.sequence]
        return _start(scheduler, f"{scheduler.name}, guided", placement, found.incumbent)


def _start(scheduler: FilterScore, label: str, placement: Placement, incumbent: Incumbent) -> Start:
    return Start(scheduler, label, placement, incumbent, incumbent.value, incumbent.nodes_used)


def under(profile: Profile, ranking: Profile) -> FilterScore:
    """Return a scheduler that ranks as ``ranking`` does, under the filters of ``profile``."""
    ranked = replace(
        profile,
        name=ranking.name,
        scores=ranking.scores,
        tie_break=ranking.tie_break,
        queue_sort=ranking.queue_sort,
    )
    return FilterScore(profile=ranked)


def guided_start(
    ranking: str, filters: Profile, trials: Trials, certificate: Certificate, effort: Effort
) -> list[Start]:
    """Return one quick start: pods alike in one step, in the order that the relaxation suggests.

    Half the time it takes is kept for placing the answer.
    """
    began = time.perf_counter()
    start = trials.guided(under(filters, engine.profile(ranking)), certificate.fluid)
    effort.reserve((time.perf_counter() - began) / 2)
    return [start]


def best_starts(
    rankings: Sequence[str],
    filters: Profile,
    trials: Trials,
    certificate: Certificate,
    effort: Effort,
) -> list[Start]:
    """Return the best start tier by tier, then the most valuable one if that is another.

    The latter places so many more pods of lower tiers that it is worth while to mend what
    it lacks in a higher one.  Ties go to the first.  ``rankings`` name profiles.
    """
    weights = certificate.weights
    schedulers = [under(filters, engine.profile(name)) for name in rankings]
    starts = _all_starts(trials, schedulers, certificate.fluid, effort)
    best = valuable = next(starts)
    for start in starts:
        best = max(best, start, key=lambda s: s.value)
        valuable = min(valuable, start, key=lambda s: int(weights @ s.incumbent.unplaced))
    return [best] if valuable is best else [best, valuable]


def _all_starts(
    trials: Trials, schedulers: Sequence[FilterScore], fluid: FluidBound, effort: Effort
) -> Iterator[Start]:
    """Try all schedulers.

    The first is always tried, the others as long as the wall clock allows for them, in
    their own and in guided order (a single one in both).  Half the time of the first is
    kept for placing the answer and what still fits then.
    """
    began = time.perf_counter()
    first = trials.named(schedulers[0])
    cost = time.perf_counter() - began
    effort.reserve(cost / 2)
    yield first
    rest = schedulers[1:]
    attempts = [
        *(partial(trials.named, s) for s in rest),
        *(partial(trials.guided, s, fluid) for s in rest or schedulers),
    ]
    yield from (attempt() for attempt in attempts if effort.affords(AMPLE * cost))


def take_back(cluster: Cluster, pods: PodBatch, placement: Placement) -> None:
    """Remove a placed batch from the cluster."""
    known = np.array([cluster.signature(s) for s in pods.specs], np.int32)
    plain = np.flatnonzero((placement.node >= 0) & (placement.devices == 0))
    cluster.remove_many(known[pods.signature[plain]], placement.node[plain])
    shared = np.flatnonzero((placement.node >= 0) & (placement.devices > 0))
    columns = known[pods.signature[shared]], placement.node[shared], placement.devices[shared]
    for signature, row, devices in zip(*(c.tolist() for c in columns), strict=True):
        cluster.remove(signature, row, devices)


def guided_order(problem: PackingProblem, fluid: FluidBound, pods: PodBatch) -> NDArray[np.int64]:
    """Order pods by tier, and in it those that the relaxation places, largest first.

    The others follow, smallest first: where not all fit, many small pods count for more.
    Pods alike stand together, which a scheduler may use to place them in one step.
    """
    quota = np.rint(fluid.pods).astype(np.int64)
    chosen = _rank_in_signature(pods) < quota[pods.signature]
    size = problem.dominant_share[pods.signature]
    tier = problem.tier[pods.signature]
    keys = pods.signature, np.where(chosen, -size, size), ~chosen, tier
    return np.lexsort(keys).astype(np.int64)


def _rank_in_signature(pods: PodBatch) -> NDArray[np.int64]:
    """Return how many earlier pods of the batch have the pod's signature, shape (P,)."""
    order = np.argsort(pods.signature, kind="stable")
    codes = pods.signature[order]
    rank = np.empty(len(pods), np.int64)
    rank[order] = np.arange(len(pods)) - np.searchsorted(codes, codes)
    return rank
