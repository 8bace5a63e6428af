"""The placement that a search begins with: of a profile, or of any installed scheduler."""

from __future__ import annotations

from dataclasses import replace

from schedlab import engine
from schedlab.api import Scheduler
from schedlab.engine import FilterScore, Profile
from schedlab.errors import InputError
from schedlab_algorithms.packing.certificate import Certificate
from schedlab_algorithms.packing.effort import Effort
from schedlab_algorithms.packing.starts import Start, Trials, best_starts, under

SHARE = 0.5
"""Which part of the budget another scheduler may spend on the start."""


def start_of(
    name: str,
    profile: str,
    filters: Profile,
    trials: Trials,
    certificate: Certificate,
    effort: Effort,
) -> list[Start]:
    """Return what the profile or scheduler ``name`` makes of the batch, as a list of one.

    Raises
    ------
    InputError
        If there is none of this name, or if it evicts or moves pods that ran before.
    """
    scheduler = engine.greedy(name)
    if isinstance(scheduler, FilterScore):
        return best_starts((name,), filters, trials, certificate, effort)[:1]
    return [_of_scheduler(_with_profile(scheduler, profile), filters, trials, effort)]


def _with_profile(scheduler: Scheduler, profile: str) -> Scheduler:
    """Return a scheduler that keeps to the filters of ``profile``, if it can be told."""
    if hasattr(scheduler, "profile"):
        return replace(scheduler, **{"profile": profile})
    return scheduler


def _of_scheduler(scheduler: Scheduler, filters: Profile, trials: Trials, effort: Effort) -> Start:
    budget = replace(
        trials.budget,
        seconds=None if trials.budget.seconds is None else SHARE * trials.budget.seconds,
        effort=SHARE * effort.left,
    )
    placement = scheduler.schedule(trials.cluster, trials.pods, budget)
    if placement.evictions or placement.moves:
        raise InputError(f"start: {scheduler.name} evicts or moves running pods; expected not to")
    effort.charge(SHARE * effort.left)
    effort.cut |= not placement.info.get("repeatable", 1)
    filling = under(filters, engine.profile("dominant-share"))
    return trials.taken_back(filling, scheduler.name, placement)
