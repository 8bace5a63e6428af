"""NodeResourcesFit (plugins/noderesources/fit.go and its three scoring strategies)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from schedlab.api import (
    MAX_NODE_SCORE,
    FilterPlugin,
    Locality,
    NodeView,
    PodsView,
    PodView,
    Reason,
    ScorePlugin,
    Scores,
    Verdict,
    columns,
)
from schedlab_algorithms.kubernetes.scoring import (
    CPU_AND_MEMORY,
    Ints,
    ResourceSpec,
    Scored,
)


@dataclass(frozen=True)
class UtilizationShapePoint:
    """A point of RequestedToCapacityRatio's function: utilization in percent, score 0 to 10."""

    utilization: int
    score: int


BIN_PACKING = (UtilizationShapePoint(0, 0), UtilizationShapePoint(100, 10))


@dataclass(frozen=True)
class ScoringStrategy:
    """How nodes are ranked by their resources (KubeSchedulerConfiguration: ScoringStrategy)."""

    type: Literal["LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"] = "LeastAllocated"
    resources: tuple[ResourceSpec, ...] = CPU_AND_MEMORY
    shape: tuple[UtilizationShapePoint, ...] = BIN_PACKING

    def __post_init__(self) -> None:
        utilizations = [p.utilization for p in self.shape]
        if not self.shape or utilizations != sorted(set(utilizations)):
            raise ValueError("shape needs points of strictly increasing utilization")
        if any(not 0 <= p.utilization <= 100 or not 0 <= p.score <= 10 for p in self.shape):
            raise ValueError("shape points need utilization in 0..100 and score in 0..10")
        if any(r.weight < 1 for r in self.resources):
            raise ValueError("resource weights must be at least 1")


class NodeResourcesFit(FilterPlugin, ScorePlugin):
    """Filters nodes without room for the pod's requests; ranks by allocation."""

    locality = Locality.NODE

    ignored_resources: tuple[str, ...] = ()
    ignored_resource_groups: tuple[str, ...] = ()
    scoring_strategy: ScoringStrategy = ScoringStrategy()

    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        """Reject by pod count and by each resource; unresolvable where allocatable is too small."""
        asked, need, bit, hopeless = pod.memo(self, "asked", lambda: self._needs(pod, nodes))
        short = nodes.free.T[asked] < need
        if not np.count_nonzero(short):
            return nodes.pod_count < nodes.allowed_pods
        bits = (nodes.pod_count >= nodes.allowed_pods) | bit @ short
        if not hopeless:
            return bits
        never = bit @ (need > nodes.allocatable.T[asked])
        return bits + ((1 << len(bit)) - 1) * never

    def fits(self, pod: PodView, nodes: NodeView) -> NDArray[np.bool_]:
        """Accept where there is room for one more pod, and for what it asks for."""
        asked, need, _, _ = pod.memo(self, "asked", lambda: self._needs(pod, nodes))
        accepted = nodes.pod_count < nodes.allowed_pods
        short = nodes.free.T[asked] < need
        if np.count_nonzero(short):
            accepted &= ~np.logical_or.reduce(short)
        return accepted

    def filter_each(self, pods: PodsView, nodes: NodeView) -> Verdict:
        """Accept where there is room for one more pod, and for what it asks for."""
        heeded = nodes.shared(("heeded", self, nodes.resources), lambda: self._heeded(nodes))
        need = pods.requests.T[heeded]
        short = nodes.free.T[heeded] < need
        # A resource that is not asked for may be overcommitted.
        short &= need > 0
        return (nodes.pod_count < nodes.allowed_pods) & ~short.any(axis=0)

    def _heeded(self, nodes: NodeView) -> Ints | slice:
        """Return the columns of resources that are not ignored."""
        heeded = [i for i, name in enumerate(nodes.resources) if not self._ignores(name)]
        return columns(np.array(heeded, np.int64))

    def _needs(self, pod: PodView, nodes: NodeView) -> tuple[Ints | slice, Ints, Ints, bool]:
        """Return the columns asked for, amounts (K, 1), bits, and whether any node is hopeless."""
        asked = columns(self._asked(pod))
        need = pod.requests[asked][:, None]
        hopeless = bool((need > nodes.whole.allocatable.T[asked]).any())
        return asked, need, 2 << np.arange(len(need)), hopeless

    def reasons(self, pod: PodView) -> tuple[Reason, ...]:
        """Return "Too many pods", then "Insufficient r", then the same for hopeless requests."""
        names = [pod.resources[i] for i in self._asked(pod)]
        return (
            Reason("Too many pods"),
            *(Reason(f"Insufficient {n}") for n in names),
            *(Reason(f"Insufficient {n}", resolvable=False) for n in names),
        )

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        """Return the strategy's score, 0 to 100, with defaults for pods that state no request."""
        strategy = self.scoring_strategy
        scored = pod.memo(self, "scored", lambda: Scored.of(strategy.resources, pod, nodes))
        return _ranked(strategy, scored, nodes)

    def score_each(self, pods: PodsView, nodes: NodeView) -> Scores | None:
        """Return the same for pods beside nodes, where the same resources count for all pods."""
        scored = Scored.of_each(self.scoring_strategy.resources, pods, nodes)
        return None if scored is None else _ranked(self.scoring_strategy, scored, nodes)

    def _asked(self, pod: PodView) -> Ints:
        return np.array([i for i in pod.asked if not self._ignores(pod.resources[i])], np.int64)

    def _ignores(self, resource: str) -> bool:
        group, slash, _ = resource.partition("/")
        if not slash or group.endswith("kubernetes.io"):
            return False
        return resource in self.ignored_resources or group in self.ignored_resource_groups


def _ranked(strategy: ScoringStrategy, scored: Scored, nodes: NodeView) -> Scores:
    """Return a strategy's scores of the nodes."""
    rank, counted = _STRATEGIES[strategy.type], scored.counted
    has, wanted = scored.allocatable(nodes), scored.requested_with_defaults(nodes)
    if counted.everywhere:
        return rank(strategy, wanted, has, counted.weights)
    weights = [weight * there for weight, there in zip(counted.weights, has > 0, strict=True)]
    return rank(strategy, wanted, np.maximum(has, 1), weights)


Weights = Sequence[int | Ints]
"""The weight of each of K resources, the same for all nodes or one for each."""


def _least_allocated(_: ScoringStrategy, wanted: Ints, has: Ints, weights: Weights) -> Scores:
    """Favour free nodes (least_allocated.go)."""
    free = np.subtract(has, wanted, out=wanted)
    np.maximum(free, 0, out=free)
    return _truncated_mean(_percent(free, has), weights)


def _most_allocated(_: ScoringStrategy, wanted: Ints, has: Ints, weights: Weights) -> Scores:
    """Favour full nodes (most_allocated.go)."""
    used = np.minimum(wanted, has, out=wanted)
    return _truncated_mean(_percent(used, has), weights)


def _requested_to_capacity_ratio(
    strategy: ScoringStrategy, wanted: Ints, has: Ints, weights: Weights
) -> Scores:
    """Follow a function of utilization (requested_to_capacity_ratio.go)."""
    percent = np.where(wanted > has, 100, wanted * MAX_NODE_SCORE // has)
    return _rounded_mean(_interpolate(strategy.shape)[percent], weights)


_STRATEGIES: dict[str, Callable[[ScoringStrategy, Ints, Ints, Weights], Scores]] = {
    "LeastAllocated": _least_allocated,
    "MostAllocated": _most_allocated,
    "RequestedToCapacityRatio": _requested_to_capacity_ratio,
}
"""From requested with the pod (to be overwritten) and allocatable, both (K, n), to scores."""


@cache
def _interpolate(shape: tuple[UtilizationShapePoint, ...]) -> Ints:
    """Return the score at 0 to 100 percent, as helper.BuildBrokenLinearFunction truncates it."""
    return np.array([_at(shape, percent) for percent in range(101)], np.int64)


def _at(shape: tuple[UtilizationShapePoint, ...], percent: int) -> int:
    points = [(p.utilization, 10 * p.score) for p in shape]
    if percent <= points[0][0]:
        return points[0][1]
    for (x0, y0), (x1, y1) in pairwise(points):
        if percent <= x1:
            return y0 + int((y1 - y0) * (percent - x0) / (x1 - x0))
    return points[-1][1]


def _percent(part: Ints, whole: Ints) -> Ints:
    """Return 100 x part // whole, overwriting ``part``."""
    part *= MAX_NODE_SCORE
    return np.floor_divide(part, whole, out=part)


def _truncated_mean(parts: Ints, weights: Weights) -> Scores:
    """Return Σ weight x part // Σ weight, 0 where nothing counts."""
    if weights == (1,) * len(parts):
        return _sum(parts) // max(len(parts), 1)
    return _weighted_sum(parts, weights) // _at_least_1(sum(weights))


def _rounded_mean(parts: Ints, weights: Weights) -> Scores:
    """Return the mean over parts above 0, rounded half up, 0 where there is none."""
    counted = [weight * (part > 0) for part, weight in zip(parts, weights, strict=True)]
    weight = _at_least_1(sum(counted))
    return (2 * _weighted_sum(parts, counted) + weight) // (2 * weight)


def _sum(parts: Ints) -> Ints:
    """Return the sum over the first axis; of two rows, as there mostly are, in half the time."""
    total: Ints = np.add(*parts) if len(parts) == 2 else np.add.reduce(parts, axis=0)
    return total


def _weighted_sum(parts: Ints, weights: Weights) -> Ints:
    """Return Σ weight x part, overwriting the parts."""
    for part, weight in zip(parts, weights, strict=True):
        part *= weight
    return parts.sum(axis=0)


def _at_least_1(weight: int | Ints) -> int | Ints:
    return max(weight, 1) if isinstance(weight, int) else np.maximum(weight, 1)
