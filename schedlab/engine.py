"""What a scheduler's author builds upon: the filter-score engine as functions.

A plugin needs :mod:`schedlab.api` alone; a scheduler that wants the filters of a profile,
a greedy start, or the reasons why a pod fits nowhere finds them here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster, Failure, Locality, Scheduler
from schedlab.core.filter_score import FilterScore
from schedlab.core.profile import Profile
from schedlab.core.reference import Evaluation, ReferencePath, evaluate
from schedlab.core.select import Lowest
from schedlab.core.verdicts import PASS, filter_codes
from schedlab.registry import installed

__all__ = [
    "Evaluation",
    "FilterScore",
    "Profile",
    "eligible",
    "evaluate",
    "failures",
    "feasible",
    "greedy",
    "profile",
]


def profile(name: str) -> Profile:
    """Return an installed profile by name; raise InputError if there is none."""
    return installed().make_profile(name, {})


def greedy(name: str) -> Scheduler:
    """Return an installed scheduler by name, with its default arguments."""
    return installed().make_scheduler(name, {})


def eligible(profile: Profile, cluster: Cluster, signature: int) -> NDArray[np.bool_]:
    """Return the nodes that the SPEC filters accept, whatever is placed, shape (N,)."""
    pod, nodes = cluster.pod(signature), cluster.view()
    accepted = np.ones(len(cluster), np.bool_)
    for plugin in profile.filters:
        if plugin.locality is Locality.SPEC and not plugin.skips_filter(pod):
            accepted &= filter_codes(plugin, 0, pod, nodes) == PASS
    return accepted


def feasible(profile: Profile, cluster: Cluster, signature: int) -> NDArray[np.int64]:
    """Return the rows that every filter accepts as the cluster stands, ascending."""
    return evaluate(profile, cluster, signature).feasible


def failures(profile: Profile, cluster: Cluster, signature: int) -> tuple[Failure, ...]:
    """Return how many nodes each filter rejects first, by reason, in filter order."""
    return ReferencePath(profile, cluster, Lowest()).failures(signature)
