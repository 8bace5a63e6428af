"""DotProduct: alignment of what a pod needs with what a node has free."""

from __future__ import annotations

from schedlab.api import Locality, NodeView, PodView, ScorePlugin, Scores
from schedlab_algorithms.baselines.shares import free, need


class DotProduct(ScorePlugin):
    """Prefers the node whose free resources point where the pod's needs do.

    The packing score of Tetris (Grandl et al., Multi-Resource Packing for Cluster
    Schedulers, SIGCOMM 2014): Σ need x free over resources as shares of the largest node.
    """

    locality = Locality.NODE

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        """Return Σ need x free."""
        return free(pod, nodes) @ need(pod, nodes)
