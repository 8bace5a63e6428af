"""What the simpler policies read of pods and nodes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab.api import NodeView, PodView
from schedlab.model.objects import CPU, GPU_MILLI

Ints = NDArray[np.int64]

LARGEST_CPU = 128_000
"""The cpu of the openb trace's largest node, in milli-cores, by which scores are scaled."""

LARGEST_GPU = 8_000
"""The GPU thousandths of the trace's largest node."""


def free_cpu(nodes: NodeView) -> Ints:
    """Return free milli-cores, shape (n,)."""
    return nodes.free[:, nodes.resource(CPU)]


def free_gpu(nodes: NodeView) -> Ints:
    """Return free thousandths over all devices, shape (n,)."""
    if GPU_MILLI not in nodes.resources:
        return np.zeros(len(nodes), np.int64)
    return nodes.free[:, nodes.resource(GPU_MILLI)]


def wanted_cpu(pod: PodView) -> int:
    """Return the milli-cores that a pod asks for."""
    return pod.spec.request(CPU)


def wanted_gpu(pod: PodView) -> int:
    """Return the thousandths that a pod asks for, over all devices."""
    return pod.spec.request(GPU_MILLI)
