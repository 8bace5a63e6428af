"""Which pods stay where the greedy start put them: those with rules the model does not state."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster, FilterPlugin, Locality, PodSpec, PodView
from schedlab.engine import Profile
from schedlab_algorithms.packing.affinity import Affinity
from schedlab_algorithms.packing.arrays import Mask
from schedlab_algorithms.packing.sequence import Component, sequence
from schedlab_algorithms.packing.spread import Spread

MODELLED = ("NodeResourcesFit", "GpuShare")
"""Filters that are about nothing but room."""

BETWEEN_PODS = ("InterPodAffinity", "NodePorts", "PodTopologySpread")
"""Filters of which the model states what they ask about pods of the batch."""

SELF_CONTAINED = ("VolumeRestrictions", "NodeVolumeLimits", "VolumeBinding")
"""Filters that look at no other pods than those that they do not skip."""


def beyond_rules(profile: Profile, cluster: Cluster, specs: Sequence[PodSpec]) -> Mask:
    """Return the signatures of which a filter asks what the model does not state, shape (S,).

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
    return not (_is_stated(plugin) or plugin.skips_filter(pod))


def entangled(spreads: Sequence[Spread], near: Sequence[Affinity], fixed: Mask) -> Mask:
    """Add to ``fixed`` the signatures whose moves could break a rule of a pod that stays.

    Those are all that a spread constraint or an affinity term of a fixed signature counts;
    and so on until nothing is added.  (Host ports and anti-affinity hold whoever moves.)
    """
    wider = fixed.copy()
    while True:
        reading = wider.copy()
        for spread in spreads:
            if reading[spread.owner]:
                wider |= spread.matches
        for affinity in near:
            if (reading & affinity.owners).any():
                wider |= affinity.meant
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


def _is_stated(plugin: FilterPlugin) -> bool:
    """Say whether the model states what the plugin asks of pods."""
    return plugin.locality is Locality.SPEC or plugin.name in (*MODELLED, *BETWEEN_PODS)
