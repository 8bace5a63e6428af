"""The decisions of a filter-score queue, such that the latest can be undone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster, Eviction, Placement, PodBatch
from schedlab.core.preemption.nominated import Nomination
from schedlab.core.undo import forget, place_all, undo

Ints = NDArray[np.int64]


class Queue(Protocol):
    """Decides about pods of a batch; ``began`` (P,) tells how long the log was before each.

    That is not told of pods for which nothing was changed.
    """

    placement: Placement
    began: Ints

    def decide(self, pods: Ints) -> Ints:
        """Decide about some pods; return them in the order in which they were decided."""


class InTrial:
    """The decisions of a queue; those undone leave no trace in the cluster but in its log.

    Who was evicted is on his node again, by the same number, and who was nominated is so.
    Where a random or round-robin tie-break, a random choice of preemption, and the rotation of
    ``percentage_of_nodes_to_score`` have got to is not taken back.
    ``evicts``: whether the queue may evict pods, and so asks :class:`RunningPods`.
    """

    def __init__(self, cluster: Cluster, pods: PodBatch, queue: Queue, evicts: bool) -> None:
        self.placement = queue.placement
        self._cluster = cluster
        self._pods = pods
        self._queue = queue
        self._evicts = evicts
        self._since = len(cluster.log)
        self._nominated: Sequence[Nomination] = ()

    def decide(self, pods: Ints) -> Ints:
        """Decide about some pods; return them in the order in which they were decided."""
        self._since = len(self._cluster.log)
        self._nominated = self._cluster.nominated.all()
        return self._queue.decide(pods)

    def undo(self, order: Ints, stand: int) -> None:
        """Undo the latest decisions, those after the first ``stand`` of ``order``.

        The first of them, if it is not the first of all, placed or evicted somebody.
        """
        placement, pods = self.placement, order[stand:]
        self._undo_changes(int(self._queue.began[pods[0]]) if stand else self._since)
        _bring_back(placement, _withdrawn(placement, pods))
        forget(placement, pods)
        if self._nominated:
            self._cluster.nominated.set(self._still_nominated(order[:stand]))

    def put(self, pods: Ints, rows: Ints, devices: Ints) -> None:
        """Put pods on nodes that they fit on."""
        place_all(self._cluster, self._pods, self.placement, pods, rows, devices)
        for pod in pods.tolist() if self._nominated else ():
            self._cluster.nominated.drop(self._pods.names[pod])

    def _undo_changes(self, since: int) -> None:
        if not self._evicts:
            undo(self._cluster, since)
            return
        running = self._cluster.running
        running.refresh()
        undo(self._cluster, since)
        running.unwind(since)

    def _still_nominated(self, order: Ints) -> Iterable[Nomination]:
        """Return who of those nominated before is so after the decisions about ``order``."""
        evictions, priority = self.placement.evictions, self._pods.priority
        placed = order[self.placement.node[order] >= 0].tolist() + [e.pod for e in evictions]
        names = {self._pods.names[pod] for pod in placed if pod >= 0}
        rows = [(e.row, int(priority[e.by])) for e in evictions]
        for nomination in self._nominated:
            lost = any(row == nomination.row and nomination.priority < p for row, p in rows)
            if nomination.name not in names and not (nomination.waiting and lost):
                yield nomination


def _withdrawn(placement: Placement, pods: Ints) -> list[Eviction]:
    """Take from the placement, and return, the evictions for some pods, which are the latest."""
    late = set(pods.tolist())
    first = next((i for i, e in enumerate(placement.evictions) if e.by in late), None)
    if first is None:
        return []
    withdrawn = placement.evictions[first:]
    del placement.evictions[first:]
    return withdrawn


def _bring_back(placement: Placement, evictions: Iterable[Eviction]) -> None:
    """Have the pods of the batch that were evicted be where they were."""
    for eviction in evictions:
        if eviction.pod >= 0:
            placement.node[eviction.pod] = eviction.row
            placement.devices[eviction.pod] = eviction.devices
            placement.failure[eviction.pod] = -1
