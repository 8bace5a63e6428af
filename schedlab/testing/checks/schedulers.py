"""Checks of schedulers: nothing is lost, everything placed is legal, and again the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count, product

import numpy as np

from schedlab.api import Budget, Cluster, Placement, PodSpec, Scheduler, Workload, never
from schedlab.metrics.verify import verify
from schedlab.places import place_of_method
from schedlab.testing.ask import Exam
from schedlab.testing.check import Broken
from schedlab.testing.scene import Scene

PODS = 15
EFFORT = 0.3
SHOWN = 3
PATIENCE = (0, 3)
"""How often a budget may be asked before it is cancelled."""


class SchedulerExam:
    """Small workloads on which a scheduler is examined.

    Pods that wait for a gate are among them, and clusters without nodes or room.
    """

    def __init__(self, seed: int = 0, count: int = 4) -> None:
        exam = Exam(seed, count)
        generator = exam.generator()
        bare = exam.scenes[0].holding(()).permuted([])
        self.seed = seed
        scenes = [_with_gated_pod(s) for s in (*exam.scenes, bare)]
        self.workloads = tuple(s.workload(generator, PODS) for s in scenes)

    def placed(
        self, scheduler: Scheduler, workload: Workload, cancelled: Callable[[], bool] = never
    ) -> tuple[Cluster, Placement]:
        """Return the cluster and the placement after the scheduler ran."""
        cluster = Cluster.of(workload)
        budget = Budget(seed=self.seed, effort=EFFORT, cancelled=cancelled)
        placement = scheduler.schedule(cluster, workload.pods, budget)
        if not isinstance(placement, Placement):
            raise Broken(
                f"{scheduler.name}.schedule returned {type(placement).__name__}",
                "return a schedlab.api.Placement: Placement.empty(len(pods)) is a start",
                place_of_method(type(scheduler), "schedule"),
            )
        return cluster, placement


def _with_gated_pod(scene: Scene) -> Scene:
    """Return the scene with a small pod that could run anywhere, but for its gate."""
    gated = PodSpec(requests=(("cpu", 10),), scheduling_gates=("example.com/gate",))
    return replace(scene, specs=(*scene.specs, gated))


def check_verified(scheduler: Scheduler, exam: SchedulerExam) -> None:
    """Every placement holds Kubernetes' hard constraints, pod by pod at its turn."""
    for workload in exam.workloads:
        _, placement = exam.placed(scheduler, workload)
        _require_legal(
            workload,
            placement,
            "ask schedlab.engine.feasible(profile, cluster, signature) before placing, place "
            "at once, and give the order of the decisions in Placement.sequence",
        )


def check_cancelled(scheduler: Scheduler, exam: SchedulerExam) -> None:
    """A search that is cancelled, at once or later, answers with what it has."""
    for workload, patience in product(exam.workloads, PATIENCE):
        cluster, placement = exam.placed(scheduler, workload, _cancelled_after(patience))
        mend = "when budget.remaining() is 0, return the placement as it is"
        _require_legal(workload, placement, mend)
        _require_told(workload, cluster, placement)


def _cancelled_after(times: int) -> Callable[[], bool]:
    asked = count()
    return lambda: next(asked) >= times


def _require_legal(workload: Workload, placement: Placement, mend: str) -> None:
    violations = [str(v) for v in verify(workload, placement)]
    if violations:
        shown = "; ".join(violations[:SHOWN])
        raise Broken(f"{len(violations)} violation(s) in {workload.name}, first: {shown}", mend)


def check_gates(scheduler: Scheduler, exam: SchedulerExam) -> None:
    """Pods with scheduling gates are left."""
    for workload in exam.workloads:
        _, placement = exam.placed(scheduler, workload)
        gated = np.array([bool(spec.scheduling_gates) for _, spec in workload.pods], np.bool_)
        placed = np.flatnonzero(gated & (placement.node >= 0))
        if len(placed):
            names = [workload.pods.names[i] for i in placed[:SHOWN]]
            raise Broken(
                f"placed {names}, which wait for a scheduling gate, in {workload.name}",
                "leave pods whose spec has scheduling_gates",
            )


def check_conservation(scheduler: Scheduler, exam: SchedulerExam) -> None:
    """The cluster holds what it held and what the placement says, no more and no less."""
    for workload in exam.workloads:
        cluster, placement = exam.placed(scheduler, workload)
        _require_told(workload, cluster, placement)


def _require_told(workload: Workload, cluster: Cluster, placement: Placement) -> None:
    expected = _told_cluster(workload, placement)
    same = np.array_equal(cluster.dynamic, expected.dynamic)
    if not (same and np.array_equal(cluster.device_free, expected.device_free)):
        raise Broken(
            f"the cluster and the placement differ after {workload.name}: the cluster holds "
            f"{cluster.pod_count.tolist()} pods by node, the placement makes it "
            f"{expected.pod_count.tolist()}",
            "cluster.place() each pod of the answer, and nothing else",
        )


def _told_cluster(workload: Workload, placement: Placement) -> Cluster:
    """Return the cluster that a placement tells of: the moved moved, the evicted gone."""
    cluster = Cluster.of(workload)
    for moved in placement.moves:
        spec = workload.bound.specs[workload.bound.signature[moved.bound]]
        cluster.remove(cluster.signature(spec), moved.origin, moved.held)
        cluster.place(cluster.signature(spec), moved.target, moved.devices)
    for gone in (e for e in placement.evictions if e.bound >= 0):
        spec = workload.bound.specs[workload.bound.signature[gone.bound]]
        cluster.remove(cluster.signature(spec), gone.row, gone.devices)
    for pod in np.flatnonzero(placement.node >= 0).tolist():
        spec = workload.pods.specs[workload.pods.signature[pod]]
        row, devices = int(placement.node[pod]), int(placement.devices[pod])
        cluster.place(cluster.signature(spec), row, devices)
    return cluster


def check_repeatable(scheduler: Scheduler, exam: SchedulerExam) -> None:
    """The same batch, cluster and seed give the same placement."""
    for workload in exam.workloads:
        first, again = (exam.placed(scheduler, workload)[1] for _ in range(2))
        differs = np.flatnonzero((first.node != again.node) | (first.devices != again.devices))
        if len(differs):
            raise Broken(
                f"placed {len(differs)} of {len(workload.pods)} pods otherwise the second time "
                f"in {workload.name}",
                "draw every random choice from budget.seed, bound work by budget.effort and not "
                "by the clock, and break ties by row",
            )


def check_empty_batch(scheduler: Scheduler, exam: SchedulerExam) -> None:
    """A batch of no pods is placed without complaint."""
    workload = exam.workloads[0]
    none = Workload(workload.name, workload.nodes, type(workload.pods).of(()))
    _, placement = exam.placed(scheduler, none)
    if len(placement.node):
        raise Broken(f"placed {len(placement.node)} pods of none", "return Placement.empty(0)")
