"""The rule of hard topology spread constraints (plugins/podtopologyspread/filtering.go)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from schedlab.metrics.verify.node_rules import selects_node, untolerated
from schedlab.metrics.verify.rule import Rule, Scene, Turn
from schedlab.model.objects import (
    LabelSelector,
    Node,
    PodSpec,
    Requirement,
    TopologySpreadConstraint,
)

Eligible = Callable[[Node], bool]


class SpreadTable:
    """How many matching pods each eligible domain holds; ``domain`` is by row, None: no part.

    A domain takes part if one of its nodes is eligible; only pods on eligible nodes count.
    """

    def __init__(
        self, namespace: str, selector: LabelSelector | None, domain: Sequence[str | None]
    ) -> None:
        self._namespace = namespace
        self._selector = selector
        self._domain = domain
        self._count = {d: 0 for d in domain if d is not None}
        self._domains_with = Counter(self._count.values())
        self._minimum = 0

    def counts(self, spec: PodSpec) -> bool:
        """Say whether a placed pod counts here."""
        return counts(self._namespace, self._selector, spec)

    def add(self, row: int, pods: int = 1) -> None:
        """Count one more pod on ``row``, or one fewer (``pods`` -1)."""
        domain = self._domain[row]
        if domain is None:
            return
        count = self._count[domain]
        self._count[domain] = count + pods
        self._domains_with[count] -= 1
        self._domains_with[count + pods] += 1
        if count + pods < self._minimum:
            self._minimum = count + pods
        elif not self._domains_with[self._minimum]:
            self._minimum += 1

    def count(self, domain: str) -> int:
        """Return the matching pods of a domain (0 where no node of it is eligible)."""
        return self._count.get(domain, 0)

    def minimum(self, min_domains: int) -> int:
        """Return the global minimum; it is 0 with fewer than ``min_domains`` domains."""
        return 0 if len(self._count) < min_domains else self._minimum


@dataclass(frozen=True)
class Tracked:
    """One constraint of one spec: the table it reads and whether the pod itself counts."""

    constraint: TopologySpreadConstraint
    table: SpreadTable
    matches_itself: bool


class Spread(Rule):
    """DoNotSchedule constraints, each held at the turn of the pod that states it."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._domains: dict[object, list[str | None]] = {}
        self._tables: dict[object, SpreadTable] = {}
        self._tracked = [self._track(spec) for spec in scene.specs]
        self._fed: dict[int, list[SpreadTable]] = {}

    def faults(self, turn: Turn) -> Iterator[str]:
        """Yield each constraint whose skew would exceed its maximum."""
        for tracked in self._tracked[turn.code]:
            key = tracked.constraint.topology_key
            domain = turn.node.labels.get(key)
            if domain is None:
                yield f"the node lacks the topology key {key}"
            else:
                yield from _skew_fault(tracked, domain)

    def place(self, turn: Turn) -> None:
        """Count the pod in every table whose selector matches it."""
        for table in self._feeds(turn):
            table.add(turn.row)

    def evict(self, turn: Turn) -> None:
        """Count it no longer."""
        for table in self._feeds(turn):
            table.add(turn.row, -1)

    def _feeds(self, turn: Turn) -> list[SpreadTable]:
        if turn.code not in self._fed:
            self._fed[turn.code] = [t for t in self._tables.values() if t.counts(turn.spec)]
        return self._fed[turn.code]

    def _track(self, spec: PodSpec) -> list[Tracked]:
        hard = [c for c in spec.spread if c.is_hard]
        keys = frozenset(c.topology_key for c in hard)
        return [self._track_one(spec, c, keys) for c in hard]

    def _track_one(
        self, spec: PodSpec, constraint: TopologySpreadConstraint, keys: frozenset[str]
    ) -> Tracked:
        selector = effective_selector(constraint, dict(spec.labels))
        place = (constraint.topology_key, keys, *eligibility_reads(spec, constraint))
        identity = (spec.namespace, selector, place)
        if place not in self._domains:
            self._domains[place] = self._domain_by_row(spec, constraint, keys)
        if identity not in self._tables:
            table = SpreadTable(spec.namespace, selector, self._domains[place])
            self._tables[identity] = table
        itself = selector is not None and selector.matches(dict(spec.labels))
        return Tracked(constraint, self._tables[identity], itself)

    def _domain_by_row(
        self, spec: PodSpec, constraint: TopologySpreadConstraint, keys: frozenset[str]
    ) -> list[str | None]:
        key, eligible = constraint.topology_key, eligibility(spec, constraint, keys)
        return [n.labels[key] if eligible(n) else None for n in self.scene.nodes]


def _skew_fault(tracked: Tracked, domain: str) -> Iterator[str]:
    constraint, itself = tracked.constraint, int(tracked.matches_itself)
    here = tracked.table.count(domain)
    minimum = tracked.table.minimum(constraint.min_domains)
    skew = here + itself - minimum
    if skew > constraint.max_skew:
        yield (
            f"{constraint.topology_key}={domain}: {here} matching pods + {itself} (itself) - "
            f"{minimum} (global minimum) = skew {skew} > maxSkew {constraint.max_skew}"
        )


def effective_selector(
    constraint: TopologySpreadConstraint, labels: Mapping[str, str]
) -> LabelSelector | None:
    """Return the selector with ``matchLabelKeys`` merged in; None (matches nothing) stays None."""
    if constraint.selector is None:
        return None
    keys = [k for k in constraint.match_label_keys if k in labels]
    merged = tuple(Requirement(k, "In", (labels[k],)) for k in keys)
    return LabelSelector((*constraint.selector.requirements, *merged))


def counts(namespace: str, selector: LabelSelector | None, spec: PodSpec) -> bool:
    """Say whether a placed pod counts; a selector without requirements counts no pod."""
    if selector is None or not selector.requirements:
        return False
    if spec.terminating or spec.namespace != namespace:
        return False
    return selector.matches(dict(spec.labels))


def eligibility(
    spec: PodSpec, constraint: TopologySpreadConstraint, keys: frozenset[str]
) -> Eligible:
    """Return which nodes take part: all topology keys, and the node inclusion policies."""

    def eligible(node: Node) -> bool:
        if not all(k in node.labels for k in keys):
            return False
        if constraint.node_affinity_policy == "Honor" and not selects_node(spec, node):
            return False
        honors_taints = constraint.node_taints_policy == "Honor"
        return not (honors_taints and untolerated(node.taints, spec.tolerations))

    return eligible


def eligibility_reads(spec: PodSpec, constraint: TopologySpreadConstraint) -> tuple[object, ...]:
    """Return what of the spec the eligibility of nodes depends on."""
    affinity = (spec.node_selector, spec.required_node_terms)
    return (
        affinity if constraint.node_affinity_policy == "Honor" else None,
        spec.tolerations if constraint.node_taints_policy == "Honor" else None,
    )
