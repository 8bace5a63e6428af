"""NodeResourcesBalancedAllocation (plugins/noderesources/balanced_allocation.go)."""

from __future__ import annotations

import numpy as np

from schedlab.api import MAX_NODE_SCORE, Locality, NodeView, PodView, ScorePlugin, Scores
from schedlab_algorithms.kubernetes.scoring import CPU_AND_MEMORY, Ints, ResourceSpec, Scored


class NodeResourcesBalancedAllocation(ScorePlugin):
    """Favours nodes whose resources would be used in like shares.

    The score is (1 - standard deviation of requested/allocatable) x 100, truncated.
    """

    locality = Locality.NODE

    resources: tuple[ResourceSpec, ...] = CPU_AND_MEMORY

    def skips_score(self, pod: PodView) -> bool:
        """Skip pods that ask for none of the resources."""
        return not any(pod.spec.request(r.name) for r in self.resources)

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        """Return 0 to 100, higher where the shares are closer together."""
        scored = pod.memo(self, "scored", lambda: Scored.of(self.resources, pod, nodes))
        has = scored.allocatable(nodes)
        wanted = scored.requested(pod, nodes)
        if has.shape[1] == 2 and scored.everywhere:
            share = np.minimum(wanted / has, 1.0)
            deviation = np.abs(share[:, 0] - share[:, 1]) / 2
        else:
            deviation = _deviation(wanted, has)
        return ((1 - deviation) * MAX_NODE_SCORE).astype(np.int64)


def _deviation(wanted: Ints, has: Ints) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the deviation of the shares over resources that the node has, shape (n,)."""
    counts = has > 0
    number = counts.sum(axis=1)
    share = np.where(counts, np.minimum(wanted / np.maximum(has, 1), 1.0), 0.0)
    mean = _sum(share) / np.maximum(number, 1)
    square = _sum(np.where(counts, (share - mean[:, None]) ** 2, 0.0))
    spread = np.where(counts, share, -np.inf).max(axis=1, initial=-np.inf) - np.where(
        counts, share, np.inf
    ).min(axis=1, initial=np.inf)
    many = np.sqrt(square / np.maximum(number, 1))
    return np.where(number == 2, np.abs(spread) / 2, np.where(number > 2, many, 0.0))


def _sum(
    parts: np.ndarray[tuple[int, int], np.dtype[np.float64]],
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Add the columns from left to right: the order decides the last bit."""
    total = np.zeros(len(parts))
    for column in parts.T:
        total += column
    return total
