"""ImageLocality (plugins/imagelocality/image_locality.go)."""

from __future__ import annotations

from functools import partial

import numpy as np

from schedlab.api import MAX_NODE_SCORE, Locality, Node, NodeView, PodView, ScorePlugin, Scores

MIB = 1024 * 1024
MIN_THRESHOLD = 23 * MIB
MAX_CONTAINER_THRESHOLD = 1000 * MIB


class ImageLocality(ScorePlugin):
    """Favours nodes that hold the images of the pod's containers already.

    An image counts with its size times the share of nodes that hold it, so that pods are
    not drawn to the few nodes that ran them before.
    """

    locality = Locality.SPEC

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        """Return 0 to 100, by the summed sizes between two thresholds."""
        total = np.zeros(len(nodes), np.int64)
        for image in pod.spec.images:
            total += nodes.derive(("image locality", image), partial(_worth, image))
        high = max(MAX_CONTAINER_THRESHOLD * len(pod.spec.images), MIN_THRESHOLD + 1)
        held = np.clip(total, MIN_THRESHOLD, high)
        return MAX_NODE_SCORE * (held - MIN_THRESHOLD) // (high - MIN_THRESHOLD)


def _worth(image: str, nodes: tuple[Node, ...]) -> Scores:
    """Return what holding the image is worth on each node, shape (N,), in bytes.

    The size is that of the first node that holds it, as the scheduler's cache keeps one
    size for each name.
    """
    holds = np.array([image in n.images for n in nodes], np.bool_)
    if not holds.any():
        return np.zeros(len(nodes), np.int64)
    size = nodes[int(holds.argmax())].images[image]
    return holds * int(float(size) * (int(holds.sum()) / len(nodes)))
