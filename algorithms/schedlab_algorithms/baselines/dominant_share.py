"""DominantShare: fit by the shape of the demand around its dominant resource."""

from __future__ import annotations

import numpy as np

from schedlab.api import Locality, NodeView, PodView, ScorePlugin, Scores
from schedlab_algorithms.baselines.shares import SCALE, free, need


class DominantShare(ScorePlugin):
    """Prefers the node whose free resources stand in the proportions of the pod's needs.

    Best-Fit DRFH (Wang, Liang and Li, Multi-Resource Fair Allocation in Heterogeneous Cloud
    Computing Systems, TPDS 2015): both vectors are divided by their entry in the pod's
    dominant resource, and the smaller their L1 distance, the better the fit.
    """

    locality = Locality.NODE

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        """Return minus the L1 distance of the two shapes, in 1/SCALE."""
        wanted, offered = need(pod, nodes), free(pod, nodes)
        dominant = int(wanted.argmax())
        shape_wanted = SCALE * wanted // max(int(wanted[dominant]), 1)
        scarcest = np.maximum(offered[:, dominant], 1)
        shape_offered = SCALE * offered // scarcest[:, None]
        distance: Scores = np.abs(shape_offered - shape_wanted).sum(axis=1)
        return -distance
