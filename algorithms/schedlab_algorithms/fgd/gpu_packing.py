"""GpuPacking: used devices first, then free devices of used nodes, idle nodes last."""

from __future__ import annotations

import numpy as np

from schedlab.api import (
    MAX_NODE_SCORE,
    GpuRequest,
    Locality,
    NodeView,
    PodView,
    ScorePlugin,
    Scores,
)
from schedlab.model.objects import GPU_MILLI
from schedlab_algorithms.gpu_share import NO_ROOM, WHOLE

IDLE_NODE = MAX_NODE_SCORE // 3
FREE_DEVICE = MAX_NODE_SCORE // 2


class FgdGpuPacking(ScorePlugin):
    """Prefers nodes where the tightest devices that fit are in use; least of all idle nodes.

    - All ``k`` devices idle: max(33 - k, k).
    - Of the tightest devices that fit ``u`` > 0 are idle: max(50 - u, 33).
    - All of them are in use: max(100 - Σ percent free // 10, 50).

    Pods without GPU are indifferent.
    """

    locality = Locality.NODE

    def skips_score(self, pod: PodView) -> bool:
        """Skip pods that ask for no device."""
        return pod.spec.gpu is None

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        """Return the score, 0 to 100, shape (n,)."""
        request = pod.spec.gpu
        assert request is not None
        taken = _tightest(request, nodes.device_free)
        idle = (taken == WHOLE).sum(axis=1)
        percent = taken.sum(axis=1) * 100 // WHOLE if request.count == 1 else _percents(taken)
        in_use = np.maximum(MAX_NODE_SCORE - percent // 10, FREE_DEVICE)
        scores = np.where(idle > 0, np.maximum(FREE_DEVICE - idle, IDLE_NODE), in_use)
        at = nodes.resource(GPU_MILLI)
        devices = nodes.allocatable[:, at] // WHOLE
        idle_node = np.maximum(IDLE_NODE - devices, devices)
        return np.where(nodes.requested[:, at] == 0, idle_node, scores)


def _tightest(request: GpuRequest, free: Scores) -> Scores:
    """Return what is free on the tightest devices that fit, 0 for missing ones, (n, count)."""
    room = np.where(free >= request.milli, free, NO_ROOM)
    if request.count == 1:
        taken = room.min(axis=1, initial=NO_ROOM)[:, None]
    else:
        room.sort(axis=1)
        taken = room[:, : request.count]
    return np.where(taken == NO_ROOM, 0, taken)


def _percents(taken: Scores) -> Scores:
    """Return Σ percent free over the devices, each truncated, shape (n,)."""
    percents: Scores = (taken * 100 // WHOLE).sum(axis=1)
    return percents
