"""Making room for pods that fit on no node, and keeping account of who went for whom."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster, Eviction, Failure, Placement, PodBatch, PostFilterPlugin
from schedlab.core.gangs import Gangs
from schedlab.core.preemption.handle import Handle
from schedlab.core.profile import Profile
from schedlab.core.running import NOBODY

Ints = NDArray[np.int64]

NOT_IN_BATCH = -1


def may_preempt(profile: Profile, cluster: Cluster, pods: PodBatch) -> bool:
    """Say whether any pod of the batch may find one of lower priority, wherever it runs."""
    if profile.post_filter is None or not len(pods):
        return False
    lowest = min(spec.priority for spec in (*cluster.specs, *pods.specs))
    return max(spec.priority for spec in pods.specs) > lowest


class Preemptor:
    """Asks the profile's PostFilter plugin, evicts the victims and tries the pod again.

    Victims are gone at once, where a kubelet would take its time to end them.  A gang that
    pods of the batch joined, or the pod's own, is not broken: who would have to waits.
    """

    def __init__(
        self,
        profile: Profile,
        cluster: Cluster,
        pods: PodBatch,
        placement: Placement,
        handle: Handle,
        gangs: Gangs,
    ) -> None:
        assert profile.post_filter is not None
        self._plugin: PostFilterPlugin = profile.post_filter
        self._cluster = cluster
        self._pods = pods
        self._placement = placement
        self._handle = handle
        self._gangs = gangs
        self._owner: dict[int, int] = {}
        self._hopeless: dict[int, int] = {}

    def placed(self, pods: list[int]) -> None:
        """Note which pods of the batch the last changes of the cluster placed."""
        first = len(self._cluster.log) - len(pods)
        self._owner.update(zip(range(first, first + len(pods)), pods, strict=True))

    def hopeful(self, signature: int) -> bool:
        """Say whether evictions may help such a pod, as far as that costs nothing to say."""
        spec = self._cluster.specs[signature]
        if spec.preemption_policy == "Never" or spec.scheduling_gates:
            return False
        as_before = self._hopeless.get(signature) == len(self._cluster.log)
        if as_before and not len(self._cluster.nominated):
            return False
        return spec.priority > self._cluster.running.lowest_priority()

    def make_room(self, pod: int, signature: int, nominated_row: int) -> int:
        """Evict whom the plugin chooses; return the row on which the pod then fits, else -1.

        ``nominated_row`` is the node that the pod is nominated for already, -1 for none.
        """
        view = self._cluster.pod(signature)
        self._handle.nominated_row = nominated_row
        chosen = self._plugin.post_filter(view, self._handle)
        if chosen.nominated < 0 or self._breaks_a_gang(pod, chosen.victims):
            self._hopeless[signature] = len(self._cluster.log)
            return -1
        for number in chosen.victims:
            self._evict(number, pod, chosen.nominated)
        self._cluster.nominated.drop_lower(chosen.nominated, view.spec.priority)
        filters = self._handle.filters(view)
        return chosen.nominated if filters.accepts_as_it_is(chosen.nominated) else -1

    def _breaks_a_gang(self, pod: int, victims: Sequence[int]) -> bool:
        if not len(self._gangs):
            return False
        signatures = self._cluster.running.signature(np.array(victims, np.int64))
        return self._gangs.would_break(self._placement.node, pod, signatures)

    def _evict(self, number: int, by: int, row: int) -> None:
        running = self._cluster.running
        devices = self._cluster.log.devices.get(number, 0)
        pod = self._owner.get(number, NOT_IN_BATCH)
        running.evict(number)
        bound = number if number < len(self._cluster.bound_start) else NOBODY
        self._placement.evictions.append(Eviction(by, row, pod, bound, devices))
        if pod != NOT_IN_BATCH:
            self._unplace(pod, by)

    def _unplace(self, pod: int, by: int) -> None:
        placement = self._placement
        placement.node[pod], placement.devices[pod] = -1, 0
        placement.failure[pod] = len(placement.failures)
        reason = f"preempted by {self._pods.names[by]}"
        placement.failures.append((Failure(self._plugin.name, reason, 1),))
