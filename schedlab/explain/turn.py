"""A pod and the cluster as it meets it: those before it in the queue are scheduled."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Budget, Cluster, Placement
from schedlab.core.ahead.stretches import queue_order
from schedlab.core.filter_score import FilterScore
from schedlab.core.profile import Profile
from schedlab.core.reference import Evaluation, evaluate
from schedlab.model.objects import PodBatch, Workload

Rows = NDArray[np.int64]

NOWHERE = -1


@dataclass
class Turn:
    """One pod at its turn.

    ``home`` is the row where the pod runs already (the cluster is then as without it), or
    NOWHERE; ``before`` counts the pods that were scheduled first; ``chosen`` is the row
    that it would get, or NOWHERE.
    """

    name: str
    profile: Profile
    cluster: Cluster
    signature: int
    found: Evaluation
    chosen: int
    home: int = NOWHERE
    before: int = 0
    placed_names: dict[int, str] = field(default_factory=dict)

    def pod_name(self, number: int) -> str:
        """Return the name of a running pod by its number (see RunningPods)."""
        bound = self.cluster.bound_names
        return bound[number] if number < len(bound) else self.placed_names[number]

    def node(self, row: int) -> str:
        """Return a node's name."""
        return self.cluster.nodes[row].name


def at_turn(profile: Profile, workload: Workload, name: str, *, now: bool, seed: int) -> Turn:
    """Schedule what is before the pod ``name`` in the queue and evaluate it then.

    ``now`` leaves the cluster as it stands.  A pod that runs already is taken off its node
    and evaluated there and then.
    """
    cluster = Cluster.of(workload)
    if name in workload.bound.names:
        return _running(profile, cluster, workload, name)
    waiting = _queue(profile, workload.pods, name)
    before = waiting[:0] if now else waiting[:-1]
    placed = _schedule(profile, cluster, workload.pods, before, seed)
    spec = workload.pods.specs[workload.pods.signature[waiting[-1]]]
    signature = cluster.signature(spec)
    cluster.nominated.drop(name)  # a pod does not stand in its own way
    found = evaluate(profile, cluster, signature)
    chosen = NOWHERE
    if len(found.feasible):
        again = np.append(before, waiting[-1])
        chosen = _choice(profile, workload, found, again, seed)
    return Turn(
        name,
        profile,
        cluster,
        signature,
        found,
        chosen,
        before=len(before),
        placed_names=_names_by_number(cluster, workload, before, placed),
    )


def _running(profile: Profile, cluster: Cluster, workload: Workload, name: str) -> Turn:
    number = list(workload.bound.names).index(name)
    home = int(workload.bound_node[number])
    signature = cluster.signature(workload.bound.specs[workload.bound.signature[number]])
    cluster.running.evict(number)
    found = evaluate(profile, cluster, signature)
    chosen = int(found.best[0]) if len(found.feasible) else NOWHERE
    return Turn(name, profile, cluster, signature, found, chosen, home=home)


def in_queue_order(profile: Profile, workload: Workload) -> Workload:
    """Return the workload with its waiting pods in the order in which they are scheduled."""
    order = queue_order(profile.queue_sort, workload.pods)
    return replace(workload, pods=_part(workload.pods, order))


def _part(pods: PodBatch, which: Rows) -> PodBatch:
    return PodBatch(pods.specs, pods.signature[which], [pods.names[i] for i in which])


def _queue(profile: Profile, pods: PodBatch, name: str) -> Rows:
    """Return the pods up to ``name`` in the order in which they are scheduled."""
    order = queue_order(profile.queue_sort, pods)
    last = order.tolist().index(list(pods.names).index(name))
    return order[: last + 1]


def _choice(
    profile: Profile, workload: Workload, found: Evaluation, waiting: Rows, seed: int
) -> int:
    if profile.tie_break == "lowest":
        return int(found.best[0])
    # Other tie-breaks remember what they chose before: let them do it all again.
    placement = _schedule(profile, Cluster.of(workload), workload.pods, waiting, seed)
    return int(placement.node[-1])


def _schedule(
    profile: Profile, cluster: Cluster, pods: PodBatch, which: Rows, seed: int
) -> Placement:
    scheduler = FilterScore(profile=profile)
    return scheduler.schedule(cluster, _part(pods, which), Budget(seed=seed))


def _names_by_number(
    cluster: Cluster, workload: Workload, before: Rows, placed: Placement
) -> dict[int, str]:
    """Return the names of the pods that were placed, by their place in the change log.

    Pods were placed in the order of ``before``; among equal ones that preemption evicted
    again, names may be exchanged.
    """
    start = len(workload.bound)
    placements = np.flatnonzero(cluster.log.signs(start) > 0) + start
    waiting = deque(i for i, row in zip(before, placed.node, strict=True) if row >= 0)
    specs, codes = workload.pods.specs, workload.pods.signature
    interned = [cluster.signature(spec) for spec in specs]
    names: dict[int, str] = {}
    for number in placements.tolist():
        signature = int(cluster.log.signatures(0)[number])
        match = next((i for i in waiting if interned[codes[i]] == signature), None)
        if match is not None:
            waiting.remove(match)
        names[number] = "an evicted pod" if match is None else workload.pods.names[match]
    return names
