"""NodeResourcesBalancedAllocation (plugins/noderesources/balanced_allocation.go)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab.api import MAX_NODE_SCORE, Locality, NodeView, PodsView, PodView, ScorePlugin, Scores
from schedlab_algorithms.kubernetes.scoring import CPU_AND_MEMORY, Ints, ResourceSpec, Scored

Floats = NDArray[np.float64]


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
        return _balance(scored, nodes)

    def score_each(self, pods: PodsView, nodes: NodeView) -> Scores | None:
        """Return the same for pods beside nodes, where the same resources count for all pods."""
        scored = Scored.of_each(self.resources, pods, nodes)
        return None if scored is None else _balance(scored, nodes)


def _balance(scored: Scored, nodes: NodeView) -> Scores:
    has, wanted = scored.allocatable(nodes), scored.requested(nodes)
    if len(has) == 2 and scored.counted.everywhere:
        return _balance_of_two(wanted / has)
    return ((1 - _deviation(wanted, has)) * MAX_NODE_SCORE).astype(np.int64)


def _balance_of_two(share: Floats) -> Scores:
    """Return (1 - half the difference) x 100 of two rows of shares, overwriting these.

    Halving before or doubling after is exact: (2 - difference) x 50 is rounded alike.
    """
    np.minimum(share, 1.0, out=share)
    score = np.subtract(share[0], share[1], out=share[0])
    np.abs(score, out=score)
    np.subtract(2.0, score, out=score)
    score *= MAX_NODE_SCORE / 2
    return score.astype(np.int64)


def _deviation(wanted: Ints, has: Ints) -> Floats:
    """Return the deviation of the shares over resources that the node has, shape (n,)."""
    counts = has > 0
    number = counts.sum(axis=0)
    share = np.where(counts, np.minimum(wanted / np.maximum(has, 1), 1.0), 0.0)
    mean = _sum(share) / np.maximum(number, 1)
    square = _sum(np.where(counts, (share - mean) ** 2, 0.0))
    spread = np.where(counts, share, -np.inf).max(axis=0, initial=-np.inf) - np.where(
        counts, share, np.inf
    ).min(axis=0, initial=np.inf)
    many = np.sqrt(square / np.maximum(number, 1))
    return np.where(number == 2, np.abs(spread) / 2, np.where(number > 2, many, 0.0))


def _sum(parts: Floats) -> Floats:
    """Add the rows from first to last: the order decides the last bit."""
    total = np.zeros(parts.shape[1])
    for part in parts:
        total += part
    return total
