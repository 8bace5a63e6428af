"""The frame of a scheduler that packs a batch: bound, greedy starts, improvement, answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from schedlab import engine
from schedlab.api import Budget, Cluster, Placement, PodBatch
from schedlab.engine import Profile
from schedlab_algorithms.packing.answer import fill, placement_of, put
from schedlab_algorithms.packing.certificate import Certificate, certify
from schedlab_algorithms.packing.effort import Effort
from schedlab_algorithms.packing.objectives import DEFAULT, Objectives
from schedlab_algorithms.packing.report import report
from schedlab_algorithms.packing.rules import rules_of
from schedlab_algorithms.packing.starts import Start, Trials
from schedlab_algorithms.packing.work import Work, work_on

LAST_PASS = 0.05
"""Seconds in which what still fits is placed, however late it is: a start may have been cut."""

Starts = Callable[[Profile, Trials, Certificate, Effort], Sequence[Start]]
Improve = Callable[[Sequence[Work]], Work]


def packed(
    cluster: Cluster,
    pods: PodBatch,
    budget: Budget,
    profile: str,
    starts: Starts,
    improve: Improve,
    objectives: Objectives = DEFAULT,
) -> Placement:
    """Place a batch: make greedy starts, let ``improve`` better them, and answer with its choice.

    ``improve`` changes the incumbents of the works that it is given (one for each start, the
    best first) and returns one of them.  It packs the room there is: nobody is evicted.
    """
    filters = replace(engine.profile(profile), post_filter=None)
    effort = Effort.of(budget)
    ends = effort.deadline
    problem = engine.packing_problem(filters, cluster, pods)
    rules = rules_of(filters, cluster, pods.specs, effort.is_over)
    certificate = certify(problem, effort, rules.bounding)
    problem = problem.admitting(rules.admitted)
    trials = Trials(cluster, pods, problem, budget, objectives)
    found = starts(filters, trials, certificate, effort)
    work = improve([work_on(start, rules, certificate, effort) for start in found])
    work.note()
    placement = placement_of(work, pods)
    put(cluster, pods, placement)
    until = max(ends, time.perf_counter() + LAST_PASS)
    fill(cluster, pods, placement, work.start.scheduler, trials.until(until).budget)
    placement.info = report(problem, pods, placement, work)
    placement.incumbents = work.points
    return placement


def alone(improve: Callable[[Work], None]) -> Improve:
    """Return how to improve the best start, by moving pods that hold in any order alone."""

    def improve_best(works: Sequence[Work]) -> Work:
        work = works[0]
        work.movable, work.parts = work.unordered, ()
        if not work.effort.cancelled():
            improve(work)
        return work

    return improve_best
