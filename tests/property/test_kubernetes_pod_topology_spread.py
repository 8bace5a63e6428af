"""PodTopologySpread against a slow transcription of its rules that looks at every placed pod."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedlab.api import IGNORED, Cluster
from schedlab.model.objects import (
    HOSTNAME,
    ZONE,
    LabelSelector,
    Node,
    PodSpec,
    Requirement,
    Service,
    Taint,
    Toleration,
    TopologySpreadConstraint,
)
from schedlab_algorithms.kubernetes.pod_topology_spread import PodTopologySpread

from .clusters import APPS, constraints

FITS, MISSING_LABEL, SKEW = 0, 1, 2
SYSTEM = (
    TopologySpreadConstraint(3, HOSTNAME, "ScheduleAnyway"),
    TopologySpreadConstraint(5, ZONE, "ScheduleAnyway"),
)
LIST = (
    TopologySpreadConstraint(1, ZONE, "DoNotSchedule"),
    TopologySpreadConstraint(2, "disk", "ScheduleAnyway"),
)

pods = st.builds(
    PodSpec,
    namespace=st.sampled_from(["default", "ns-a"]),
    labels=st.tuples(
        st.sampled_from(APPS).map(lambda app: ("app", app)),
        st.sampled_from(["1", "2"]).map(lambda version: ("version", version)),
    ),
    node_selector=st.sampled_from([(), (), (("disk", "ssd"),)]),
    tolerations=st.sampled_from([(), (Toleration("spot", "Exists"),)]),
    spread=st.lists(constraints, max_size=3).map(tuple),
    terminating=st.sampled_from([False, False, True]),
)
label_sets = st.fixed_dictionaries(
    {},
    optional={
        HOSTNAME: st.sampled_from(["h0", "h1", "h2", "h3"]),
        ZONE: st.sampled_from(["z0", "z1", ""]),
        "disk": st.sampled_from(["ssd", "hdd"]),
    },
)
taints = st.sampled_from([(), (), (Taint("spot"),), (Taint("spot", "", "PreferNoSchedule"),)])
clusters = st.lists(st.tuples(label_sets, taints), min_size=1, max_size=5).map(
    lambda drawn: [Node(f"n{i}", {}, own, taint) for i, (own, taint) in enumerate(drawn)]
)


class Oracle:
    """The rules for one incoming pod, pod by pod and node by node."""

    def __init__(
        self,
        pod: PodSpec,
        nodes: Sequence[Node],
        placed: list[tuple[PodSpec, int]],
        services: Sequence[Service],
        defaults: tuple[TopologySpreadConstraint, ...],
        *,
        system: bool,
    ) -> None:
        self.pod = pod
        self.nodes = nodes
        self.placed = placed
        self.all_keys = bool(pod.spread) or not system
        self.constraints = [self._merged(c) for c in pod.spread]
        if not pod.spread:
            self.constraints = self._defaults(services, defaults)

    def _merged(self, constraint: TopologySpreadConstraint) -> TopologySpreadConstraint:
        labels = dict(self.pod.labels)
        extra = [
            Requirement(k, "In", (labels[k],)) for k in constraint.match_label_keys if k in labels
        ]
        if not extra:
            return constraint
        own = constraint.selector.requirements if constraint.selector else ()
        return replace(constraint, selector=LabelSelector((*own, *extra)))

    def _defaults(
        self, services: Sequence[Service], defaults: tuple[TopologySpreadConstraint, ...]
    ) -> list[TopologySpreadConstraint]:
        labels = dict(self.pod.labels)
        mine = [
            s for s in services if s.namespace == self.pod.namespace and s.selector.matches(labels)
        ]
        requirements = tuple(r for s in mine for r in s.selector.requirements)
        if not requirements:
            return []
        return [replace(c, selector=LabelSelector(requirements)) for c in defaults]

    def verdict(self, node: Node) -> int:
        hard = [c for c in self.constraints if c.is_hard]
        for constraint in hard:
            key = constraint.topology_key
            if key not in node.labels:
                return MISSING_LABEL
            counts: dict[str, int] = {}
            for row, other in enumerate(self.nodes):
                if all(c.topology_key in other.labels for c in hard) and self._included(
                    constraint, other
                ):
                    value = other.labels[key]
                    counts[value] = counts.get(value, 0) + self._matching(constraint, row)
            least = min(counts.values(), default=0)
            if len(counts) < constraint.min_domains:
                least = 0
            selector = constraint.selector
            itself = int(selector is not None and selector.matches(dict(self.pod.labels)))
            if counts.get(node.labels[key], 0) + itself - least > constraint.max_skew:
                return SKEW
        return FITS

    def costs(self, feasible: list[int]) -> list[int]:
        soft = [c for c in self.constraints if not c.is_hard]
        lacking = {
            row
            for row in feasible
            if self.all_keys and any(c.topology_key not in self.nodes[row].labels for c in soft)
        }
        return [
            IGNORED if row in lacking else self._cost(row, soft, set(feasible) - lacking)
            for row in feasible
        ]

    def _cost(self, row: int, soft: list[TopologySpreadConstraint], scored: set[int]) -> int:
        cost = 0.0
        for constraint in soft:
            key = constraint.topology_key
            if key not in self.nodes[row].labels:
                continue
            if key == HOSTNAME:
                size, count = len(scored), self._matching(constraint, row)
            else:
                size = len({self.nodes[r].labels.get(key, "") for r in scored})
                count = self._in_domain(constraint, self.nodes[row].labels[key], soft)
            cost += count * math.log(size + 2) + (constraint.max_skew - 1)
        return int(cost + 0.5)

    def _in_domain(
        self,
        constraint: TopologySpreadConstraint,
        value: str,
        soft: list[TopologySpreadConstraint],
    ) -> int:
        return sum(
            self._matching(constraint, row)
            for row, node in enumerate(self.nodes)
            if node.labels.get(constraint.topology_key, "") == value
            and not (self.all_keys and any(c.topology_key not in node.labels for c in soft))
            and self._included(constraint, node)
        )

    def _included(self, constraint: TopologySpreadConstraint, node: Node) -> bool:
        if constraint.node_affinity_policy == "Honor" and any(
            node.labels.get(k) != v for k, v in self.pod.node_selector
        ):
            return False
        return constraint.node_taints_policy == "Ignore" or all(
            taint.effect == "PreferNoSchedule"
            or any(t.tolerates(taint) for t in self.pod.tolerations)
            for taint in node.taints
        )

    def _matching(self, constraint: TopologySpreadConstraint, row: int) -> int:
        selector = constraint.selector
        if selector is None or not selector.requirements:
            return 0
        return sum(
            there == row
            and other.namespace == self.pod.namespace
            and not other.terminating
            and selector.matches(dict(other.labels))
            for other, there in self.placed
        )


@pytest.mark.parametrize("defaulting", ["System", "List"])
@settings(max_examples=250, deadline=None)
@given(
    nodes=clusters,
    kinds=st.lists(pods, min_size=1, max_size=4),
    where=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), max_size=8),
    leaves=st.integers(0, 5),
    apps=st.lists(st.sampled_from(APPS), max_size=2),
    feasible=st.sets(st.integers(0, 4)),
)
def test_as_the_slow_rules_say(
    defaulting: str,
    nodes: list[Node],
    kinds: list[PodSpec],
    where: list[tuple[int, int]],
    leaves: int,
    apps: list[str],
    feasible: set[int],
) -> None:
    """Some pods are placed, and some leave again, with questions in between."""
    services = [Service("default", app, LabelSelector.of({"app": app})) for app in apps]
    cluster = Cluster(nodes, services=services)
    plugin = PodTopologySpread(
        defaulting_type=defaulting,  # type: ignore[arg-type]
        default_constraints=LIST if defaulting == "List" else (),
    )
    rows = sorted(row for row in feasible if row < len(nodes)) or [0]
    placed: list[tuple[PodSpec, int]] = []

    def compare(spec: PodSpec) -> None:
        pod = cluster.pod(cluster.signature(spec))
        defaults = LIST if defaulting == "List" else SYSTEM
        system = defaulting == "System"
        oracle = Oracle(spec, nodes, placed, services, defaults, system=system)
        if plugin.skips_filter(pod):
            assert not any(oracle.verdict(node) for node in nodes)
        else:
            verdict = plugin.filter(pod, cluster.view())
            assert verdict.tolist() == [oracle.verdict(node) for node in nodes]
        if plugin.skips_score(pod):
            assert all(c.is_hard for c in oracle.constraints)
        else:
            raw = plugin.score(pod, cluster.view(np.array(rows)))
            assert raw.tolist() == oracle.costs(rows)

    for kind, row in where:
        placed.append((kinds[kind % len(kinds)], row % len(nodes)))
        cluster.place(cluster.signature(placed[-1][0]), placed[-1][1])
        compare(kinds[0])
    for _ in range(min(leaves, len(placed))):
        spec, row = placed.pop(0)
        cluster.remove(cluster.signature(spec), row)
    for spec in kinds:
        compare(spec)
