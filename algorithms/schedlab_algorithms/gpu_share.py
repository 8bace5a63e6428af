"""GpuShare: pods that ask for thousandths of GPU devices (Beware of Fragmentation, ATC 2023)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab.api import (
    DevicePlugin,
    FilterPlugin,
    GpuRequest,
    Locality,
    NodeView,
    PodView,
    Reason,
    Verdict,
)

WHOLE = 1000
"""The thousandths of one device."""

NO_ROOM = np.iinfo(np.int64).max


class GpuShare(FilterPlugin, DevicePlugin):
    """Filters by device: a share must fit on one device, n shares on n devices.

    Devices are chosen by best fit: those with the least room that is enough, the lowest
    index on ties.  It says nothing about pods that ask for no thousandths.
    """

    locality = Locality.NODE

    def skips_filter(self, pod: PodView) -> bool:
        """Skip pods that ask for no device."""
        return pod.spec.gpu is None

    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        """Reject nodes with too few devices that have room (bit 0), or of other models (bit 1)."""
        request = _request(pod)
        has_room = _has_room(request, nodes)
        if not request.models:
            return has_room
        return np.where(self._of_model(pod, nodes), ~has_room, 2)

    def fits(self, pod: PodView, nodes: NodeView) -> NDArray[np.bool_]:
        """Accept nodes with enough devices that have room, of the right model."""
        request = _request(pod)
        accepted = _has_room(request, nodes)
        if request.models:
            accepted &= self._of_model(pod, nodes)
        return accepted

    def _of_model(self, pod: PodView, nodes: NodeView) -> NDArray[np.bool_]:
        return nodes.at(pod.memo(self, "of model", lambda: _of_model(_request(pod), nodes.whole)))

    def reasons(self, pod: PodView) -> tuple[Reason, ...]:
        """Return the two reasons; preemption can make room only."""
        return (
            Reason("node(s) didn't have enough GPU devices with room"),
            Reason("node(s) had no GPU of the requested model", resolvable=False),
        )

    def choose(self, pod: PodView, nodes: NodeView) -> NDArray[np.int64]:
        """Return the devices with the least sufficient room, as bit masks, shape (n,)."""
        return tightest_devices(_request(pod), nodes.device_free)


def is_share(request: GpuRequest) -> bool:
    """Say whether a request is for a part of one device."""
    return request.count == 1 and request.milli < WHOLE


def tightest_devices(request: GpuRequest, free: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the devices with the least sufficient room, as bit masks, shape (n,).

    ``free`` holds free thousandths by device, shape (n, D), -1 where there is none; ties go
    to the lowest index.
    """
    if not free.shape[1]:
        return np.zeros(len(free), np.int64)
    room = np.where(free >= request.milli, free, NO_ROOM)
    if request.count == 1:
        return np.int64(1) << room.argmin(axis=1)
    tightest = np.argsort(room, axis=1, kind="stable")[:, : request.count]
    return (np.int64(1) << tightest).sum(axis=1)


def _request(pod: PodView) -> GpuRequest:
    request = pod.spec.gpu
    if request is None:
        raise ValueError("GpuShare is asked only about pods with a GPU request")
    return request


def _has_room(request: GpuRequest, nodes: NodeView) -> NDArray[np.bool_]:
    free = nodes.device_free
    if request.count == 1:
        return np.maximum.reduce(free, axis=1, initial=-1) >= request.milli
    fits: NDArray[np.bool_] = (free >= request.milli).sum(axis=1) >= request.count
    return fits


def _of_model(request: GpuRequest, nodes: NodeView) -> NDArray[np.bool_]:
    model = nodes.gpu_model
    allowed = np.array([*(value in request.models for value in model.values), False])
    return allowed[model.codes]
