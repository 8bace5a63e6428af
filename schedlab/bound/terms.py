"""Whom pod (anti-)affinity terms mean among some specs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from schedlab.model.objects import LabelSelector, PodAffinityTerm, PodSpec

Terms = tuple[PodAffinityTerm, ...]
Namespaces = Mapping[str, Mapping[str, str]]


class Meaning:
    """Some specs, by their labels: it spares asking thousands about a selector that means few."""

    def __init__(self, specs: Sequence[PodSpec], namespaces: Namespaces) -> None:
        self._specs = specs
        self._namespaces = namespaces
        self._labelled: dict[tuple[str, str], list[int]] = defaultdict(list)
        for position, spec in enumerate(specs):
            for label in spec.labels:
                self._labelled[label].append(position)

    def of_any(self, terms: Terms, home: str) -> list[int]:
        """Return the positions of the specs that any term of a pod in ``home`` means, ascending."""
        found = {i for t in terms for i in self._candidates(t.selector) if self._means(t, home, i)}
        return sorted(found)

    def _candidates(self, selector: LabelSelector | None) -> Iterable[int]:
        if selector is None:
            return ()
        listed = next((r for r in selector.requirements if r.operator == "In"), None)
        if listed is None:
            return range(len(self._specs))
        return (i for v in listed.values for i in self._labelled.get((listed.key, v), ()))

    def _means(self, term: PodAffinityTerm, home: str, position: int) -> bool:
        spec = self._specs[position]
        if term.selector is None or not _covers(term, home, spec.namespace, self._namespaces):
            return False
        return term.selector.matches(dict(spec.labels))


def _covers(term: PodAffinityTerm, home: str, namespace: str, known: Namespaces) -> bool:
    """Say whether a term covers a namespace, whoever of the two pods comes first.

    A namespace selector sees a pod of a namespace that is not known as one without labels if
    that pod comes later, and not at all if it is there before: so it does not count here.
    """
    selector = term.namespace_selector
    if selector is None:
        return namespace in (term.namespaces or (home,))
    if namespace in term.namespaces or not selector.requirements:
        return True
    return namespace in known and selector.matches(known[namespace])
