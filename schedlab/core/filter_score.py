"""FilterScore: the scheduler that places pods one by one with filter and score plugins."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Literal

import numpy as np
import numpy.ma  # np.unique would import it at its first call, in the middle of a decision
from numpy.typing import NDArray

from schedlab.api import Budget, Cluster, Failure, Placement, PodBatch, Scheduler
from schedlab.core.ahead.mixed import MixedPath
from schedlab.core.ahead.stretches import is_run, queue_order, stretches
from schedlab.core.gangs import Gangs
from schedlab.core.in_trial import InTrial
from schedlab.core.incremental import IncrementalPath
from schedlab.core.leaning import leaning
from schedlab.core.preemption.handle import Handle, ReferenceHandle
from schedlab.core.preemption.preemptor import Preemptor, may_preempt
from schedlab.core.profile import Profile
from schedlab.core.reference import ReferencePath
from schedlab.core.select import selector
from schedlab.core.spot_check import SpotCheck
from schedlab.core.verdicts import device_masks
from schedlab.core.whole_gangs import WholeGangs

Ints = NDArray[np.int64]

DecisionPath = IncrementalPath | ReferencePath
PATHS: dict[str, type[DecisionPath]] = {
    "run": MixedPath,
    "incremental": IncrementalPath,
    "reference": ReferencePath,
}

NO_NODES = Failure("", "the cluster has no nodes", 0, resolvable=False)
CANCELLED = Failure("", "scheduling was cancelled before the pod's turn", 0)


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
        """Place every pod in queue order; one that fits nowhere is left, with the reasons.

        Once the budget is cancelled, the rest is left.  Gangs are placed whole, and evict nobody
        unless they are.
        """
        gangs = Gangs(cluster, pods)
        queue = self._queue(cluster, pods, gangs, budget)
        if not len(gangs):
            queue.placement.sequence = queue.decide(np.arange(len(pods), dtype=np.int64))
        else:
            evicts = queue.preemptor is not None
            with cluster.running.remembering() if evicts else nullcontext():
                trial = InTrial(cluster, pods, queue, evicts)
                lean = partial(leaning, self.profile, cluster, pods)
                WholeGangs(trial, gangs, pods, budget, lean).place()
        queue.placement.info.update(queue.path.counters())
        return queue.placement

    def _queue(self, cluster: Cluster, pods: PodBatch, gangs: Gangs, budget: Budget) -> _Queue:
        select = selector(self.profile.tie_break, budget.seed)
        path = PATHS[self.path](self.profile, cluster, select)
        queue = _Queue(self.profile, cluster, pods, path, budget.cancelled)
        if may_preempt(self.profile, cluster, pods):
            kind = ReferenceHandle if self.path == "reference" else Handle
            handle = kind(self.profile, cluster, budget.seed)
            queue.preemptor = Preemptor(self.profile, cluster, pods, queue.placement, handle, gangs)
        if len(cluster.nominated):
            queue.nominees = _Nominees(pods, ReferencePath(self.profile, cluster, select))
        return queue


class _Queue:
    """Takes pods to their nodes, and notes why some were left.

    Reasons are counted once for each signature and state of the cluster.  ``began`` (P,) tells
    how many changes the cluster had seen when each pod's turn began.
    """

    def __init__(
        self,
        profile: Profile,
        cluster: Cluster,
        pods: PodBatch,
        path: DecisionPath,
        cancelled: Callable[[], bool],
    ) -> None:
        self.path = path
        self.placement = Placement.empty(len(pods))
        self.began: Ints = np.zeros(len(pods), np.int64)
        self._latency_ns: Ints = np.zeros(len(pods), np.int64)
        self.placement.latency_ns = self._latency_ns
        self._cancelled = cancelled
        self._profile = profile
        self._cluster = cluster
        self._pods = pods
        self._turn = np.argsort(queue_order(profile.queue_sort, pods))
        self._interned = np.array([cluster.signature(spec) for spec in pods.specs], np.int64)
        self._known: dict[tuple[int, int], int] = {}
        self._spot_check = SpotCheck(profile, cluster, path)
        self.preemptor: Preemptor | None = None
        self.nominees: _Nominees | None = None

    def decide(self, pods: Ints) -> Ints:
        """Decide about some pods; return them in the queue's order."""
        sequence = pods[np.argsort(self._turn[pods])]
        path, nominated = self.path, self._cluster.nominated
        for signatures, waiting in stretches(self._interned, self._pods, sequence):
            if not isinstance(path, MixedPath):
                self.place_singly(signatures, waiting)
            elif len(nominated) or not is_run(signatures):
                self.place_mixed(path, signatures.tolist(), waiting)
            else:
                self.place_run(path, int(signatures[0]), waiting)
        return sequence

    def place_singly(self, signatures: Ints, waiting: Ints) -> None:
        """Decide about pods one by one."""
        for turn, (pod, signature) in enumerate(
            zip(waiting.tolist(), signatures.tolist(), strict=True)
        ):
            if self._cancelled():
                self._forgo(waiting[turn:])
                return
            self.place_one(pod, signature)

    def place_one(self, pod: int, signature: int) -> None:
        """Decide about one pod."""
        self._spot_check.expect(signature)
        self.began[pod] = len(self._cluster.log)
        started = time.perf_counter_ns()
        row = self._pick(pod, signature)
        devices = choose_devices(self._profile, self._cluster, signature, row)
        self._latency_ns[pod] = time.perf_counter_ns() - started
        self._spot_check.compare(row)
        if row >= 0:
            self._cluster.place(signature, row, devices)
            self.placement.node[pod], self.placement.devices[pod] = row, devices
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
        row = self.path.pick(signature)
        return row if row >= 0 else self._make_room(pod, signature, -1)

    def _make_room(self, pod: int, signature: int, nominated_row: int) -> int:
        if self.preemptor is None or not self.preemptor.hopeful(signature):
            return -1
        return self.preemptor.make_room(pod, signature, nominated_row)

    def place_run(self, path: MixedPath, signature: int, waiting: Ints) -> None:
        """Decide about pods of one signature; each is charged its share of a step's time."""
        while len(waiting):
            if self._cancelled():
                self._forgo(waiting)
                return
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
            self._put(step, np.full(len(step), signature, np.int32), rows)
            waiting = waiting[len(step) :]

    def place_mixed(self, path: MixedPath, signatures: list[int], waiting: Ints) -> None:
        """Decide about pods of several signatures, each charged its share of a step's time."""
        at = 0
        while at < len(waiting):
            if self._cancelled():
                self._forgo(waiting[at:])
                return
            self._spot_check.expect(signatures[at])
            started = time.perf_counter_ns()
            most = self._spot_check.most(len(waiting) - at)
            rows = None if len(self._cluster.nominated) else path.pick_mixed(signatures, at, most)
            spent = time.perf_counter_ns() - started
            if rows is None:
                self.place_one(int(waiting[at]), signatures[at])
                self._latency_ns[waiting[at]] += spent
                at += 1
                continue
            step = waiting[at : at + len(rows)]
            self._latency_ns[step] = spent // len(step)
            self._spot_check.compare(int(rows[0]), len(step))
            self._put(step, np.array(signatures[at : at + len(rows)], np.int32), rows)
            at += len(step)

    def _may_evict(self, rows: Ints, signature: int) -> bool:
        """Say whether a step that found no room ends by making some."""
        return not len(rows) and self.preemptor is not None and self.preemptor.hopeful(signature)

    def _put(self, step: Ints, signatures: NDArray[np.int32], rows: Ints) -> None:
        if len(rows):
            self.began[step] = np.arange(len(step)) + len(self._cluster.log)
            self._cluster.place_many(signatures, rows)
            self.placement.node[step] = rows
            if self.preemptor is not None:
                self.preemptor.placed(step.tolist())
        else:
            for pod, signature in zip(step.tolist(), signatures.tolist(), strict=True):
                self._leave(pod, signature)

    def _leave(self, pod: int, signature: int) -> None:
        key = signature, len(self._cluster.log)
        if key not in self._known:
            self._known[key] = len(self.placement.failures)
            self.placement.failures.append(self.path.failures(signature) or (NO_NODES,))
        self.placement.failure[pod] = self._known[key]

    def _forgo(self, pods: Ints) -> None:
        """Leave pods undecided."""
        if (-1, -1) not in self._known:
            self._known[-1, -1] = len(self.placement.failures)
            self.placement.failures.append((CANCELLED,))
        self.placement.failure[pods] = self._known[-1, -1]


def choose_devices(profile: Profile, cluster: Cluster, signature: int, row: int) -> int:
    """Return the GPU devices that a pod gets on a node, as a bit mask (0: none)."""
    spec = cluster.specs[signature]
    if spec.gpu is None or row < 0:
        return 0
    if profile.devices is None:
        return cluster.first_devices(spec, row)
    view = cluster.view(np.array([row]))
    return int(device_masks(profile.devices, cluster.pod(signature), view)[0])


class _Nominees:
    """Which pods of a batch are nominated; while some are, the reference path decides."""

    def __init__(self, pods: PodBatch, path: ReferencePath) -> None:
        self._names = pods.names
        self.path = path

    def name(self, pod: int) -> str:
        """Return the name by which a pod is nominated."""
        return self._names[pod]
