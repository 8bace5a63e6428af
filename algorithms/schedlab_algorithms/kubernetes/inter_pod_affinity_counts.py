"""The count tables behind InterPodAffinity: one for each topology key that concerns a pod."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schedlab.api import CountsByDomain, DomainSums, NodeView, PodSpec, PodView, Stays
from schedlab_algorithms.kubernetes.inter_pod_affinity_terms import (
    Attraction,
    BondCount,
    KnownKeys,
    MeantByAll,
    MeantByEach,
    Repelling,
    Subject,
    Terms,
    means,
    preferences,
    topology_keys,
)
from schedlab_algorithms.kubernetes.spec_index import spec_index

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class KeyTable:
    """Weights of placed pods summed by the domains of one topology key.

    The last entry, which code -1 finds, stays 0: it stands for nodes without the key.
    """

    codes: NDArray[np.int32]
    sums: DomainSums

    @classmethod
    def of(
        cls, name: Hashable, key: str, weigh: Callable[[PodSpec], int], nodes: NodeView
    ) -> KeyTable:
        """Return the cluster's table of this name and key, making it at first use."""

        def build() -> KeyTable:
            label = nodes.whole.label(key)
            size = len(label.values) + 1
            return cls(label.codes, nodes.sums_by_domain(label.codes, size, weigh))

        return nodes.shared(("InterPodAffinity", name, key), build)

    def counts(self) -> Ints:
        """Return the sums by domain as the cluster stands."""
        return self.sums.current()

    @property
    def matters(self) -> bool:
        """Whether any spec that the cluster knows weighs something."""
        return bool(self.sums.weights().any())


class RequiredTables:
    """What required terms, the pod's own and those of placed pods, say of one pod."""

    def __init__(self, pod: PodView, nodes: NodeView) -> None:
        spec = pod.spec
        self.first_of_its_kind = _means_itself(spec, nodes)
        self.affinity = self._affinity(spec, nodes)
        self.anti_affinity = self._anti_affinity(spec, nodes)
        self._subject = Subject.incoming(spec, nodes.namespaces)
        self._subject_name = spec.namespace, spec.labels
        self._existing: list[KeyTable] = []
        self._known_specs = 0

    def existing_anti_affinity(self, nodes: NodeView) -> list[KeyTable]:
        """Return the tables of placed pods' anti-affinity terms that mean the pod."""
        if len(nodes.specs) != self._known_specs:
            self._known_specs = len(nodes.specs)
            tables = (self._repelling(key, nodes) for key in known_keys(nodes).repelling)
            self._existing = [t for t in tables if t.matters]
        return self._existing

    def _repelling(self, key: str, nodes: NodeView) -> KeyTable:
        name = "repelling", self._subject_name
        return KeyTable.of(name, key, Repelling(key, self._subject, spec_index(nodes)), nodes)

    @staticmethod
    def _affinity(spec: PodSpec, nodes: NodeView) -> list[KeyTable]:
        terms, home = spec.required_affinity, spec.namespace
        weigh = MeantByAll(terms, home, nodes.namespaces, spec_index(nodes))
        name = "affinity", terms, home
        return [KeyTable.of(name, key, weigh, nodes) for key in topology_keys(terms)]

    @staticmethod
    def _anti_affinity(spec: PodSpec, nodes: NodeView) -> list[KeyTable]:
        home = spec.namespace
        tables = []
        for key in topology_keys(spec.required_anti_affinity):
            terms: Terms = tuple(t for t in spec.required_anti_affinity if t.topology_key == key)
            weigh = MeantByEach(terms, home, nodes.namespaces, spec_index(nodes))
            tables.append(KeyTable.of(("anti-affinity", terms, home), key, weigh, nodes))
        return tables


class AttractionTables:
    """How strongly preferred terms, and required affinity of placed pods, draw one pod."""

    def __init__(self, pod: PodView, hard_weight: int) -> None:
        self._spec = pod.spec
        self._hard_weight = hard_weight
        self._own = tuple(preferences(pod.spec))
        self._own_keys = topology_keys(tuple(term for term, _ in self._own))
        self._tables: list[KeyTable] = []
        self._known_specs = 0

    def tables(self, nodes: NodeView) -> list[KeyTable]:
        """Return the tables of weights by domain, one for each topology key that matters."""
        if len(nodes.specs) != self._known_specs:
            self._known_specs = len(nodes.specs)
            tables = (self._table(key, nodes) for key in self._keys(nodes))
            self._tables = [t for t in tables if t.matters]
        return self._tables

    def counts(self, nodes: NodeView) -> list[KeyTable]:
        """Return the tables of how many terms hold, one for each topology key."""
        return [
            KeyTable.of(self._name("bonds"), key, BondCount(self._attraction(key, nodes)), nodes)
            for key in self._keys(nodes)
        ]

    def _keys(self, nodes: NodeView) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self._own_keys, *known_keys(nodes).attracting)))

    def _table(self, key: str, nodes: NodeView) -> KeyTable:
        return KeyTable.of(self._name("attraction"), key, self._attraction(key, nodes), nodes)

    def _attraction(self, key: str, nodes: NodeView) -> Attraction:
        return Attraction.of(self._spec, key, self._hard_weight, nodes)

    def _name(self, what: str) -> Hashable:
        return what, self._hard_weight, self._own, self._spec.namespace, self._spec.labels


def known_keys(nodes: NodeView) -> KnownKeys:
    """Return the topology keys of all known specs' terms."""
    known = nodes.shared("InterPodAffinity: topology keys", KnownKeys)
    known.learn(nodes.specs)
    return known


def _means_itself(spec: PodSpec, nodes: NodeView) -> bool:
    """Say whether all of the pod's required affinity terms mean the pod itself."""
    subject = Subject.placed(spec, nodes.namespaces)
    terms = spec.required_affinity
    return bool(terms) and all(means(t, spec.namespace, subject) for t in terms)


@dataclass(frozen=True)
class Flagged:
    """Answers ``bit`` for domains in which something is counted (or ``nothing`` is), else 0."""

    bit: int
    nothing: bool = False

    def __call__(self, counts: Ints) -> Ints:
        return self.bit * ((counts == 0) if self.nothing else (counts > 0))


@dataclass(frozen=True)
class Constant:
    """Answers 0 for every domain."""

    def __call__(self, counts: Ints) -> Ints:
        return np.zeros(len(counts), np.int64)


@dataclass(frozen=True)
class Weight:
    """Answers the summed weights themselves."""

    def __call__(self, counts: Ints) -> Ints:
        return counts.copy()


def occupied(table: KeyTable, bit: int) -> CountsByDomain:
    """Return ``bit`` for the domains in which something is counted."""
    return CountsByDomain(table.codes, table.sums, Flagged(bit), 0, Stays())


def lacking(table: KeyTable, bit: int, *, anywhere: bool) -> CountsByDomain:
    """Return ``bit`` for nodes without the key and, if not ``anywhere``, for empty domains.

    The next pod may be one that is meant, and end its being anywhere.
    """
    if anywhere:
        return CountsByDomain(table.codes, table.sums, Constant(), bit)
    return CountsByDomain(table.codes, table.sums, Flagged(bit, nothing=True), bit, Stays())


def weights(table: KeyTable) -> CountsByDomain:
    """Return the summed weights by domain."""
    return CountsByDomain(table.codes, table.sums, Weight(), 0, Stays())
