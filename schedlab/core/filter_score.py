"""FilterScore: the scheduler that places pods one by one with filter and score plugins."""

from __future__ import annotations

import time
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Budget, Cluster, Failure, Placement, PodBatch, Scheduler
from schedlab.core.incremental import IncrementalPath
from schedlab.core.profile import Profile, QueueSort
from schedlab.core.reference import ReferencePath
from schedlab.core.select import selector

DecisionPath = IncrementalPath | ReferencePath
PATHS: dict[str, type[DecisionPath]] = {
    "incremental": IncrementalPath,
    "reference": ReferencePath,
}

NO_NODES = Failure("", "the cluster has no nodes", 0, resolvable=False)


class FilterScore(Scheduler):
    """Places each pod on the feasible node of the highest total, as kube-scheduler does.

    ``path`` decides how, never what: ``reference`` asks every plugin about every node,
    ``incremental`` only what can have changed.
    """

    profile: Profile
    path: Literal["incremental", "reference"] = "incremental"

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
        interned = [cluster.signature(spec) for spec in pods.specs]
        recorder = _FailureRecorder(placement, cluster, path)
        codes = pods.signature.tolist()
        for pod in placement.sequence.tolist():
            signature = interned[codes[pod]]
            started = time.perf_counter_ns()
            row = path.pick(signature)
            devices = self._devices(cluster, signature, row)
            placement.latency_ns[pod] = time.perf_counter_ns() - started
            if row >= 0:
                cluster.place(signature, row, devices)
                placement.node[pod], placement.devices[pod] = row, devices
            else:
                recorder.record(pod, signature)
        placement.info.update(path.counters())
        return placement

    def _devices(self, cluster: Cluster, signature: int, row: int) -> int:
        spec = cluster.specs[signature]
        if spec.gpu is None or row < 0:
            return 0
        if self.profile.devices is None:
            return cluster.first_devices(spec, row)
        view = cluster.view(np.array([row]))
        return int(self.profile.devices.choose(cluster.pod(signature), view)[0])


class _FailureRecorder:
    """Notes why pods were left, once for each signature and state of the cluster."""

    def __init__(self, placement: Placement, cluster: Cluster, path: DecisionPath) -> None:
        self._placement = placement
        self._cluster = cluster
        self._path = path
        self._known: dict[tuple[int, int], int] = {}

    def record(self, pod: int, signature: int) -> None:
        key = signature, len(self._cluster.log)
        if key not in self._known:
            self._known[key] = len(self._placement.failures)
            self._placement.failures.append(self._path.failures(signature) or (NO_NODES,))
        self._placement.failure[pod] = self._known[key]


def queue_order(queue_sort: QueueSort, pods: PodBatch) -> NDArray[np.int64]:
    """Return the pods' indices in the order in which they are scheduled, shape (P,)."""
    if queue_sort == "Arrival":
        return np.arange(len(pods), dtype=np.int64)
    return np.argsort(-pods.priority, kind="stable")
