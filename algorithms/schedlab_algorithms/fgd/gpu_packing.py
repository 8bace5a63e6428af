"""GpuPacking: used devices first, then free devices of used nodes, idle nodes last."""

from __future__ import annotations

import numpy as np

from schedlab.api import (
    MAX_NODE_SCORE,
    GpuRequest,
    Locality,
    Node,
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
        used_node = _on_one if request.count == 1 else _on_several
        idle = nodes.requested[:, nodes.resource(GPU_MILLI)] == 0
        on_idle = nodes.derive("fgd gpu packing", _on_idle_node)
        return np.where(idle, on_idle, used_node(request, nodes.device_free))


def _on_idle_node(nodes: tuple[Node, ...]) -> Scores:
    devices = np.array([n.gpus.count if n.gpus else 0 for n in nodes], np.int64)
    return np.maximum(IDLE_NODE - devices, devices)


def _on_one(request: GpuRequest, free: Scores) -> Scores:
    tightest = np.where(free >= request.milli, free, WHOLE).min(axis=1, initial=WHOLE)
    return BY_ROOM[tightest]


BY_ROOM = np.maximum(MAX_NODE_SCORE - np.arange(WHOLE + 1) * 100 // WHOLE // 10, FREE_DEVICE)
"""The score of one device in use by its free thousandths; the last is that of an idle one."""
BY_ROOM[WHOLE] = max(FREE_DEVICE - 1, IDLE_NODE)


def _on_several(request: GpuRequest, free: Scores) -> Scores:
    room = np.where(free >= request.milli, free, NO_ROOM)
    room.sort(axis=1)
    taken = room[:, : request.count]
    taken = np.where(taken == NO_ROOM, 0, taken)
    idle = (taken == WHOLE).sum(axis=1)
    percent = (taken * 100 // WHOLE).sum(axis=1)
    in_use = np.maximum(MAX_NODE_SCORE - percent // 10, FREE_DEVICE)
    return np.where(idle > 0, np.maximum(FREE_DEVICE - idle, IDLE_NODE), in_use)
