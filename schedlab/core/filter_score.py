"""FilterScore: the scheduler that places pods one by one with filter and score plugins."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Literal

import numpy as np
import numpy.ma  # np.unique would import it at its first call, in the middle of a decision
from numpy.typing import NDArray

from schedlab.api import Budget, Cluster, Failure, Placement, PodBatch, Scheduler
from schedlab.core.handle import Handle, ReferenceHandle
from schedlab.core.incremental import IncrementalPath
from schedlab.core.preemptor import Preemptor, may_preempt
from schedlab.core.profile import Profile, QueueSort
from schedlab.core.reference import ReferencePath
from schedlab.core.runs import RunPath
from schedlab.core.select import selector
from schedlab.core.spot_check import SpotCheck

Ints = NDArray[np.int64]

DecisionPath = IncrementalPath | ReferencePath
PATHS: dict[str, type[DecisionPath]] = {
    "run": RunPath,
    "incremental": IncrementalPath,
    "reference": ReferencePath,
}

NO_NODES = Failure("", "the cluster has no nodes", 0, resolvable=False)


class FilterScore(Scheduler):
    """Places each pod on the feasible node of the highest total, as kube-scheduler does.

    ``path`` decides how, never what: ``reference`` asks every plugin about every node,
    ``incremental`` only what can have changed, ``run`` places consecutive pods of one
    signature in one step where it can and is ``incremental`` elsewhere.
    """

    profile: Profile
    path: Literal["run", "incremental", "reference"] = "incremental"

    @property
    def name(self) -> str:
        """The profile's name."""
        return self.profile.name

    def schedule(self, cluster: Cluster, pods: PodBatch, budget: Budget) -> Placement:
        """Place every pod in queue order; one that fits nowhere is left, with the reasons."""
        select = selector(self.profile.tie_break, budget.seed)
        path = PATHS[self.path](self.profile, cluster, select)
        placement = Placement.empty(len(pods))
        placement.sequence = queue_order(self.profile.queue_sort, pods)
        placement.latency_ns = np.zeros(len(pods), np.int64)
        queue = _Queue(self.profile, cluster, path, placement)
        if may_preempt(self.profile, cluster, pods):
            kind = ReferenceHandle if self.path == "reference" else Handle
            handle = kind(self.profile, cluster, budget.seed)
            queue.preemptor = Preemptor(self.profile, cluster, pods, placement, handle)
        if len(cluster.nominated):
            queue.nominees = _Nominees(pods, ReferencePath(self.profile, cluster, select))
        interned = np.array([cluster.signature(spec) for spec in pods.specs], np.int64)
        for signature, waiting in runs(interned, pods, placement.sequence):
            alone = bool(len(cluster.nominated)) or not RunPath.pays(len(waiting))
            if isinstance(path, RunPath) and not alone:
                queue.place_run(path, signature, waiting)
            else:
                for pod in waiting.tolist():
                    queue.place_one(pod, signature)
        placement.info.update(path.counters())
        return placement


class _Queue:
    """Takes pods to their nodes, and notes why some were left.

    Reasons are counted once for each signature and state of the cluster.
    """

    def __init__(
        self, profile: Profile, cluster: Cluster, path: DecisionPath, placement: Placement
    ) -> None:
        assert placement.latency_ns is not None
        self._profile = profile
        self._cluster = cluster
        self._path = path
        self._placement = placement
        self._latency_ns = placement.latency_ns
        self._known: dict[tuple[int, int], int] = {}
        self._spot_check = SpotCheck(profile, cluster, path)
        self.preemptor: Preemptor | None = None
        self.nominees: _Nominees | None = None

    def place_one(self, pod: int, signature: int) -> None:
        """Decide about one pod."""
        self._spot_check.expect(signature)
        started = time.perf_counter_ns()
        row = self._pick(pod, signature)
        devices = choose_devices(self._profile, self._cluster, signature, row)
        self._latency_ns[pod] = time.perf_counter_ns() - started
        self._spot_check.compare(row)
        if row >= 0:
            self._cluster.place(signature, row, devices)
            self._placement.node[pod], self._placement.devices[pod] = row, devices
            if self.preemptor is not None:
                self.preemptor.placed([pod])
        else:
            self._leave(pod, signature)

    def _pick(self, pod: int, signature: int) -> int:
        if self.nominees is not None and len(self._cluster.nominated):
            with self._cluster.nominated.without(self.nominees.name(pod)) as own:
                row = self.nominees.path.pick(signature)
                row = row if row >= 0 else self._make_room(pod, signature, own)
            if row >= 0:
                self._cluster.nominated.drop(self.nominees.name(pod))
            return row
        row = self._path.pick(signature)
        return row if row >= 0 else self._make_room(pod, signature, -1)

    def _make_room(self, pod: int, signature: int, nominated_row: int) -> int:
        if self.preemptor is None or not self.preemptor.hopeful(signature):
            return -1
        return self.preemptor.make_room(pod, signature, nominated_row)

    def place_run(self, path: RunPath, signature: int, waiting: Ints) -> None:
        """Decide about pods of one signature; each is charged its share of a step's time."""
        while len(waiting):
            self._spot_check.expect(signature)
            started = time.perf_counter_ns()
            rows = path.pick_run(signature, self._spot_check.most(len(waiting)))
            spent = time.perf_counter_ns() - started
            if rows is None or self._may_evict(rows, signature):
                self.place_one(int(waiting[0]), signature)
                self._latency_ns[waiting[0]] += spent
                waiting = waiting[1:]
                continue
            step = waiting[: len(rows) or None]
            self._latency_ns[step] = spent // len(step)
            self._spot_check.compare(int(rows[0]) if len(rows) else -1, len(step))
            self._put(step, signature, rows)
            waiting = waiting[len(step) :]

    def _may_evict(self, rows: Ints, signature: int) -> bool:
        """Say whether a step that found no room ends by making some."""
        return not len(rows) and self.preemptor is not None and self.preemptor.hopeful(signature)

    def _put(self, step: Ints, signature: int, rows: Ints) -> None:
        if len(rows):
            self._cluster.place_many(np.full(len(rows), signature, np.int32), rows)
            self._placement.node[step] = rows
            if self.preemptor is not None:
                self.preemptor.placed(step.tolist())
        else:
            for pod in step.tolist():
                self._leave(pod, signature)

    def _leave(self, pod: int, signature: int) -> None:
        key = signature, len(self._cluster.log)
        if key not in self._known:
            self._known[key] = len(self._placement.failures)
            self._placement.failures.append(self._path.failures(signature) or (NO_NODES,))
        self._placement.failure[pod] = self._known[key]


def choose_devices(profile: Profile, cluster: Cluster, signature: int, row: int) -> int:
    """Return the GPU devices that a pod gets on a node, as a bit mask (0: none)."""
    spec = cluster.specs[signature]
    if spec.gpu is None or row < 0:
        return 0
    if profile.devices is None:
        return cluster.first_devices(spec, row)
    view = cluster.view(np.array([row]))
    return int(profile.devices.choose(cluster.pod(signature), view)[0])


class _Nominees:
    """Which pods of a batch are nominated; while some are, the reference path decides."""

    def __init__(self, pods: PodBatch, path: ReferencePath) -> None:
        self._names = pods.names
        self.path = path

    def name(self, pod: int) -> str:
        """Return the name by which a pod is nominated."""
        return self._names[pod]


def runs(
    interned: Ints, pods: PodBatch, sequence: NDArray[np.int64]
) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Yield consecutive pods of one signature of the cluster, in the order of ``sequence``."""
    signatures = interned[pods.signature[sequence]] if len(pods) else np.zeros(0, np.int64)
    starts = np.flatnonzero(np.diff(signatures, prepend=-1))
    parts = np.split(sequence, starts[1:]) if len(starts) else []
    yield from zip(signatures[starts].tolist(), parts, strict=True)


def queue_order(queue_sort: QueueSort, pods: PodBatch) -> NDArray[np.int64]:
    """Return the pods' indices in the order in which they are scheduled, shape (P,)."""
    if queue_sort == "Arrival":
        return np.arange(len(pods), dtype=np.int64)
    return np.argsort(-pods.priority, kind="stable")
