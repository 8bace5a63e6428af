"""What pods of a batch ask about one another, and about what runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster, PodSpec
from schedlab.engine import PackingProblem, Profile
from schedlab_algorithms.packing.affinity import Affinity, affinities
from schedlab_algorithms.packing.arrays import Mask
from schedlab_algorithms.packing.exclusion import (
    Exclusion,
    anti_affinities,
    kept_off,
    one_sided,
    port_conflicts,
)
from schedlab_algorithms.packing.fixed import beyond_rules, entangled, out_of_order
from schedlab_algorithms.packing.gangs import GangRule, gangs_of
from schedlab_algorithms.packing.sequence import Component, components
from schedlab_algorithms.packing.spread import Spread, filters_spread, spreads_of


@dataclass(frozen=True)
class Rules:
    """What pods of a batch ask about one another, and about what runs.

    Attributes
    ----------
    spreads, exclusions, affinities
        What the model states of pods of the batch.
    admitted : dict of bool, shape (N,), by signature
        Where running pods let it go by (anti-)affinity and host ports, if not everywhere.
    fixed : bool, shape (S,)
        Signatures that may not be moved.
    gangs : tuple of GangRule
        Pods that are placed together or not at all.
    """

    spreads: tuple[Spread, ...]
    exclusions: tuple[Exclusion, ...]
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

    def narrowed(self, problem: PackingProblem) -> PackingProblem:
        """Return the problem without the nodes that running pods keep signatures off."""
        if not self.admitted:
            return problem
        eligible = problem.eligible.copy()
        for signature, admitted in self.admitted.items():
            eligible[signature] &= admitted
        return replace(problem, eligible=eligible)

    def capped(self, problem: PackingProblem) -> PackingProblem:
        """Return the problem with no more pods than there are domains for, to bound it."""
        supply, eligible = problem.supply, self.narrowed(problem).eligible
        for exclusion in self.exclusions:
            supply = np.minimum(supply, exclusion.most(eligible))
        return replace(problem, supply=supply)

    def _parts(self, fixed: Mask) -> tuple[Component, ...]:
        spreads = [s for s in self.spreads if not fixed[s.owner]]
        near = [replace(a, owners=a.owners & ~fixed) for a in self.affinities]
        return components(spreads, [a for a in near if a.owners.any()], len(fixed))


def rules_of(profile: Profile, cluster: Cluster, specs: tuple[PodSpec, ...]) -> Rules:
    """Read the rules of a batch on a cluster as the batch finds it."""
    between = any(f.name == "InterPodAffinity" for f in profile.filters)
    spreads = spreads_of(cluster, specs) if filters_spread(profile) else ()
    near = affinities(cluster, specs) if between else ()
    fixed = beyond_rules(profile, cluster, specs)
    if between:
        fixed |= one_sided(cluster, specs)
    return Rules(
        spreads,
        exclusions_of(profile, cluster, specs),
        tuple(a for a in near if a.matters),
        _admitted(profile, cluster, specs, near),
        entangled(spreads, near, fixed),
        gangs_of(cluster, specs),
    )


def exclusions_of(
    profile: Profile, cluster: Cluster, specs: Sequence[PodSpec]
) -> tuple[Exclusion, ...]:
    """Return who of a batch may not share a topology domain, for the filters of a profile."""
    names = {f.name for f in profile.filters}
    ports = port_conflicts(specs, len(cluster)) if "NodePorts" in names else ()
    apart = anti_affinities(cluster, specs) if "InterPodAffinity" in names else ()
    return (*ports, *apart)


def _admitted(
    profile: Profile, cluster: Cluster, specs: Sequence[PodSpec], near: Sequence[Affinity]
) -> dict[int, Mask]:
    """Return where running pods let each signature go, if not everywhere."""
    running = [cluster.specs[i] for i in np.unique(cluster.log.signatures(0)).tolist()]
    repelled = any(s.required_anti_affinity for s in running)
    found: dict[int, Mask] = {}
    for i, spec in enumerate(specs):
        if repelled or spec.required_anti_affinity or spec.host_ports:
            found[i] = ~kept_off(profile, cluster, spec)
    for affinity in near:
        for owner in np.flatnonzero(affinity.owners).tolist():
            found[owner] = affinity.admitted & found.get(owner, True)
    return {i: admitted for i, admitted in found.items() if not admitted.all()}
