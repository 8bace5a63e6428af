"""The cases: clusters and pods after Kubernetes' scheduler_perf, at any size."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from schedlab.api import Node, PodBatch, PodSpec, Workload
from schedlab.bench import specs
from schedlab.model.objects import LabelSelector, Service

SIGNATURES = 200
BACKLOG = 5
"""One pod in so many fits nowhere."""


@dataclass(frozen=True)
class Case:
    """One benchmark: ``build(nodes, pods)`` makes it at a size, with fewer pods where few fit.

    ``profile`` are keys that the profile needs for it.
    """

    name: str
    about: str
    build: Callable[[int, int], Workload]
    profile: Mapping[str, Any] = field(default_factory=dict)


def _workload(
    nodes: Sequence[Node],
    pods: Sequence[PodSpec],
    running: Sequence[PodSpec] = (),
    services: tuple[Service, ...] = (),
) -> Workload:
    """Return the waiting pods, and the running ones dealt to the nodes in turn."""
    return Workload(
        name="bench",
        nodes=tuple(nodes),
        pods=PodBatch.of((f"{s.namespace}/pod-{i}", s) for i, s in enumerate(pods)),
        bound=PodBatch.of((f"{s.namespace}/run-{i}", s) for i, s in enumerate(running)),
        bound_node=np.arange(len(running), dtype=np.int32) % max(len(nodes), 1),
        namespaces={n: {"kubernetes.io/metadata.name": n} for n in specs.BOTH},
        services=services,
    )


def _same(
    spec: PodSpec,
    running: PodSpec = specs.PLAIN,
    zones: tuple[str, ...] = specs.ONE_ZONE,
    widgets: int = 0,
    services: tuple[Service, ...] = (),
) -> Callable[[int, int], Workload]:
    """Return the builder of a case whose pods are all alike; one runs on each node already."""

    def build(nodes: int, pods: int) -> Workload:
        room = nodes * (widgets - 1 if widgets else specs.ROOM_PER_NODE - 1)
        setup = [specs.at_setup(running)] * nodes
        waiting = [spec] * min(pods, room)
        return _workload(specs.nodes(nodes, zones, widgets), waiting, setup, services)

    return build


def _one_per_node(spec: PodSpec) -> Callable[[int, int], Workload]:
    """Return the builder of a case whose pods need a node each; a fifth have one already."""

    def build(nodes: int, pods: int) -> Workload:
        running = [specs.at_setup(spec)] * (nodes // 5)
        return _workload(specs.nodes(nodes), [spec] * min(pods, nodes - len(running)), running)

    return build


def _signatures(nodes: int, pods: int) -> Workload:
    """Return pods of many sizes, shuffled: hardly two in a row are alike."""
    generator = np.random.default_rng(0)
    kinds = [
        replace(
            specs.PLAIN,
            labels=(("app", f"app-{i}"),),
            requests=(("cpu", 50 + 5 * (i % 20)), ("memory", (100 + 8 * i) * specs.MI)),
        )
        for i in range(SIGNATURES)
    ]
    count = min(pods, nodes * (specs.ROOM_PER_NODE // 2))
    order = generator.permutation(np.arange(count) % SIGNATURES)
    return _workload(specs.nodes(nodes), [kinds[i] for i in order], [specs.PLAIN] * nodes)


def _mixed(nodes: int, pods: int) -> Workload:
    """Return plain pods for a cluster that runs pods with every kind of affinity."""
    kinds = (
        specs.PLAIN,
        specs.AFFINITY,
        specs.ANTI_AFFINITY,
        specs.PREFERRED_AFFINITY,
        specs.PREFERRED_ANTI_AFFINITY,
    )
    each = 2 * nodes // 5
    running = [specs.at_setup(kind) for kind in kinds for _ in range(each)]
    room = nodes * (specs.ROOM_PER_NODE - len(kinds))
    return _workload(specs.nodes(nodes), [specs.PLAIN] * min(pods, room), running)


def _backlog(nodes: int, pods: int) -> Workload:
    """Return plain pods, every few of them followed by one that fits nowhere."""
    count = min(pods, nodes * (specs.ROOM_PER_NODE - 1))
    waiting = [specs.TOO_LARGE if i % BACKLOG == BACKLOG - 1 else specs.PLAIN for i in range(count)]
    return _workload(specs.nodes(nodes), waiting, [specs.PLAIN] * nodes)


def _daemon_set(nodes: int, pods: int) -> Workload:
    """Return pods that are all bound for one node by its name."""
    return _workload([*specs.nodes(nodes), specs.special_node(pods)], [specs.DAEMON] * pods)


def _preemption(nodes: int, pods: int) -> Workload:
    """Return pods of high priority for a cluster full of pods of low priority."""
    waiting = [specs.HIGH_PRIORITY] * min(pods, nodes)
    return _workload(specs.nodes(nodes), waiting, [specs.LOW_PRIORITY] * (4 * nodes))


_BLUE = (Service(specs.MEASURED, "blue", LabelSelector.of({"color": "blue"})),)

CASES = {
    case.name: case
    for case in (
        Case("basic", "equal plain pods (SchedulingBasic)", _same(specs.PLAIN)),
        Case("signatures", f"{SIGNATURES} kinds of plain pods, shuffled", _signatures),
        Case(
            "node-affinity",
            "required zone (SchedulingNodeAffinity)",
            _same(specs.NODE_AFFINITY, specs.NODE_AFFINITY),
        ),
        Case(
            "spread-hard",
            "DoNotSchedule over three zones (TopologySpreading)",
            _same(specs.SPREAD_HARD, zones=specs.THREE_ZONES),
        ),
        Case(
            "spread-preferred",
            "ScheduleAnyway over three zones (PreferredTopologySpreading)",
            _same(specs.SPREAD_PREFERRED, zones=specs.THREE_ZONES),
        ),
        Case(
            "spread-default",
            "pods of a Service, spread by Kubernetes' defaults",
            _same(specs.SPREAD_DEFAULT, zones=specs.THREE_ZONES, services=_BLUE),
        ),
        Case(
            "spread-both",
            "DoNotSchedule over three zones with skew 1, ScheduleAnyway over hosts",
            _same(specs.SPREAD_BOTH, zones=specs.THREE_ZONES),
        ),
        Case(
            "affinity",
            "required affinity by zone (SchedulingPodAffinity)",
            _same(specs.AFFINITY, specs.AFFINITY),
        ),
        Case(
            "anti-affinity",
            "required anti-affinity by host (SchedulingPodAntiAffinity)",
            _one_per_node(specs.ANTI_AFFINITY),
        ),
        Case(
            "affinity-preferred",
            "preferred affinity by host (SchedulingPreferredPodAffinity)",
            _same(specs.PREFERRED_AFFINITY, specs.PREFERRED_AFFINITY),
        ),
        Case(
            "anti-affinity-preferred",
            "preferred anti-affinity by host (SchedulingPreferredPodAntiAffinity)",
            _same(specs.PREFERRED_ANTI_AFFINITY, specs.PREFERRED_ANTI_AFFINITY),
        ),
        Case("mixed", "plain pods among all kinds of affinity (MixedSchedulingBasePod)", _mixed),
        Case(
            "extended-resource",
            "pods that ask for a device by count",
            _same(specs.WITH_WIDGET, widgets=specs.ROOM_PER_NODE),
        ),
        Case("host-port", "pods that take the same port", _one_per_node(specs.WITH_PORT)),
        Case(
            "unschedulable",
            f"one pod in {BACKLOG} fits nowhere (Unschedulable)",
            _backlog,
        ),
        Case("daemon-set", "pods for one named node (SchedulingDaemonset)", _daemon_set),
        Case(
            "preemption",
            "evict to fit (PreemptionBasic)",
            _preemption,
            {"post_filter": "DefaultPreemption"},
        ),
    )
}
"""Every case by name, in the order of the table."""
