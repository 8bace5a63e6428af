"""BestFit and WorstFit: by what would be left free."""

from __future__ import annotations

from schedlab.api import Locality, NodeView, PodView, ScorePlugin, Scores
from schedlab_algorithms.baselines.shares import free, need


class BestFit(ScorePlugin):
    """Prefers the node with the least left free, summed over all resources.

    Each resource counts as a share of the largest node's (Panigrahy et al., Heuristics for
    Vector Bin Packing, 2011; the BestFit of Beware of Fragmentation, ATC 2023).
    """

    locality = Locality.NODE

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        """Return minus the free shares that would remain."""
        left: Scores = need(pod, nodes).sum() - free(pod, nodes).sum(axis=1)
        return left


class WorstFit(ScorePlugin):
    """Prefers the node with the most left free, summed over all resources."""

    locality = Locality.NODE

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        """Return the free shares that would remain."""
        left: Scores = free(pod, nodes).sum(axis=1) - need(pod, nodes).sum()
        return left
