"""Measuring one case at one size by every path, and holding their decisions against each other."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Budget, Cluster, Placement, PodBatch, Workload
from schedlab.bench.cases import Case
from schedlab.bench.result import CaseResult, PathResult
from schedlab.core.ahead.stretches import queue_order
from schedlab.core.filter_score import FilterScore
from schedlab.core.profile import Profile

REFERENCE = "reference"
PROBE = 5
"""Pods from which the reference path's pace is told."""
SHORTEST = 20
"""The prefix has at least so many pods."""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How to measure: which paths, how many pods, how long the reference path may take.

    ``prefix`` fixes the number of pods that the reference path places; None: as many as it
    manages in ``reference_seconds``.
    """

    profile: Profile
    paths: tuple[str, ...]
    pods: int
    reference_seconds: float = 0.5
    repeat: int = 1
    prefix: int | None = None


@dataclass(frozen=True)
class _Timed:
    placement: Placement
    seconds: float
    cpu_seconds: float


def measure(case: Case, nodes: int, plan: Plan, tell: Tell = lambda doing: None) -> CaseResult:
    """Time every path on the whole batch, and on the prefix that the reference path manages.

    All paths must place every pod of what they share on the same node.
    """
    tell("building")
    workload = case.build(nodes, plan.pods)
    fast = [p for p in plan.paths if p != REFERENCE]
    whole = {p: _timed(workload, p, plan, tell) for p in fast}
    result = CaseResult(case.name, nodes, plan.profile.name, len(workload.pods))
    if REFERENCE in plan.paths:
        order = queue_order(plan.profile.queue_sort, workload.pods)
        wanted = plan.prefix or _affordable(workload, order, plan, tell)
        result.prefix = min(wanted, len(order))
        shared = _first(workload, order, result.prefix)
        short = {p: _timed(shared, p, plan, tell) for p in (*fast, REFERENCE)}
        result.differences += _differences(short)
        result.differences += _differing_prefix(whole, short[REFERENCE], order[: result.prefix])
        whole[REFERENCE] = short[REFERENCE]
        result.prefix_seconds = {p: t.cpu_seconds for p, t in short.items()}
    result.differences += _differences({p: whole[p] for p in fast})
    result.paths = {p: _path_result(t) for p, t in whole.items()}
    return result


def _timed(workload: Workload, path: str, plan: Plan, tell: Tell) -> _Timed:
    """Return the fastest of several runs, each on a fresh cluster."""
    runs = []
    for _ in range(plan.repeat):
        tell(path)
        cluster = Cluster.of(workload)
        arguments: dict[str, Any] = {"profile": plan.profile, "path": path}
        scheduler = FilterScore(**arguments)
        gc.collect()
        gc.freeze()
        started, cpu_started = time.perf_counter(), time.process_time()
        placement = scheduler.schedule(cluster, workload.pods, Budget(seed=0))
        cpu_seconds = time.process_time() - cpu_started
        runs.append(_Timed(placement, time.perf_counter() - started, cpu_seconds))
        gc.unfreeze()
    return min(runs, key=lambda run: run.cpu_seconds)


def _affordable(workload: Workload, order: NDArray[np.int64], plan: Plan, tell: Tell) -> int:
    """Return how many pods the reference path places in its time, told from the first few."""
    probe = _first(workload, order, PROBE)
    probed = _timed(probe, REFERENCE, replace(plan, repeat=1), tell)
    pace = probed.cpu_seconds / max(len(probe.pods), 1)
    wanted = int(plan.reference_seconds / pace) if pace else SHORTEST
    return min(max(wanted, SHORTEST), len(workload.pods))


def _first(workload: Workload, order: NDArray[np.int64], count: int) -> Workload:
    """Return the workload with only the first pods to be decided, in order of arrival."""
    kept, pods = np.sort(order[:count]), workload.pods
    names = [pods.names[i] for i in kept.tolist()]
    return replace(workload, pods=PodBatch(pods.specs, pods.signature[kept], names))


def _path_result(timed: _Timed) -> PathResult:
    latency = timed.placement.latency_ns
    assert latency is not None
    p50, p99 = np.percentile(latency, [50, 99]) / 1e3 if len(latency) else (0.0, 0.0)
    return PathResult(
        pods=len(timed.placement.node),
        placed=int((timed.placement.node >= 0).sum()),
        seconds=timed.seconds,
        cpu_seconds=timed.cpu_seconds,
        decision_seconds=float(latency.sum()) / 1e9,
        p50_us=float(p50),
        p99_us=float(p99),
        counters={k: v for k, v in timed.placement.info.items() if isinstance(v, int)},
    )


def _differences(timed: dict[str, _Timed]) -> list[str]:
    """Return where paths that placed the same pods disagree with the last of them."""
    if not timed:
        return []
    *others, judge = timed
    expected = timed[judge].placement
    return [
        f"{path} and {judge} differ: {found}"
        for path in others
        if (found := _first_difference(timed[path].placement, expected))
    ]


def _differing_prefix(
    whole: dict[str, _Timed], reference: _Timed, first: NDArray[np.int64]
) -> list[str]:
    """Return where the whole batch was begun otherwise than the reference path begins it."""
    kept, expected = np.sort(first), reference.placement
    return [
        f"{path} on all pods and reference on the first differ at {np.flatnonzero(differs)[:3]}"
        for path, timed in whole.items()
        if (differs := timed.placement.node[kept] != expected.node).any()
    ]


def _first_difference(one: Placement, other: Placement) -> str:
    differs = np.flatnonzero((one.node != other.node) | (one.devices != other.devices))
    if not len(differs):
        return ""
    pod = int(differs[0])
    return f"{len(differs)} pods, first pod {pod} on node {one.node[pod]} or {other.node[pod]}"
