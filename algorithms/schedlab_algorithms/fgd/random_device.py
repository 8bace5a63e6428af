"""Random: with a random tie-break of nodes, also a random device for shares."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from schedlab.api import DevicePlugin, Locality, NodeView, PodView
from schedlab_algorithms.gpu_share import is_share, tightest_devices

MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
STEP = np.uint64(0x9E3779B97F4A7C15)


class FgdRandomDevice(DevicePlugin):
    """Puts a share on any device with room, all alike; whole devices by the lowest index.

    A device plugin has no memory, so its numbers are a hash of what is on the node
    (SplitMix64 of each device's room, index and the number of pods): the largest wins.
    """

    locality = Locality.NODE

    seed: int = 0

    def choose(self, pod: PodView, nodes: NodeView) -> NDArray[np.int64]:
        """Return the devices to take, as bit masks, shape (n,)."""
        request, free = pod.spec.gpu, nodes.device_free
        assert request is not None
        if not is_share(request):
            return tightest_devices(request, free)
        powers, multiples = _of_step(free.shape[1])
        state = free.astype(np.uint64) @ powers
        state += nodes.requested.astype(np.uint64).sum(axis=1) + np.uint64(self.seed)
        drawn = split_mix(state[:, None] + multiples)
        return np.int64(1) << np.where(free >= request.milli, drawn >> 1, 0).argmax(axis=1)


@cache
def _of_step(devices: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return a power and a multiple of STEP for each device."""
    device = np.arange(devices, dtype=np.uint64)
    return STEP ** (device + np.uint64(1)), STEP * device


def split_mix(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the output of SplitMix64 for each state (Steele, Lea and Flood, OOPSLA 2014)."""
    z = state + STEP
    z = (z ^ (z >> np.uint64(30))) * MIX[0]
    z = (z ^ (z >> np.uint64(27))) * MIX[1]
    return z ^ (z >> np.uint64(31))
