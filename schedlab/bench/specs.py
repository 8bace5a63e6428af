"""The nodes and pods of kube-scheduler's own benchmark (test/integration/scheduler_perf/config)."""

from __future__ import annotations

from dataclasses import replace

from schedlab.model.objects import (
    HOSTNAME,
    NAME_FIELD,
    ZONE,
    HostPort,
    LabelSelector,
    Node,
    NodeSelectorTerm,
    PodAffinityTerm,
    PodSpec,
    Requirement,
    TopologySpreadConstraint,
    WeightedPodAffinityTerm,
)

MI = 1 << 20
GI = 1 << 30
SETUP, MEASURED = "sched-0", "sched-1"
BOTH = (SETUP, MEASURED)
WIDGET = "example.com/foo"
SPECIAL_NODE = "scheduler-perf-node"
ONE_ZONE = ("zone1",)
THREE_ZONES = ("moon-1", "moon-2", "moon-3")
ROOM_PER_NODE = 40
"""Pods of the default template that fit on a node, by cpu."""


def nodes(count: int, zones: tuple[str, ...] = ONE_ZONE, widgets: int = 0) -> tuple[Node, ...]:
    """Return nodes of node-default.yaml, labelled with the zones in turn."""
    extended = {WIDGET: widgets} if widgets else {}
    amounts = {"cpu": 4000, "memory": 32 * GI, "pods": 110, **extended}
    return tuple(
        Node(f"node-{i}", amounts, {HOSTNAME: f"node-{i}", ZONE: zones[i % len(zones)]})
        for i in range(count)
    )


def special_node(pods: int) -> Node:
    """Return the node of node-with-name.yaml, on which so many pods fit."""
    amounts = {"cpu": 4000, "memory": 32 * GI, "pods": pods}
    return Node(SPECIAL_NODE, amounts, {HOSTNAME: SPECIAL_NODE, ZONE: ONE_ZONE[0]})


PLAIN = PodSpec(namespace=MEASURED, requests=(("cpu", 100), ("memory", 500 * MI)))
NODE_AFFINITY = replace(
    PLAIN,
    required_node_terms=(NodeSelectorTerm((Requirement(ZONE, "In", ("zone1", "zone2")),)),),
)
WITH_WIDGET = replace(PLAIN, requests=(*PLAIN.requests, (WIDGET, 1)))
WITH_PORT = replace(PLAIN, host_ports=(HostPort(80),))
TOO_LARGE = replace(PLAIN, requests=(("cpu", 9000), ("memory", 500 * MI)))
DAEMON = PodSpec(
    namespace=MEASURED,
    required_node_terms=(
        NodeSelectorTerm(match_fields=(Requirement(NAME_FIELD, "In", (SPECIAL_NODE,)),)),
    ),
)
LOW_PRIORITY = PodSpec(namespace=SETUP, requests=(("cpu", 900), ("memory", 500 * MI)))
HIGH_PRIORITY = PodSpec(
    namespace=MEASURED, requests=(("cpu", 3000), ("memory", 500 * MI)), priority=10
)


def _colour(colour: str) -> LabelSelector:
    return LabelSelector.of({"color": colour})


def _coloured(colour: str, **fields: object) -> PodSpec:
    return replace(PLAIN, labels=(("color", colour),), **fields)  # type: ignore[arg-type]


def _spread(when: str, key: str = ZONE, skew: int = 5) -> TopologySpreadConstraint:
    return TopologySpreadConstraint(skew, key, when, _colour("blue"))


SPREAD_HARD = _coloured("blue", spread=(_spread("DoNotSchedule"),))
SPREAD_PREFERRED = _coloured("blue", spread=(_spread("ScheduleAnyway"),))
SPREAD_DEFAULT = _coloured("blue")
SPREAD_BOTH = _coloured(
    "blue", spread=(_spread("DoNotSchedule", skew=1), _spread("ScheduleAnyway", HOSTNAME, 1))
)
AFFINITY = _coloured("blue", required_affinity=(PodAffinityTerm(ZONE, _colour("blue"), BOTH),))
ANTI_AFFINITY = _coloured(
    "green", required_anti_affinity=(PodAffinityTerm(HOSTNAME, _colour("green"), BOTH),)
)
PREFERRED_AFFINITY = _coloured(
    "red",
    preferred_affinity=(
        WeightedPodAffinityTerm(1, PodAffinityTerm(HOSTNAME, _colour("red"), BOTH)),
    ),
)
PREFERRED_ANTI_AFFINITY = _coloured(
    "yellow",
    preferred_anti_affinity=(
        WeightedPodAffinityTerm(1, PodAffinityTerm(HOSTNAME, _colour("yellow"), BOTH)),
    ),
)


def at_setup(spec: PodSpec) -> PodSpec:
    """Return the same pod in the namespace of the pods that run already."""
    return replace(spec, namespace=SETUP)
