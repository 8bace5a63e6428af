"""ShadowPrice: the node that loses the least worth, the first on ties."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab.api import (
    DevicePlugin,
    GpuRequest,
    Locality,
    NodeView,
    PodView,
    ScorePlugin,
    Scores,
)
from schedlab.model.objects import CPU
from schedlab_algorithms.gpu_share import WHOLE, is_share, tightest_devices
from schedlab_algorithms.shadow_price.worth import UNIT, Worth

Ints = NDArray[np.int64]


class ShadowPrice(ScorePlugin, DevicePlugin):
    """Prefers the node whose free GPU and cpu lose the least worth to pods like the past ones.

    A free device is worth what the pods that fit into it cost elsewhere, by the dual prices of
    cutting stock over the history.  A node is worth its devices together, as far as its
    free cpu suffices for them.  Many nodes lose the same: the first of them fills up first.
    """

    locality = Locality.NODE

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        """Return the worth that stays minus the worth there is, at most 0, shape (n,)."""
        worth = nodes.shared(Worth, lambda: Worth.of(nodes))
        at = nodes.resource(CPU)
        cpu = nodes.allocatable[:, at] - nodes.requested[:, at]
        free = nodes.device_free
        devices = worth.device[free].sum(axis=1)
        lost = _lost(worth, pod.spec.gpu, free)
        return worth(devices - lost, cpu - pod.requests[at]) - worth(devices, cpu)

    def choose(self, pod: PodView, nodes: NodeView) -> Ints:
        """Return the devices that lose the least worth, as bit masks, shape (n,)."""
        request, free = pod.spec.gpu, nodes.device_free
        assert request is not None
        if not is_share(request):
            return tightest_devices(request, free)
        worth = nodes.shared(Worth, lambda: Worth.of(nodes))
        return np.int64(1) << _lost_by_device(worth, request.milli, free).argmin(axis=1)


def _lost(worth: Worth, request: GpuRequest | None, free: Ints) -> Ints | int:
    """Return the devices' worth that a request takes on each node, shape (n,)."""
    if request is None:
        return 0
    if request.milli == WHOLE:
        return request.count * UNIT
    by_device = _lost_by_device(worth, request.milli, free)
    if request.count == 1:
        return by_device.min(axis=1, initial=NO_WORTH)
    taken = tightest_devices(request, free)[:, None] >> np.arange(free.shape[1]) & 1
    lost: Ints = (by_device * taken).sum(axis=1)
    return lost


NO_WORTH = 64 * UNIT
"""More than any share takes: what it takes from a device without room."""


def _lost_by_device(worth: Worth, milli: int, free: Ints) -> Ints:
    """Return the worth that a share takes from each device, shape (n, D)."""
    return np.where(free >= milli, worth.device[free] - worth.device[free - milli], NO_WORTH)
