"""GpuClustering: pods of one kind of GPU request together (Xiao et al., Gandiva, OSDI 2018)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from schedlab.api import (
    MAX_NODE_SCORE,
    GpuRequest,
    Locality,
    NodeView,
    PodSpec,
    PodView,
    ScorePlugin,
    Scores,
)
from schedlab_algorithms.fgd.shape import LARGEST_GPU, free_gpu
from schedlab_algorithms.gpu_share import is_share

QUARTER = MAX_NODE_SCORE // 4


class FgdGpuClustering(ScorePlugin):
    """Prefers nodes whose pods ask for GPUs alike: shares together, n devices together.

    Up to 25 for a node's GPU in use, and 75 where all its GPU pods are of the pod's kind, 50
    where some are, 25 where it has none.  Pods without GPU are indifferent.
    """

    locality = Locality.NODE

    def skips_score(self, pod: PodView) -> bool:
        """Skip pods that ask for no device."""
        return pod.spec.gpu is None

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        """Return the score, 0 to 100, shape (n,)."""
        kind = _kind(pod.spec.gpu)
        alike = nodes.sum_placed(("fgd kind", kind), _is_of(kind))
        others = nodes.sum_placed("fgd gpu pods", _asks_gpu) - alike
        in_use = QUARTER * (LARGEST_GPU - free_gpu(nodes)) // LARGEST_GPU
        return in_use + QUARTER * _AFFINITY[np.minimum(alike, 1), np.minimum(others, 1)]


_AFFINITY = np.array([[1, 0], [3, 2]], np.int64)
"""Quarters by whether the node has pods of the kind, and others with GPU."""


def _kind(request: GpuRequest | None) -> int:
    """Return the number of devices, 0 for a share of one, -1 without GPU."""
    if request is None:
        return -1
    return 0 if is_share(request) else request.count


def _is_of(kind: int) -> Callable[[PodSpec], int]:
    return lambda spec: int(_kind(spec.gpu) == kind)


def _asks_gpu(spec: PodSpec) -> int:
    return int(spec.gpu is not None)
