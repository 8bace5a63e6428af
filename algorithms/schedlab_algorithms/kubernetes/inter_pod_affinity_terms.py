"""Pod (anti)affinity terms: which pods they mean, and how strongly placed pods concern a pod.

The classes weigh placed specs for :class:`~schedlab.api.DomainSums`: they are asked once for
each distinct spec, not for each pod.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from schedlab.api import NodeView, PodSpec, SparseWeigh
from schedlab.model.objects import PodAffinityTerm
from schedlab_algorithms.kubernetes.spec_index import SpecIndex, spec_index

Terms = tuple[PodAffinityTerm, ...]
Namespaces = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Subject:
    """A pod that the terms of others may mean.

    ``namespace_labels`` None: the namespace is unknown, and only an empty selector covers it.
    """

    namespace: str
    namespace_labels: Mapping[str, str] | None
    labels: Mapping[str, str]

    @classmethod
    def placed(cls, spec: PodSpec, namespaces: Namespaces) -> Subject:
        """Return a placed pod as the incoming pod's terms see it.

        Their namespace selectors are resolved to the namespaces that exist
        (mergeAffinityTermNamespacesIfNotEmpty).
        """
        return cls(spec.namespace, namespaces.get(spec.namespace), dict(spec.labels))

    @classmethod
    def incoming(cls, spec: PodSpec, namespaces: Namespaces) -> Subject:
        """Return the incoming pod as the terms of placed pods see it.

        An unknown namespace counts as one without labels (GetNamespaceLabelsSnapshot).
        """
        return cls(spec.namespace, namespaces.get(spec.namespace, {}), dict(spec.labels))


def means(term: PodAffinityTerm, home: str, subject: Subject) -> bool:
    """Say whether a term of a pod in namespace ``home`` means a pod (AffinityTerm.Matches)."""
    if term.selector is None or not _covers(term, home, subject):
        return False
    return term.selector.matches(subject.labels)


def _covers(term: PodAffinityTerm, home: str, subject: Subject) -> bool:
    """Say whether the term covers the subject's namespace; stating nothing, it covers ``home``."""
    selector = term.namespace_selector
    if selector is None:
        return subject.namespace in (term.namespaces or (home,))
    if subject.namespace in term.namespaces or not selector.requirements:
        return True
    return subject.namespace_labels is not None and selector.matches(subject.namespace_labels)


def topology_keys(terms: Terms) -> tuple[str, ...]:
    """Return the distinct topology keys of the terms, in order."""
    return tuple(dict.fromkeys(t.topology_key for t in terms))


@dataclass(frozen=True)
class MeantByAll(SparseWeigh):
    """Weighs a placed pod 1 if it is meant by all ``terms`` of an incoming pod, else 0."""

    terms: Terms
    home: str
    namespaces: Namespaces
    index: SpecIndex

    def __call__(self, spec: PodSpec) -> int:
        subject = Subject.placed(spec, self.namespaces)
        return int(all(means(t, self.home, subject) for t in self.terms))

    def candidates(self, since: int) -> Iterable[int]:
        """Return the specs that the first term may mean."""
        return self.index.meant_by(self.terms[0].selector, since)


@dataclass(frozen=True)
class MeantByEach(SparseWeigh):
    """Weighs a placed pod by how many ``terms`` of an incoming pod mean it."""

    terms: Terms
    home: str
    namespaces: Namespaces
    index: SpecIndex

    def __call__(self, spec: PodSpec) -> int:
        subject = Subject.placed(spec, self.namespaces)
        return sum(means(t, self.home, subject) for t in self.terms)

    def candidates(self, since: int) -> Iterable[int]:
        """Return the specs that any term may mean."""
        return {i for t in self.terms for i in self.index.meant_by(t.selector, since)}


@dataclass(frozen=True)
class Repelling(SparseWeigh):
    """Weighs a placed pod by its required anti-affinity terms that mean the incoming pod."""

    key: str
    subject: Subject
    index: SpecIndex

    def candidates(self, since: int) -> Iterable[int]:
        """Return the specs with terms that may mean the incoming pod."""
        return self.index.meaning(self.subject.labels, since)

    def __call__(self, spec: PodSpec) -> int:
        terms = (t for t in spec.required_anti_affinity if t.topology_key == self.key)
        return sum(means(t, spec.namespace, self.subject) for t in terms)


@dataclass(frozen=True)
class Attraction(SparseWeigh):
    """Weighs a placed pod by the terms of one topology key that hold between it and the incoming.

    ``own`` are the incoming pod's preferred terms with their signed weights; the placed
    pod's count alike, and its required affinity terms with ``hard_weight`` each
    (processExistingPod).
    """

    own: tuple[tuple[PodAffinityTerm, int], ...]
    incoming: Subject
    key: str
    hard_weight: int
    namespaces: Namespaces
    index: SpecIndex

    @classmethod
    def of(cls, spec: PodSpec, key: str, hard_weight: int, nodes: NodeView) -> Attraction:
        """Return what weighs placed pods for an incoming pod of this spec."""
        own = tuple((t, w) for t, w in preferences(spec) if t.topology_key == key)
        incoming = Subject.incoming(spec, nodes.namespaces)
        return cls(own, incoming, key, hard_weight, nodes.namespaces, spec_index(nodes))

    def __call__(self, spec: PodSpec) -> int:
        return sum(self.bonds(spec))

    def candidates(self, since: int) -> Iterable[int]:
        """Return the specs that own terms may mean, or with terms that may mean the incoming."""
        meant = {i for t, _ in self.own for i in self.index.meant_by(t.selector, since)}
        return meant | set(self.index.meaning(self.incoming.labels, since))

    def bonds(self, spec: PodSpec) -> Iterator[int]:
        """Yield the signed worth of each term that holds between the two pods."""
        if self.own:
            placed = Subject.placed(spec, self.namespaces)
            for term, weight in self.own:
                if means(term, self.incoming.namespace, placed):
                    yield weight
        for term, weight in preferences(spec):
            if self._means_incoming(term, spec):
                yield weight
        for term in spec.required_affinity if self.hard_weight else ():
            if self._means_incoming(term, spec):
                yield self.hard_weight

    def _means_incoming(self, term: PodAffinityTerm, owner: PodSpec) -> bool:
        return term.topology_key == self.key and means(term, owner.namespace, self.incoming)


@dataclass(frozen=True)
class BondCount(SparseWeigh):
    """Weighs a placed pod by how many terms hold between it and the incoming pod."""

    attraction: Attraction

    def __call__(self, spec: PodSpec) -> int:
        return sum(1 for _ in self.attraction.bonds(spec))

    def candidates(self, since: int) -> Iterable[int]:
        """Return those of the attraction."""
        return self.attraction.candidates(since)


def preferences(spec: PodSpec) -> Iterator[tuple[PodAffinityTerm, int]]:
    """Yield the preferred terms with their weights, those of anti-affinity negative."""
    for weighted in spec.preferred_affinity:
        yield weighted.term, weighted.weight
    for weighted in spec.preferred_anti_affinity:
        yield weighted.term, -weighted.weight


class KnownKeys:
    """The topology keys of the terms of all specs that the cluster knows, which only grow."""

    def __init__(self) -> None:
        self._seen = 0
        self.repelling: dict[str, None] = {}
        self.attracting: dict[str, None] = {}

    def learn(self, specs: list[PodSpec]) -> None:
        """Take in the specs that are new since the last call."""
        for spec in specs[self._seen :]:
            self.repelling |= dict.fromkeys(topology_keys(spec.required_anti_affinity))
            preferred = tuple(term for term, _ in preferences(spec))
            self.attracting |= dict.fromkeys(topology_keys((*preferred, *spec.required_affinity)))
        self._seen = len(specs)
