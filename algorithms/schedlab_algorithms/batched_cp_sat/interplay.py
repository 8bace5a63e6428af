"""Which pods of a batch look at one another, and which may be moved about regardless."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from schedlab.api import Cluster, PodSpec
from schedlab.engine import Profile
from schedlab.model.objects import LabelSelector
from schedlab_algorithms.packing.arrays import Ints, Mask
from schedlab_algorithms.packing.fixed import beyond_terms


@dataclass(frozen=True)
class Interplay:
    """The rules of S specs about one another's pods.

    What runs does not change while a batch is decided, so a rule about it is one about
    nodes, and the filters tell.  Only rules about pods of the same batch matter here.

    Attributes
    ----------
    specs : tuple of PodSpec, length S
    labels : list of dict, length S
    simple : bool, shape (S,)
        Specs with no rule but anti-affinity, of which it is known whether it is about
        the pods of the spec itself.
    """

    specs: tuple[PodSpec, ...]
    labels: list[dict[str, str]]
    simple: Mask

    @classmethod
    def of(cls, profile: Profile, cluster: Cluster, specs: Sequence[PodSpec]) -> Interplay:
        """Read the rules of specs under the filters of a profile."""
        simple = ~beyond_terms(profile, cluster, specs)
        simple &= np.array([_is_simple(s) for s in specs], np.bool_)
        return cls(tuple(specs), [dict(s.labels) for s in specs], simple)

    def movable(self, present: Ints) -> Mask:
        """Return which of the specs ``present`` (m,) in a batch may be moved about, shape (m,).

        Those without rules that hold between pods of different specs of the batch.
        """
        movable, specs = self.simple[present], present.tolist()
        for i, owner in enumerate(specs):
            for selector in _selectors(self.specs[owner]):
                for j, other in enumerate(specs):
                    if i != j and selector.matches(self.labels[other]):
                        movable[i] = movable[j] = False
        return movable

    def apart(self, code: int) -> list[str]:
        """Return the topology keys in whose domains no two pods of a simple spec may be."""
        spec, labels = self.specs[code], self.labels[code]
        return [
            term.topology_key
            for term in spec.required_anti_affinity
            if (not term.namespaces or spec.namespace in term.namespaces)
            and term.selector is not None
            and term.selector.matches(labels)
        ]


def _is_simple(spec: PodSpec) -> bool:
    ruled = spec.host_ports or spec.required_affinity or any(c.is_hard for c in spec.spread)
    by_name = all(t.namespace_selector is None for t in spec.required_anti_affinity)
    return by_name and not ruled


def _selectors(spec: PodSpec) -> Iterator[LabelSelector]:
    """Yield whom the rules of a spec are about, at least: in whatever namespace they are."""
    terms = (*spec.required_affinity, *spec.required_anti_affinity)
    selectors = (*(t.selector for t in terms), *(c.selector for c in spec.spread if c.is_hard))
    yield from (s for s in selectors if s is not None)
