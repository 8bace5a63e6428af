"""Which pods stay where the greedy start put them: those with rules the model does not state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster, FilterPlugin, Locality, PodSpec, PodView
from schedlab.engine import Profile
from schedlab.model.objects import PodAffinityTerm
from schedlab_algorithms.packing.arrays import Mask
from schedlab_algorithms.packing.sequence import Component, components, sequence
from schedlab_algorithms.packing.spread import Spread, filters_spread, spreads_of

MODELLED = ("NodeResourcesFit", "GpuShare")
"""Filters that the model states for every pod."""

BY_TERMS = ("InterPodAffinity",)
"""Filters that obey nothing but the affinity terms of pods."""

SELF_CONTAINED = ("NodePorts", "VolumeRestrictions", "NodeVolumeLimits", "VolumeBinding")
"""Filters that look at no other pods than those that they do not skip."""


@dataclass(frozen=True)
class Rules:
    """Spread constraints, and the signatures (bool, shape (S,)) that may not be moved."""

    spreads: tuple[Spread, ...]
    fixed: Mask

    @property
    def loose(self) -> Mask:
        """Signatures that need nothing but room, and that no spread constraint counts, (S,)."""
        loose = ~self.fixed
        for spread in self.spreads:
            loose &= ~spread.matches
            loose[spread.owner] = False
        return loose

    def movable(self, placed: NDArray[np.int32]) -> tuple[Mask, tuple[Component, ...]]:
        """Return the signatures that may be moved from ``placed`` (S, N), and their constraints."""
        fixed = self.fixed | out_of_order(self._parts(self.fixed), placed)
        return ~fixed, self._parts(fixed)

    def _parts(self, fixed: Mask) -> tuple[Component, ...]:
        return components([s for s in self.spreads if not fixed[s.owner]], len(fixed))


def rules_of(profile: Profile, cluster: Cluster, specs: tuple[PodSpec, ...]) -> Rules:
    """Read the rules of a batch on a cluster as the batch finds it."""
    running = [cluster.specs[i] for i in np.unique(cluster.log.signatures(0)).tolist()]
    spreads = spreads_of(cluster, specs) if filters_spread(profile) else ()
    return Rules(spreads, entangled(specs, running, spreads, unmodelled(profile, cluster, specs)))


def unmodelled(profile: Profile, cluster: Cluster, specs: Sequence[PodSpec]) -> Mask:
    """Return the signatures with rules that the model does not state, shape (S,)."""
    states = np.array([_states_rules(spec) for spec in specs], np.bool_)
    return states | beyond_terms(profile, cluster, specs)


def beyond_terms(profile: Profile, cluster: Cluster, specs: Sequence[PodSpec]) -> Mask:
    """Return the signatures of which a filter asks more than room and affinity terms, (S,).

    All of them, if a filter that is not known here has a say: nobody knows which pods it
    looks at.
    """
    fixed = np.zeros(len(specs), np.bool_)
    pods = [cluster.pod(cluster.signature(spec)) for spec in specs]
    for plugin in profile.filters:
        asked = np.array([_is_asked(plugin, pod) for pod in pods], np.bool_)
        fixed |= asked if plugin.name in SELF_CONTAINED else asked.any()
    return fixed


def _is_asked(plugin: FilterPlugin, pod: PodView) -> bool:
    return not (_is_stated(plugin, pod.spec) or plugin.skips_filter(pod))


def entangled(
    specs: Sequence[PodSpec], placed: Iterable[PodSpec], spreads: Sequence[Spread], fixed: Mask
) -> Mask:
    """Add to ``fixed`` the signatures whose moves could break a rule of a pod that stays.

    Those are all that an affinity, anti-affinity or spread term of a fixed signature
    selects, or an anti-affinity term of a pod in ``placed``; and so on until nothing is
    added.  Affinity is taken over all namespaces: that can only fix too much.
    """
    wider = fixed | _selected(specs, [t for s in placed for t in s.required_anti_affinity])
    while True:
        reading = wider.copy()
        fixed_specs = [s for s, f in zip(specs, reading.tolist(), strict=True) if f]
        wider |= _selected(specs, [t for s in fixed_specs for t in _terms(s)])
        for spread in spreads:
            if reading[spread.owner]:
                wider |= spread.matches
        if (wider == reading).all():
            return wider


def out_of_order(parts: Sequence[Component], placed: NDArray[np.int32]) -> Mask:
    """Return the signatures of components that do not fit the model as they are placed, (S,).

    A greedy placement may owe its legality to an order that is not reproduced here, or let
    pods that state no constraint raise a skew beyond its maximum.
    """
    wrong = np.zeros(len(placed), np.bool_)
    for part in parts:
        fits = all(s.counts_itself and s.holds(placed) for s in part.spreads)
        if not fits or sequence(part, placed) is None:
            wrong[part.members] = True
    return wrong


def _is_stated(plugin: FilterPlugin, spec: PodSpec) -> bool:
    """Say whether the model states what the plugin asks of such a pod."""
    if plugin.locality is Locality.SPEC or plugin.name in MODELLED or plugin.name in BY_TERMS:
        return True
    # Without constraints of its own a pod is held to those of the plugin's defaults.
    return plugin.name == "PodTopologySpread" and any(c.is_hard for c in spec.spread)


def _states_rules(spec: PodSpec) -> bool:
    return bool(spec.host_ports or _terms(spec))


def _terms(spec: PodSpec) -> tuple[PodAffinityTerm, ...]:
    return (*spec.required_affinity, *spec.required_anti_affinity)


def _selected(specs: Sequence[PodSpec], terms: Sequence[PodAffinityTerm]) -> Mask:
    selectors = {t.selector for t in terms if t.selector is not None}
    labels = [dict(s.labels) for s in specs]
    return np.array([any(x.matches(own) for x in selectors) for own in labels], np.bool_)
