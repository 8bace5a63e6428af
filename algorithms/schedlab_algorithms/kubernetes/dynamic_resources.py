"""DynamicResources (plugins/dynamicresources) for pods without resource claims."""

from __future__ import annotations

import numpy as np

from schedlab.api import (
    FilterPlugin,
    Locality,
    NodeView,
    PodView,
    ScorePlugin,
    Scores,
    Verdict,
    normalize_max,
)


class DynamicResources(FilterPlugin, ScorePlugin):
    """Accepts every node and scores it 0, as Kubernetes does where a pod claims no devices.

    Resource claims themselves are not modelled.
    """

    locality = Locality.SPEC

    def skips_filter(self, pod: PodView) -> bool:
        """Skip every pod."""
        return True

    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        """Accept every node."""
        return np.ones(len(nodes), np.bool_)

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        """Return 0 for every node."""
        return np.zeros(len(nodes), np.int64)

    def normalize(self, raw: Scores, low: int, high: int) -> Scores:
        """Scale to 0..100 by the maximum."""
        return normalize_max(raw, low, high)
