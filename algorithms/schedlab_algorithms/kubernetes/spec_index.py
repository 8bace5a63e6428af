"""All specs that a cluster knows, by their labels and by the labels that their terms look for.

It spares asking thousands of specs about a selector that means but a few of them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from schedlab.api import NodeView, PodSpec
from schedlab.model.objects import LabelSelector, PodAffinityTerm, Requirement

Label = tuple[str, str]


class SpecIndex:
    """Positions in the list of specs, which only grows."""

    def __init__(self, specs: list[PodSpec]) -> None:
        self._specs = specs
        self._known = 0
        self._labelled: dict[Label, list[int]] = defaultdict(list)
        self._wanting: dict[Label, list[int]] = defaultdict(list)
        self._wanting_any: list[int] = []

    def meant_by(self, selector: LabelSelector | None, since: int) -> Iterable[int]:
        """Return the positions from ``since`` on of the specs that a selector may match."""
        if selector is None:
            return ()
        wanted = _listed(selector)
        if wanted is None:
            return range(since, len(self._specs))
        self._learn()
        return _merged((self._labelled.get(label, ()) for label in _labels(wanted)), since)

    def meaning(self, labels: Mapping[str, str], since: int) -> Iterable[int]:
        """Return the positions of the specs with affinity terms that may mean such a pod."""
        self._learn()
        lists = [self._wanting.get(label, ()) for label in labels.items()]
        return _merged((*lists, self._wanting_any), since)

    def _learn(self) -> None:
        for position in range(self._known, len(self._specs)):
            spec = self._specs[position]
            for label in spec.labels:
                self._labelled[label].append(position)
            for wanted in {_listed(t.selector) for t in _terms(spec) if t.selector is not None}:
                lists = [self._wanting[label] for label in _labels(wanted)] if wanted else []
                for positions in lists or [self._wanting_any]:
                    positions.append(position)
        self._known = len(self._specs)


def spec_index(nodes: NodeView) -> SpecIndex:
    """Return the index of all specs that the cluster knows."""
    return nodes.shared("specs by labels", lambda: SpecIndex(nodes.specs))


def _listed(selector: LabelSelector) -> Requirement | None:
    """Return a requirement that lists the values of a label, None if there is none."""
    return next((r for r in selector.requirements if r.operator == "In" and r.values), None)


def _labels(requirement: Requirement) -> Iterator[Label]:
    return ((requirement.key, value) for value in dict.fromkeys(requirement.values))


def _terms(spec: PodSpec) -> Iterator[PodAffinityTerm]:
    yield from spec.required_affinity
    yield from spec.required_anti_affinity
    yield from (w.term for w in spec.preferred_affinity)
    yield from (w.term for w in spec.preferred_anti_affinity)


def _merged(ascending: Iterable[list[int] | tuple[int, ...]], since: int) -> list[int]:
    found: set[int] = set()
    for positions in ascending:
        found.update(positions[bisect_left(positions, since) :])
    return sorted(found)
