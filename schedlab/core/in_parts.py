"""What any function does to a batch, in whole gangs: it is given parts of the batch."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Budget, Cluster, Placement, PodBatch
from schedlab.core.gangs import Gangs
from schedlab.core.leaning import leaning
from schedlab.core.profile import Profile
from schedlab.core.undo import forget, place_all, take_back, undo
from schedlab.core.whole_gangs import WholeGangs
from schedlab.errors import InputError

Ints = NDArray[np.int64]
Schedule = Callable[[Cluster, PodBatch, Budget], Placement]


def in_whole_gangs(
    schedule: Schedule,
    cluster: Cluster,
    pods: PodBatch,
    budget: Budget,
    profile: Profile | None = None,
) -> Placement:
    """Place a batch by ``schedule``, which may leave any pod, in whole gangs.

    If a gang comes short, what was decided before its first pod stands.  The others are
    decided again, a gang at the turn of its first pod, one of its pods after the other, and
    whole or not at all.  Once the budget is cancelled nobody is decided again: what was
    decided stands, but for pods of gangs that are short, and for those decided after them that
    may be legal only because of others: by volumes, pod affinity, hard spread constraints or a
    filter of ``profile`` that is not Kubernetes' own; any of them if no profile is given.

    What is undone leaves no trace in the cluster but in its log.

    Raises
    ------
    InputError
        If pods of one gang, running ones included, do not agree on how many it takes; if
        ``schedule`` evicts or moves running pods, which could not be undone.
    """
    gangs = Gangs(cluster, pods)
    if not len(gangs):
        return schedule(cluster, pods, budget)
    parts = InParts(schedule, cluster, pods, budget)
    WholeGangs(parts, gangs, pods, budget, partial(leaning, profile, cluster, pods)).place()
    return parts.placement


class InParts:
    """Has a function decide about parts of a batch, and puts its placements together."""

    def __init__(
        self, schedule: Schedule, cluster: Cluster, pods: PodBatch, budget: Budget
    ) -> None:
        self.placement = Placement.empty(len(pods))
        self.placement.latency_ns = np.zeros(len(pods), np.int64)
        self._schedule = schedule
        self._cluster = cluster
        self._pods = pods
        self._budget = budget
        self._since = len(cluster.log)
        self._volumes = np.array([bool(s.volumes) for s in pods.specs], np.bool_)

    def decide(self, pods: Ints) -> Ints:
        """Decide about some pods; return them in the order in which they were decided."""
        self._since = len(self._cluster.log)
        names = [self._pods.names[i] for i in pods.tolist()]
        part = PodBatch(self._pods.specs, self._pods.signature[pods], names)
        made = self._schedule(self._cluster, part, self._budget)
        if made.evictions or made.moves:
            raise InputError(
                "in_whole_gangs: the function evicted or moved running pods, which cannot be "
                "undone if a gang comes short; give it a profile without post_filter"
            )
        self._take_over(pods, made)
        return pods[made.sequence]

    def undo(self, order: Ints, stand: int) -> None:
        """Undo the latest decisions, those after the first ``stand`` of ``order``.

        Volumes are promised to claims in the order of the log, where the function may have
        mixed what stands and what does not: all is undone, and what stands is put back.
        """
        placement, first = self.placement, order[:stand]
        if not self._volumes[self._pods.signature[order[stand:]]].any():
            take_back(self._cluster, self._pods, placement, order[stand:])
            return
        first = first[placement.node[first] >= 0]
        rows, devices = placement.node[first].astype(np.int64), placement.devices[first]
        undo(self._cluster, self._since)
        forget(placement, order)
        self.put(first, rows, devices)

    def put(self, pods: Ints, rows: Ints, devices: Ints) -> None:
        """Put pods on nodes that they fit on."""
        place_all(self._cluster, self._pods, self.placement, pods, rows, devices)

    def _take_over(self, pods: Ints, made: Placement) -> None:
        placement, known = self.placement, len(self.placement.failures)
        placement.node[pods], placement.devices[pods] = made.node, made.devices
        placement.failure[pods] = np.where(made.failure >= 0, made.failure + known, -1)
        placement.failures += made.failures
        if made.latency_ns is not None and placement.latency_ns is not None:
            placement.latency_ns[pods] = made.latency_ns
        for name, counted in made.info.items():
            before = placement.info.get(name, 0)
            if isinstance(counted, int) and isinstance(before, int):
                placement.info[name] = before + counted
            else:
                placement.info[name] = counted
