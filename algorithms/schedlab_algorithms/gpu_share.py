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
        """Reject nodes of other models (bit 0), or with too few devices that have room (bit 1)."""
        request = _request(pod)
        other = _other_model(request, nodes)
        fitting = (nodes.device_free >= request.milli).sum(axis=1)
        return other | (~other & (fitting < request.count)).astype(np.int64) << 1

    def reasons(self, pod: PodView) -> tuple[Reason, ...]:
        """Return the two reasons; only room can be made by preemption."""
        return (
            Reason("node(s) had no GPU of the requested model", resolvable=False),
            Reason("node(s) didn't have enough GPU devices with room"),
        )

    def choose(self, pod: PodView, nodes: NodeView) -> NDArray[np.int64]:
        """Return the devices with the least sufficient room, as bit masks, shape (n,)."""
        request, free = _request(pod), nodes.device_free
        room = np.where(free >= request.milli, free, np.iinfo(np.int64).max)
        tightest = np.argsort(room, axis=1, kind="stable")[:, : request.count]
        return (np.int64(1) << tightest).sum(axis=1)


def _request(pod: PodView) -> GpuRequest:
    request = pod.spec.gpu
    if request is None:
        raise ValueError("GpuShare is asked only about pods with a GPU request")
    return request


def _other_model(request: GpuRequest, nodes: NodeView) -> NDArray[np.bool_]:
    if not request.models:
        return np.zeros(len(nodes), np.bool_)
    model = nodes.gpu_model
    allowed = np.array([*(value in request.models for value in model.values), False])
    return ~allowed[model.codes]
