"""Greedy starts: filter-score schedulers tried out on the cluster, the best one kept."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Budget, Cluster, Placement, PodBatch
from schedlab.engine import FilterScore, Profile
from schedlab_algorithms.cp_sat_packing.effort import Effort
from schedlab_algorithms.cp_sat_packing.incumbent import Incumbent, Value
from schedlab_algorithms.cp_sat_packing.problem import Problem
from schedlab_algorithms.cp_sat_packing.relaxation import Relaxed

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


@dataclass(frozen=True)
class Trials:
    """Tries schedulers on one batch; the cluster is left as it was."""

    cluster: Cluster
    pods: PodBatch
    problem: Problem
    seed: int

    def named(self, scheduler: FilterScore) -> Start:
        """Place the batch in the scheduler's own order."""
        placement = scheduler.schedule(self.cluster, self.pods, Budget(seed=self.seed))
        take_back(self.cluster, self.pods, placement)
        incumbent = Incumbent.of(self.problem, self.pods, placement)
        return Start(scheduler, scheduler.name, placement, incumbent, incumbent.value)

    def guided(self, scheduler: FilterScore, relaxed: Relaxed) -> Start:
        """Place the batch in the order that the relaxation suggests."""
        order = guided_order(self.problem, relaxed, self.pods)
        names = [self.pods.names[i] for i in order.tolist()]
        permuted = PodBatch(self.pods.specs, self.pods.signature[order], names)
        arrival = FilterScore(profile=replace(scheduler.profile, queue_sort="Arrival"))
        found = replace(self, pods=permuted).named(arrival)
        placement = Placement.empty(len(order))
        placement.node[order] = found.placement.node
        placement.devices[order] = found.placement.devices
        placement.sequence = order[found.placement.sequence]
        label = f"{scheduler.name}, guided"
        return Start(scheduler, label, placement, found.incumbent, found.value)


def under(profile: Profile, ranking: Profile) -> FilterScore:
    """Return a scheduler that ranks as ``ranking`` does, under the filters of ``profile``."""
    return FilterScore(profile=replace(ranking, filters=profile.filters, devices=profile.devices))


def best_start(
    trials: Trials, schedulers: Sequence[FilterScore], relaxed: Relaxed, effort: Effort
) -> Start:
    """Return the best of all schedulers, each in its own and in guided order; ties to the first.

    The first is always tried, the others as long as the wall clock allows for them.  Half
    the time of the first is kept for placing the answer and what still fits then.
    """
    began = time.perf_counter()
    best = trials.named(schedulers[0])
    cost = time.perf_counter() - began
    effort.reserve(cost / 2)
    for scheduler in schedulers[1:]:
        if effort.affords(AMPLE * cost):
            best = max(best, trials.named(scheduler), key=_value)
    for scheduler in schedulers:
        if effort.affords(AMPLE * cost):
            best = max(best, trials.guided(scheduler, relaxed), key=_value)
    return best


def take_back(cluster: Cluster, pods: PodBatch, placement: Placement) -> None:
    """Remove a placed batch from the cluster."""
    known = np.array([cluster.signature(s) for s in pods.specs], np.int64)
    placed = np.flatnonzero(placement.node >= 0)
    columns = known[pods.signature[placed]], placement.node[placed], placement.devices[placed]
    for signature, row, devices in zip(*(c.tolist() for c in columns), strict=True):
        cluster.remove(signature, row, devices)


def guided_order(problem: Problem, relaxed: Relaxed, pods: PodBatch) -> NDArray[np.int64]:
    """Order pods by tier, and in it those that the relaxation places, largest first.

    The others follow, smallest first: where not all fit, many small pods count for more.
    """
    quota = np.rint(relaxed.pods.sum(axis=1)).astype(np.int64)
    chosen = _rank_in_signature(pods) < quota[pods.signature]
    size = _dominant_share(problem)[pods.signature]
    tier = problem.tier[pods.signature]
    return np.lexsort((np.where(chosen, -size, size), ~chosen, tier)).astype(np.int64)


def _value(start: Start) -> Value:
    return start.incumbent.value


def _rank_in_signature(pods: PodBatch) -> NDArray[np.int64]:
    """Return how many earlier pods of the batch have the pod's signature, shape (P,)."""
    order = np.argsort(pods.signature, kind="stable")
    codes = pods.signature[order]
    rank = np.empty(len(pods), np.int64)
    rank[order] = np.arange(len(pods)) - np.searchsorted(codes, codes)
    return rank


def _dominant_share(problem: Problem) -> NDArray[np.float64]:
    """Return each signature's largest request as a share of all that is free, shape (S,)."""
    shares = problem.requests / np.maximum(problem.free.sum(axis=0), 1)
    dominant: NDArray[np.float64] = shares.max(axis=1)
    return dominant
