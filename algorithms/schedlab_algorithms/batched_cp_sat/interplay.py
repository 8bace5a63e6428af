"""Which pods of a batch look at one another, and which may be moved about regardless."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from schedlab.api import Cluster, PodSpec
from schedlab.engine import Exclusion, Profile, exclusions_of
from schedlab.model.objects import LabelSelector
from schedlab_algorithms.packing.arrays import Ints, Mask
from schedlab_algorithms.packing.exclusion import one_sided
from schedlab_algorithms.packing.fixed import beyond_rules


@dataclass(frozen=True)
class Interplay:
    """The rules of S specs about one another's pods.

    What runs does not change while a batch is decided, so a rule about it is one about
    nodes, and the filters tell.  Only rules about pods of the same batch matter here.

    Attributes
    ----------
    profile : Profile
    cluster : Cluster
    specs : tuple of PodSpec, length S
    labels : list of dict, length S
    simple : bool, shape (S,)
        Specs with no rules but host ports and anti-affinity.
    """

    profile: Profile
    cluster: Cluster
    specs: tuple[PodSpec, ...]
    labels: list[dict[str, str]]
    simple: Mask

    @classmethod
    def of(cls, profile: Profile, cluster: Cluster, specs: Sequence[PodSpec]) -> Interplay:
        """Read the rules of specs under the filters of a profile."""
        simple = ~(beyond_rules(profile, cluster, specs) | one_sided(cluster, specs))
        simple &= np.array([not list(_selectors(s)) for s in specs], np.bool_)
        simple &= not _any_held_to_defaults(profile, cluster, specs)
        labels = [dict(s.labels) for s in specs]
        return cls(profile, cluster, tuple(specs), labels, simple)

    def exclusions(self, present: Ints) -> tuple[Exclusion, ...]:
        """Return which of the specs ``present`` (m,) in a batch may not share a domain."""
        return exclusions_of(self.profile, self.cluster, [self.specs[i] for i in present.tolist()])

    def movable(self, present: Ints, exclusions: Sequence[Exclusion]) -> Mask:
        """Return which of the specs ``present`` (m,) in a batch may be moved about, shape (m,).

        Those that no affinity or spread constraint in the batch is about, and that may share
        a domain with all that stay.
        """
        movable, specs = self.simple[present], [self.specs[i] for i in present.tolist()]
        counted = {x for s in specs for x in _selectors(s) if x is not None}
        for i, code in enumerate(present.tolist() if counted else ()):
            movable[i] &= not any(x.matches(self.labels[code]) for x in counted)
        while True:
            before = movable.copy()
            for exclusion in exclusions:
                if not movable[exclusion.members].all():
                    movable &= ~exclusion.members
            if (movable == before).all():
                return movable


def within(exclusion: Exclusion, specs: Ints, rows: Ints) -> Exclusion:
    """Return an exclusion of some of its specs on some nodes alone."""
    single, owners, meant = (side[specs] for side in exclusion.sides)
    return Exclusion(exclusion.domain[rows], single, owners, meant)


def _any_held_to_defaults(profile: Profile, cluster: Cluster, specs: Sequence[PodSpec]) -> bool:
    """Say whether a filter spreads pods that state no constraint: nobody here knows which count."""
    spreading = [f for f in profile.filters if f.name == "PodTopologySpread"]
    plain = [
        cluster.pod(cluster.signature(s)) for s in specs if not any(c.is_hard for c in s.spread)
    ]
    return any(not f.skips_filter(pod) for f in spreading for pod in plain)


def _selectors(spec: PodSpec) -> Iterator[LabelSelector | None]:
    """Yield whom the affinity and spread constraints of a spec are about, whatever namespace."""
    yield from (t.selector for t in spec.required_affinity)
    yield from (c.selector for c in spec.spread if c.is_hard)
