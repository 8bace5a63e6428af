"""Resources as integer shares of the cluster's largest node, so that they can be compared."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab.api import NodeView, PodView

Ints = NDArray[np.int64]

SCALE = 100_000
"""The share of a resource that the largest node has in full."""


def need(pod: PodView, nodes: NodeView) -> Ints:
    """Return the pod's requests as shares, shape (R,)."""
    return SCALE * pod.requests // largest(pod, nodes)


def free(pod: PodView, nodes: NodeView) -> Ints:
    """Return what is free on each node as shares, shape (n, R)."""
    return SCALE * nodes.free // largest(pod, nodes)


def largest(pod: PodView, nodes: NodeView) -> Ints:
    """Return the largest allocatable of each resource on any node (1 where there is none)."""
    return pod.memo(largest, "", lambda: nodes.whole.allocatable.max(axis=0, initial=1))
