"""What a scheduler's author builds upon: the filter-score engine as functions.

A plugin needs :mod:`schedlab.api` alone; a scheduler that wants the filters of a profile,
a greedy start, the reasons why a pod fits nowhere, or a bound on what could be placed at
all finds them here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster, Failure, PodBatch, PodSpec, Scheduler, never
from schedlab.bound import (
    NO_RULES,
    Exclusion,
    FluidBound,
    PackingProblem,
    PodRules,
    Relaxation,
    TierBounds,
    copies,
    demand_and_offer,
    fewest_nodes,
    fluid_bound,
    relax,
    share_worths,
    stopping,
    tier_bounds,
)
from schedlab.bound import eligible as _eligible
from schedlab.bound import eligible_kinds as _eligible_kinds
from schedlab.bound import exclusions_of as _exclusions_of
from schedlab.bound import packing_problem as _packing_problem
from schedlab.bound import pod_rules as _pod_rules
from schedlab.core.ahead.chains import INFEASIBLE
from schedlab.core.ahead.stretches import queue_order
from schedlab.core.filter_score import FilterScore, choose_devices
from schedlab.core.gangs import missing as missing_of_gangs
from schedlab.core.in_parts import in_whole_gangs
from schedlab.core.incremental import IncrementalPath
from schedlab.core.preemption.handle import Handle
from schedlab.core.profile import Profile
from schedlab.core.reference import Evaluation, ReferencePath, evaluate
from schedlab.core.select import Lowest, selector
from schedlab.model.gangs import GangName
from schedlab.registry import installed

__all__ = [
    "INFEASIBLE",
    "NO_RULES",
    "Evaluation",
    "Exclusion",
    "FilterScore",
    "FluidBound",
    "GangName",
    "Handle",
    "IncrementalPath",
    "PackingProblem",
    "PodRules",
    "Profile",
    "Relaxation",
    "TierBounds",
    "choose_devices",
    "copies",
    "demand_and_offer",
    "eligible",
    "eligible_kinds",
    "evaluate",
    "exclusions_of",
    "failures",
    "feasible",
    "fewest_nodes",
    "fluid_bound",
    "greedy",
    "in_whole_gangs",
    "missing_of_gangs",
    "one_by_one",
    "packing_problem",
    "pod_rules",
    "profile",
    "queue_order",
    "relax",
    "share_worths",
    "stopping",
    "tier_bounds",
]


def profile(name: str) -> Profile:
    """Return an installed profile by name; raise InputError if there is none."""
    return installed().make_profile(name, {})


def greedy(name: str) -> Scheduler:
    """Return an installed scheduler by name, with its default arguments."""
    return installed().make_scheduler(name, {})


def eligible(profile: Profile, cluster: Cluster, signature: int) -> NDArray[np.bool_]:
    """Return the nodes that the SPEC filters accept, whatever is placed, shape (N,)."""
    return _eligible(profile.filters, cluster, signature)


def eligible_kinds(
    profile: Profile, cluster: Cluster, specs: Sequence[PodSpec]
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return the distinct sets of nodes to which specs may go at all (K, N), and each one's, (S,).

    What the SPEC filters accept, whatever is placed; also the GPU model and topology keys.
    """
    return _eligible_kinds(profile.filters, cluster, specs)


def packing_problem(profile: Profile, cluster: Cluster, pods: PodBatch) -> PackingProblem:
    """Group a batch by signature under a profile's filters, on the cluster as it stands."""
    return _packing_problem(profile.filters, cluster, pods)


def exclusions_of(
    profile: Profile, cluster: Cluster, specs: Sequence[PodSpec]
) -> tuple[Exclusion, ...]:
    """Return who of some specs may not share a topology domain, by host ports and anti-affinity."""
    return _exclusions_of(profile.filters, cluster, specs)


def pod_rules(
    profile: Profile,
    cluster: Cluster,
    specs: Sequence[PodSpec],
    cancelled: Callable[[], bool] = never,
) -> PodRules:
    """Read what a bound knows of the rules of a batch about other pods, for :func:`relax`.

    Exclusions and gangs are all read; once ``cancelled()`` is true, no others are.
    """
    return _pod_rules(profile.filters, cluster, specs, cancelled)


def feasible(profile: Profile, cluster: Cluster, signature: int) -> NDArray[np.int64]:
    """Return the rows that every filter accepts as the cluster stands, ascending."""
    return evaluate(profile, cluster, signature).feasible


def failures(profile: Profile, cluster: Cluster, signature: int) -> tuple[Failure, ...]:
    """Return how many nodes each filter rejects first, by reason, in filter order."""
    return ReferencePath(profile, cluster, Lowest()).failures(signature)


def one_by_one(profile: Profile, cluster: Cluster, seed: int = 0) -> IncrementalPath:
    """Return what decides pod by pod on a cluster that lives on, asking only about changes."""
    return IncrementalPath(profile, cluster, selector(profile.tie_break, seed))
