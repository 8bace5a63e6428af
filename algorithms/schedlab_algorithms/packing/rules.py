"""What pods of a batch ask about one another, and about what runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster, PodSpec, never
from schedlab.engine import Exclusion, PodRules, Profile, pod_rules
from schedlab_algorithms.packing.affinity import Affinity, affinities
from schedlab_algorithms.packing.arrays import Mask
from schedlab_algorithms.packing.exclusion import kept_off, one_sided
from schedlab_algorithms.packing.fixed import beyond_rules, entangled, out_of_order
from schedlab_algorithms.packing.gangs import GangRule, gangs_of
from schedlab_algorithms.packing.sequence import Component, components
from schedlab_algorithms.packing.spread import Spread, spreads_of


@dataclass(frozen=True)
class Rules:
    """What pods of a batch ask about one another, and about what runs.

    Attributes
    ----------
    bounding : PodRules
        What of them a bound knows.
    spreads, affinities
        What the model states of pods of the batch, beside the exclusions.
    admitted : dict of bool, shape (N,), by signature
        Where running pods let it go by (anti-)affinity and host ports, and its node has the
        keys of what it is spread over, if not everywhere.
    fixed : bool, shape (S,)
        Signatures that may not be moved.
    gangs : tuple of GangRule
        Pods that are placed together or not at all.
    """

    bounding: PodRules
    spreads: tuple[Spread, ...]
    affinities: tuple[Affinity, ...]
    admitted: Mapping[int, Mask]
    fixed: Mask
    gangs: tuple[GangRule, ...] = ()

    @property
    def loose(self) -> Mask:
        """Signatures that need nothing but room, and that no rule of another pod counts, (S,)."""
        loose = ~self.fixed
        loose[list(self.admitted)] = False
        for spread in self.spreads:
            loose &= ~spread.matches
            loose[spread.owner] = False
        for exclusion in self.exclusions:
            loose &= ~exclusion.members
        for affinity in self.affinities:
            loose &= ~(affinity.owners | affinity.meant)
        for gang in self.gangs:
            loose &= ~gang.members
        return loose

    def movable(self, placed: NDArray[np.int32]) -> tuple[Mask, tuple[Component, ...]]:
        """Return the signatures that may be moved from ``placed`` (S, N), and their constraints."""
        fixed = self.fixed | out_of_order(self._parts(self.fixed), placed)
        return ~fixed, self._parts(fixed)

    @property
    def exclusions(self) -> tuple[Exclusion, ...]:
        """Who of the batch may not share a topology domain."""
        return self.bounding.exclusions

    def _parts(self, fixed: Mask) -> tuple[Component, ...]:
        spreads = [s for s in self.spreads if not fixed[s.owner]]
        near = [replace(a, owners=a.owners & ~fixed) for a in self.affinities]
        return components(spreads, [a for a in near if a.owners.any()], len(fixed))


def rules_of(
    profile: Profile,
    cluster: Cluster,
    specs: tuple[PodSpec, ...],
    cancelled: Callable[[], bool] = never,
) -> Rules:
    """Read the rules of a batch on a cluster as the batch finds it.

    Once ``cancelled()`` is true, no more than must be known for an answer to be legal.
    """
    between = any(f.name == "InterPodAffinity" for f in profile.filters)
    spreads = spreads_of(profile, cluster, specs)
    near = affinities(cluster, specs) if between else ()
    fixed = beyond_rules(profile, cluster, specs)
    if between:
        fixed |= one_sided(cluster, specs)
    return Rules(
        pod_rules(profile, cluster, specs, cancelled),
        spreads,
        tuple(a for a in near if a.matters),
        _admitted(profile, cluster, specs, spreads, near),
        entangled(spreads, near, fixed),
        gangs_of(cluster, specs),
    )


def _admitted(
    profile: Profile,
    cluster: Cluster,
    specs: Sequence[PodSpec],
    spreads: Sequence[Spread],
    near: Sequence[Affinity],
) -> dict[int, Mask]:
    """Return where running pods and topology keys let each signature go, if not everywhere."""
    running = [cluster.specs[i] for i in np.unique(cluster.log.signatures(0)).tolist()]
    repelled = any(s.required_anti_affinity for s in running)
    found: dict[int, Mask] = {}
    for i, spec in enumerate(specs):
        if repelled or spec.required_anti_affinity or spec.host_ports:
            found[i] = ~kept_off(profile, cluster, spec)
    for affinity in near:
        for owner in np.flatnonzero(affinity.owners).tolist():
            found[owner] = affinity.admitted & found.get(owner, True)
    for spread in spreads:
        found[spread.owner] = (spread.domain >= 0) & found.get(spread.owner, True)
    return {i: admitted for i, admitted in found.items() if not admitted.all()}
