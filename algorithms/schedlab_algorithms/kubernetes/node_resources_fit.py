"""NodeResourcesFit (plugins/noderesources/fit.go and its three scoring strategies)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Literal

import numpy as np

from schedlab.api import (
    MAX_NODE_SCORE,
    FilterPlugin,
    Locality,
    NodeView,
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
        allocatable = nodes.allocatable[:, asked]
        short = nodes.requested[:, asked] + need > allocatable
        if not np.count_nonzero(short):
            return nodes.pod_count < nodes.allowed_pods
        bits = (nodes.pod_count >= nodes.allowed_pods) | short @ bit
        if not hopeless:
            return bits
        return np.where(need > allocatable, bit * ((1 << len(need)) - 1), 0).sum(axis=1) + bits

    def _needs(self, pod: PodView, nodes: NodeView) -> tuple[Ints | slice, Ints, Ints, bool]:
        """Return the columns asked for, amounts, bits, and whether any node is hopeless."""
        asked = columns(self._asked(pod))
        need = pod.requests[asked]
        hopeless = bool((need > nodes.whole.allocatable[:, asked]).any())
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
        scored, strategy = pod.memo(self, "scored", lambda: self._scored(pod, nodes))
        has = scored.allocatable(nodes)
        wanted = scored.requested_with_defaults(pod, nodes)
        weights = scored.weights
        if not scored.everywhere:
            weights, has = weights * (has > 0), np.maximum(has, 1)
        return strategy(wanted, has, weights)

    def _scored(self, pod: PodView, nodes: NodeView) -> tuple[Scored, Strategy]:
        strategy = self.scoring_strategy
        make = _STRATEGIES[strategy.type]
        return Scored.of(strategy.resources, pod, nodes), make(_interpolate(strategy.shape))

    def _asked(self, pod: PodView) -> Ints:
        return np.array([i for i in pod.asked if not self._ignores(pod.resources[i])], np.int64)

    def _ignores(self, resource: str) -> bool:
        group, slash, _ = resource.partition("/")
        if not slash or group.endswith("kubernetes.io"):
            return False
        return resource in self.ignored_resources or group in self.ignored_resource_groups


def _least_allocated(shape: Ints) -> Strategy:
    """Favour free nodes (least_allocated.go)."""

    def score(wanted: Ints, has: Ints, weights: Ints) -> Scores:
        free = np.maximum(has - wanted, 0)
        return _truncated_mean(free * MAX_NODE_SCORE // has, weights)

    return score


def _most_allocated(shape: Ints) -> Strategy:
    """Favour full nodes (most_allocated.go)."""

    def score(wanted: Ints, has: Ints, weights: Ints) -> Scores:
        used = np.minimum(wanted, has)
        return _truncated_mean(used * MAX_NODE_SCORE // has, weights)

    return score


def _requested_to_capacity_ratio(shape: Ints) -> Strategy:
    """Follow a function of utilization (requested_to_capacity_ratio.go)."""

    def score(wanted: Ints, has: Ints, weights: Ints) -> Scores:
        return _rounded_mean(shape[np.where(wanted > has, 100, wanted * 100 // has)], weights)

    return score


Strategy = Callable[[Ints, Ints, Ints], Scores]
"""From requested with the pod and allocatable, (n, K), and weights, (K,) or (n, K), to scores."""

_STRATEGIES: dict[str, Callable[[Ints], Strategy]] = {
    "LeastAllocated": _least_allocated,
    "MostAllocated": _most_allocated,
    "RequestedToCapacityRatio": _requested_to_capacity_ratio,
}


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


def _truncated_mean(parts: Ints, weights: Ints) -> Ints:
    """Return Σ weight x part // Σ weight over the last axis, 0 where nothing counts."""
    if weights.ndim == 1:
        return parts @ weights // max(int(weights.sum()), 1)
    return (parts * weights).sum(axis=1) // np.maximum(weights.sum(axis=1), 1)


def _rounded_mean(parts: Ints, weights: Ints) -> Ints:
    """Return the mean over parts above 0, rounded half up, 0 where there is none."""
    counted = weights * (parts > 0)
    weight = np.maximum(counted.sum(axis=1), 1)
    return (2 * (parts * counted).sum(axis=1) + weight) // (2 * weight)
