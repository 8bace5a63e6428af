"""BestFit: the node that would have the least left free."""

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


class FgdBestFit(ScorePlugin):
    """Prefers the least cpu and GPU left, each as a share of the largest node's.

    trunc(100 (1 - ½ cpu left - ½ GPU left)).  The simulator then stretches the scores of the
    feasible nodes to 0..100; as they lie within 0..100 on its cluster, that keeps their order
    and their ties, and is left out.
    """

    locality = Locality.NODE

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        """Return the score, 0 to 100 where the pod fits, shape (n,)."""
        cpu = 0.5 * (free_cpu(nodes) - wanted_cpu(pod)) / LARGEST_CPU
        gpu = 0.5 * (free_gpu(nodes) - wanted_gpu(pod)) / LARGEST_GPU
        return (100 * (1 - cpu - gpu)).astype(np.int64)
