"""Greedy starts: filter-score schedulers tried out on the cluster, the best one kept."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from schedlab import engine
from schedlab.api import Budget, Cluster, Placement, PodBatch
from schedlab.engine import FilterScore, FluidBound, PackingProblem, Profile
from schedlab_algorithms.packing.certificate import Certificate
from schedlab_algorithms.packing.effort import Effort
from schedlab_algorithms.packing.incumbent import Incumbent
from schedlab_algorithms.packing.names import some_of
from schedlab_algorithms.packing.objectives import DEFAULT, Objectives, Value
from schedlab_algorithms.packing.order import guided_order, take_back

AMPLE = 2.0
"""How many times the first start's duration must be left for a further one."""

SHARE_OF_STARTS = 0.2
"""Which part of the wall clock may be over when a further start is made."""

SHARE_OF_FIRST = 0.3
"""Which part of the wall clock the first start may take before it is cut."""

PACE = 1e-4
"""Seconds that a pod takes where pods are placed one by one: if all take longer, none is."""

SHARE_OF_QUICK = 0.6
"""Which part of what is then left a quick one may take in its place."""


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
    objectives: Objectives = DEFAULT

    def nothing(self, scheduler: FilterScore) -> Start:
        """Place nothing, as nobody waits for more."""
        incumbent = Incumbent(self.problem, self.objectives)
        return _start(scheduler, scheduler.name, Placement.empty(len(self.pods)), incumbent)

    def named(self, scheduler: FilterScore) -> Start:
        """Place the batch in the scheduler's own order."""
        if self.budget.cancelled():
            return self.nothing(scheduler)
        budget = Budget(seed=self.budget.seed, cancelled=self.budget.cancelled)
        placement = scheduler.schedule(self.cluster, self.pods, budget)
        return self.taken_back(scheduler, scheduler.name, placement)

    def taken_back(self, scheduler: FilterScore, label: str, placement: Placement) -> Start:
        """Return a placement as a start, and the cluster to what it was."""
        take_back(self.cluster, self.pods, placement)
        incumbent = Incumbent.of(self.problem, self.pods, placement, self.objectives)
        return _start(scheduler, label, placement, incumbent)

    def until(self, deadline: float) -> Trials:
        """Return the same, to be cut at a reading of ``time.perf_counter()``."""
        asked = self.budget.cancelled
        over = partial(_is_over, asked, deadline) if deadline < math.inf else asked
        return replace(self, budget=replace(self.budget, cancelled=over))

    def guided(self, scheduler: FilterScore, fluid: FluidBound) -> Start:
        """Place the batch in the order that the relaxation suggests."""
        if self.budget.cancelled():
            return self.nothing(scheduler)
        order = guided_order(self.problem, fluid, self.pods)
        permuted = some_of(self.pods, order)
        profile = replace(scheduler.profile, queue_sort="Arrival")
        found = replace(self, pods=permuted).named(FilterScore(profile=profile, path="run"))
        placement = Placement.empty(len(order))
        placement.node[order] = found.placement.node
        placement.devices[order] = found.placement.devices
        placement.sequence = order[found.placement.sequence]
        return _start(scheduler, f"{scheduler.name}, guided", placement, found.incumbent)


def _is_over(cancelled: Callable[[], bool], deadline: float) -> bool:
    return cancelled() or time.perf_counter() >= deadline


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
    scheduler = under(filters, engine.profile(ranking))
    return [_quick(trials, scheduler, certificate.fluid, effort)]


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

    The first is always tried, and where it has to be cut a quick one; the others as long
    as the wall clock allows for them, in their own and in guided order (a single one in
    both).  Half the time of the first is kept for placing the answer and what still fits.
    """
    began, limit = time.perf_counter(), SHARE_OF_FIRST * effort.seconds
    cost, keep = limit, (1 - SHARE_OF_STARTS) * effort.seconds
    if PACE * len(trials.pods) <= limit:
        first = trials.until(began + limit).named(schedulers[0])
        cost = time.perf_counter() - began
        yield first
    if cost >= limit:
        effort.cut = True
        yield _quick(trials, schedulers[-1], fluid, effort)
        return
    effort.reserve(cost / 2)
    least = max(AMPLE * cost, keep if math.isfinite(keep) else 0.0)
    for attempt in _attempts(trials.until(effort.deadline), schedulers, fluid):
        if effort.affords(least):
            yield attempt()


def _attempts(
    trials: Trials, schedulers: Sequence[FilterScore], fluid: FluidBound
) -> Iterator[Callable[[], Start]]:
    """Yield further starts: all schedulers but the first, then these in guided order."""
    rest = schedulers[1:]
    yield from (partial(trials.named, s) for s in rest)
    yield from (partial(trials.guided, s, fluid) for s in rest or schedulers)


def _quick(trials: Trials, scheduler: FilterScore, fluid: FluidBound, effort: Effort) -> Start:
    """Place pods alike in one step, which is much faster; keep half its time for the answer."""
    began, limit = time.perf_counter(), SHARE_OF_QUICK * effort.seconds
    start = trials.until(began + limit).guided(scheduler, fluid)
    cost = time.perf_counter() - began
    effort.cut |= cost >= limit
    effort.reserve(cost / 2)
    return start
