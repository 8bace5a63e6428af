"""Searches that are stopped: how soon they answer, and that the answer is legal."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache
from typing import Any

from schedlab.api import Budget, Cluster, Placement, Scheduler, Workload
from schedlab.metrics.verify import verify
from schedlab.registry import installed

EFFORT = 1e9
"""So much that no search ends for it."""


@dataclass(frozen=True)
class Case:
    """A scheduler and a workload, by name and arguments."""

    scheduler: str
    args: tuple[tuple[str, Any], ...]
    source: str
    size: tuple[tuple[str, Any], ...]

    @property
    def label(self) -> str:
        """The scheduler with its arguments."""
        return " ".join([self.scheduler, *(f"{k}={v}" for k, v in self.args)])


@dataclass(frozen=True)
class Stop:
    """An answer: how long it took in all, and after it was asked for, in seconds.

    ``cpu`` is processor time of the process.
    """

    seconds: float
    wall: float
    cpu: float


class Moment:
    """Is true from a moment of the wall clock on.

    ``cpu`` is what ``time.process_time()`` was when it was last asked before: from then on, at
    the earliest, nobody waits.
    """

    def __init__(self, seconds: float) -> None:
        self.cpu = time.process_time()
        self.wall = time.perf_counter() + seconds

    def __call__(self) -> bool:
        if time.perf_counter() >= self.wall:
            return True
        self.cpu = time.process_time()
        return False


def cancelled(case: Case, seed: int, seconds: float) -> Stop:
    """Cancel a search after so many seconds; processor time is counted from the last question.

    Raises
    ------
    AssertionError
        If the answer breaks a rule.
    """
    workload, scheduler = workload_of(case, seed), _scheduler(case)
    cluster, moment = Cluster.of(workload), Moment(seconds)
    budget = Budget(seed=seed, effort=EFFORT, cancelled=moment)
    placement = scheduler.schedule(cluster, workload.pods, budget)
    cpu, now = time.process_time(), time.perf_counter()
    _require_legal(case, workload, placement)
    return Stop(now - budget.started, now - moment.wall, cpu - moment.cpu)


def limited(case: Case, seed: int, seconds: float) -> Stop:
    """Give a search so many seconds of the wall clock; processor time is counted from the start.

    Raises
    ------
    AssertionError
        If the answer breaks a rule.
    """
    workload, scheduler = workload_of(case, seed), _scheduler(case)
    cluster, began = Cluster.of(workload), time.process_time()
    budget = Budget(seed=seed, effort=EFFORT, seconds=seconds)
    placement = scheduler.schedule(cluster, workload.pods, budget)
    cpu, now = time.process_time(), time.perf_counter()
    _require_legal(case, workload, placement)
    return Stop(now - budget.started, now - budget.started - seconds, cpu - began)


@cache
def workload_of(case: Case, seed: int) -> Workload:
    return installed().make_workload(case.source, dict(case.size)).build(seed)


def _scheduler(case: Case) -> Scheduler:
    return installed().make_scheduler(case.scheduler, dict(case.args))


def _require_legal(case: Case, workload: Workload, placement: Placement) -> None:
    violations = verify(workload, placement)
    if violations:
        raise AssertionError(f"{case.label}: {violations[0]}")
