"""DotProd: the node whose free resources align the least with the pod's needs."""

from __future__ import annotations

import numpy as np

from schedlab.api import Locality, NodeView, PodView, ScorePlugin, Scores
from schedlab_algorithms.fgd.shape import (
    LARGEST_CPU,
    LARGEST_GPU,
    free_cpu,
    free_gpu,
    wanted_cpu,
    wanted_gpu,
)


class FgdDotProd(ScorePlugin):
    """Prefers a small dot product of free and wanted (cpu, GPU): full nodes for large pods.

    trunc(100 (1 - ½ Σ free x wanted)), each a share of the largest node's.  Tetris, from
    which the paper takes the product, prefers a large one.
    """

    locality = Locality.NODE

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        """Return the score, 0 to 100, shape (n,)."""
        cpu = free_cpu(nodes) / LARGEST_CPU * wanted_cpu(pod) / LARGEST_CPU
        gpu = free_gpu(nodes) / LARGEST_GPU * wanted_gpu(pod) / LARGEST_GPU
        return (100 * (1 - 0.5 * (cpu + gpu))).astype(np.int64)
