"""Where each signature may go at all, whatever is placed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from schedlab.api import Cluster, GpuRequest, NodeView, PodSpec
from schedlab.engine import Profile, eligible
from schedlab_algorithms.cp_sat_packing.problem import Mask
from schedlab_algorithms.cp_sat_packing.spread import carries_keys, filters_spread


def eligibility(profile: Profile, cluster: Cluster, specs: Sequence[PodSpec]) -> Mask:
    """Return what the profile's filters say from specs alone, shape (S, N).

    Besides the filters with locality SPEC these are the GPU model and, if the profile
    filters by topology spread, the presence of the topology keys.
    """
    nodes, spreads = cluster.view(), filters_spread(profile)
    rows = np.ones((len(specs), len(cluster)), np.bool_)
    for row, spec in zip(rows, specs, strict=True):
        row &= eligible(profile, cluster, cluster.signature(spec))
        if spec.gpu is not None and spec.gpu.models:
            row &= _has_model(spec.gpu, nodes)
        if spreads:
            row &= carries_keys(nodes, spec)
    return rows


def _has_model(request: GpuRequest, nodes: NodeView) -> Mask:
    model = nodes.gpu_model
    allowed = np.array([*(value in request.models for value in model.values), False])
    return allowed[model.codes]
