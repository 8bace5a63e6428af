"""The rules of required pod affinity and anti-affinity (plugins/interpodaffinity/filtering.go)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from schedlab.metrics.verify.rule import Rule, Scene, Turn
from schedlab.model.objects import PodAffinityTerm, PodSpec

Namespaces = Mapping[str, Mapping[str, str]]


@dataclass
class AffinityTable:
    """The pods that match *all* of some affinity terms, by (topology key, value)."""

    namespace: str
    terms: tuple[PodAffinityTerm, ...]
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def selects(self, spec: PodSpec, namespaces: Namespaces) -> bool:
        """Say whether every term selects ``spec``."""
        return all(selects_existing(t, self.namespace, spec, namespaces) for t in self.terms)

    def add(self, labels: Mapping[str, str], pods: int = 1) -> None:
        """Count one pod on a node with these labels, once for each term; ``pods`` -1: one fewer."""
        for term in self.terms:
            if term.topology_key in labels:
                domain = term.topology_key, labels[term.topology_key]
                self.counts[domain] += pods
                if not self.counts[domain]:
                    del self.counts[domain]


class PodAffinity(Rule):
    """Required pod affinity, with the rule for the first pod of a group."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        tables: dict[object, AffinityTable] = {}
        self._own = [
            tables.setdefault(
                (s.namespace, s.required_affinity), AffinityTable(s.namespace, s.required_affinity)
            )
            for s in scene.specs
        ]
        self._tables = [t for t in tables.values() if t.terms]
        self._fed: dict[int, list[AffinityTable]] = {}

    def faults(self, turn: Turn) -> Iterator[str]:
        """Yield the topology keys the node lacks, else the domains that hold no match."""
        table, labels = self._own[turn.code], turn.node.labels
        keys = [t.topology_key for t in table.terms]
        lacking = [k for k in keys if k not in labels]
        if lacking:
            yield f"the node lacks the topology key {', '.join(lacking)}"
            return
        lonely = [f"{k}={labels[k]}" for k in keys if not table.counts[k, labels[k]]]
        first = not table.counts and table.selects(turn.spec, self.scene.namespaces)
        if lonely and not first:
            yield f"no pod that all affinity terms match runs in {', '.join(lonely)}"

    def place(self, turn: Turn) -> None:
        """Count the pod for every table whose terms all select it."""
        for table in self._feeds(turn):
            table.add(turn.node.labels)

    def evict(self, turn: Turn) -> None:
        """Count it no longer."""
        for table in self._feeds(turn):
            table.add(turn.node.labels, -1)

    def _feeds(self, turn: Turn) -> list[AffinityTable]:
        if turn.code not in self._fed:
            self._fed[turn.code] = [
                t for t in self._tables if t.selects(turn.spec, self.scene.namespaces)
            ]
        return self._fed[turn.code]


@dataclass
class AntiTable:
    """One anti-affinity term: the pods it selects and the pods that state it, by domain."""

    namespace: str
    term: PodAffinityTerm
    selected: Counter[str] = field(default_factory=Counter)
    owners: Counter[str] = field(default_factory=Counter)


class PodAntiAffinity(Rule):
    """Required pod anti-affinity: the pod's own terms, and those of the pods placed before it."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        tables: dict[object, AntiTable] = {}
        self._own = [
            [
                tables.setdefault((s.namespace, t), AntiTable(s.namespace, t))
                for t in s.required_anti_affinity
            ]
            for s in scene.specs
        ]
        self._tables = list(tables.values())
        self._selecting: dict[int, list[AntiTable]] = {}
        self._repelling: dict[int, list[AntiTable]] = {}

    def faults(self, turn: Turn) -> Iterator[str]:
        """Yield each term, of either side, that the placement breaks."""
        labels = turn.node.labels
        for table in self._own[turn.code]:
            key = table.term.topology_key
            if table.selected[labels.get(key, "")] and key in labels:
                yield f"a pod that its anti-affinity excludes runs in {key}={labels[key]}"
        for table in self._repellers(turn):
            key = table.term.topology_key
            if table.owners[labels.get(key, "")] and key in labels:
                yield f"a pod in {key}={labels[key]} excludes it by anti-affinity"

    def place(self, turn: Turn) -> None:
        """Count the pod for the terms that select it and for those that it states."""
        self._count(turn, 1)

    def evict(self, turn: Turn) -> None:
        """Count it no longer."""
        self._count(turn, -1)

    def _count(self, turn: Turn, pods: int) -> None:
        for table in self._selectors(turn):
            key = table.term.topology_key
            if key in turn.node.labels:
                table.selected[turn.node.labels[key]] += pods
        for table in self._own[turn.code]:
            key = table.term.topology_key
            if key in turn.node.labels:
                table.owners[turn.node.labels[key]] += pods

    def _selectors(self, turn: Turn) -> list[AntiTable]:
        if turn.code not in self._selecting:
            self._selecting[turn.code] = [
                t
                for t in self._tables
                if selects_existing(t.term, t.namespace, turn.spec, self.scene.namespaces)
            ]
        return self._selecting[turn.code]

    def _repellers(self, turn: Turn) -> list[AntiTable]:
        if turn.code not in self._repelling:
            self._repelling[turn.code] = [
                t
                for t in self._tables
                if selects_incoming(t.term, t.namespace, turn.spec, self.scene.namespaces)
            ]
        return self._repelling[turn.code]


def selects_existing(
    term: PodAffinityTerm, owner: str, spec: PodSpec, namespaces: Namespaces
) -> bool:
    """Say whether a term of the incoming pod selects a placed one.

    The namespace selector ranges over the namespaces that are known, except that an empty
    one stands for all of them.
    """
    selector = term.namespace_selector
    known = selector is not None and (not selector.requirements or spec.namespace in namespaces)
    return _selects(term, owner, spec, namespaces if known else None)


def selects_incoming(
    term: PodAffinityTerm, owner: str, spec: PodSpec, namespaces: Namespaces
) -> bool:
    """Say whether a term of a placed pod selects the incoming one.

    A namespace that is not known has no labels.
    """
    return _selects(term, owner, spec, namespaces)


def _selects(
    term: PodAffinityTerm, owner: str, spec: PodSpec, namespaces: Namespaces | None
) -> bool:
    if term.selector is None or not term.selector.matches(dict(spec.labels)):
        return False
    if not term.namespaces and term.namespace_selector is None:
        return spec.namespace == owner
    if spec.namespace in term.namespaces:
        return True
    if term.namespace_selector is None or namespaces is None:
        return False
    return term.namespace_selector.matches(namespaces.get(spec.namespace, {}))
