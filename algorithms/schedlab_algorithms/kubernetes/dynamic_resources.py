"""DynamicResources (plugins/dynamicresources) for pods without resource claims."""

from __future__ import annotations

import numpy as np

from schedlab.api import (
    FilterPlugin,
    Locality,
    NodeView,
    PodView,
    Reason,
    ScorePlugin,
    Scores,
    Verdict,
    normalize_max,
)


class DynamicResources(FilterPlugin, ScorePlugin):
    """Accepts and scores nodes as Kubernetes does where a pod claims no devices.

    Claims are not modelled: a pod that has some is left unplaced, for that reason.
    """

    locality = Locality.SPEC

    def skips_filter(self, pod: PodView) -> bool:
        """Skip pods without claims."""
        return not pod.spec.resource_claims

    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        """Reject every node."""
        return np.zeros(len(nodes), np.bool_)

    def reasons(self, pod: PodView) -> tuple[Reason, ...]:
        """Return the one reason, which is not Kubernetes' but ours."""
        claims = ", ".join(pod.spec.resource_claims)
        return (Reason(f"resource claims are not modelled: {claims}", resolvable=False),)

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        """Return 0 for every node."""
        return np.zeros(len(nodes), np.int64)

    def normalize(self, raw: Scores, low: int, high: int) -> Scores:
        """Scale to 0..100 by the maximum."""
        return normalize_max(raw, low, high)
