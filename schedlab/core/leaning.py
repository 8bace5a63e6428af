"""Which pods may be legal on a node only because of other pods."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster, FilterPlugin, Locality, PodBatch
from schedlab.core.profile import Profile
from schedlab.model.objects import PodSpec

Mask = NDArray[np.bool_]

KNOWN = {
    *("GpuShare", "NodePorts", "NodeResourcesFit"),
    *("InterPodAffinity", "NodeVolumeLimits", "VolumeBinding", "VolumeRestrictions", "VolumeZone"),
}
"""Filters that accept a node all the more with fewer pods, but as :func:`_says_so` knows."""


def leaning(profile: Profile | None, cluster: Cluster, pods: PodBatch) -> Mask:
    """Return which pods may become illegal where they are if others leave, shape (P,).

    Those whose specs say so, and all that a filter has a say on of which nothing is known; any
    pod if there is no profile to tell the filters.
    """
    if profile is None:
        return np.ones(len(pods), np.bool_)
    unknown = [f for f in profile.filters if _is_unknown(f)]
    of_spec = [_says_so(s) or _is_asked(unknown, cluster, s) for s in pods.specs]
    return np.array(of_spec, np.bool_)[pods.signature]


def _is_unknown(plugin: FilterPlugin) -> bool:
    return plugin.locality is not Locality.SPEC and plugin.name not in KNOWN


def _is_asked(filters: list[FilterPlugin], cluster: Cluster, spec: PodSpec) -> bool:
    pod = cluster.pod(cluster.signature(spec))
    return any(not f.skips_filter(pod) for f in filters)


def _says_so(spec: PodSpec) -> bool:
    spreads = any(c.is_hard for c in spec.spread)
    return spreads or bool(spec.required_affinity or spec.volumes)
