"""How far a placement is from the best possible, by certified bounds (docs/bounds.md)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from schedlab.metrics.metric import family, metric
from schedlab.metrics.outcome import Outcome

NEAR = 0.01
"""The gap of ``seconds_to_1_percent``."""


@metric("pods", "higher")
def bound(outcome: Outcome) -> float:
    """Pods of the batch that could be placed at most, by whatever scheduler: a certified bound."""
    return float(math.floor(outcome.bounds.pods.limit))


@metric("share", "lower")
def gap(outcome: Outcome) -> float:
    """(bound - pods placed) / bound: no placement has so many pods more; 0 where none can be.

    0.01 certifies that the number of pods placed is within 1 % of the best possible.
    """
    return _gap(float(outcome.placed.sum()), bound.of(outcome))


@metric("share", "lower")
def gap_priority_weighted(outcome: Outcome) -> float:
    """The gap of the pods placed, each weighted as in ``placed_priority_weighted``."""
    problem = outcome.bounds.problem
    value = float((problem.tiers - problem.tier) @ outcome.placed_by_signature)
    return _gap(value, float(math.floor(outcome.bounds.ranked.limit)))


@metric("points", "higher")
def value(outcome: Outcome) -> float:
    """Σ weight of the pods placed: 1 for the lowest priority, 2 for the next, 4, 8, ... 2^20.

    The weight doubles from each priority of the batch to the next higher one, at most 20 times.
    """
    return float(outcome.bounds.problem.value_weights @ outcome.placed_by_signature)


@metric("points", "higher")
def value_bound(outcome: Outcome) -> float:
    """The most ``value`` that any scheduler could reach: a certified bound."""
    return float(math.floor(outcome.bounds.value.limit))


@metric("share", "lower")
def gap_value(outcome: Outcome) -> float:
    """(value_bound - value) / value_bound: no placement is worth so much more."""
    return _gap(value.of(outcome), value_bound.of(outcome))


@metric("s", "lower")
def seconds_to_1_percent(outcome: Outcome) -> float:
    """Wall clock until the placement was within 1 % of ``value_bound``; NaN if it never was.

    From what a scheduler says of its search (``Placement.incumbents``), or else the time of the
    whole call, which it also cannot exceed.
    """
    if gap_value.of(outcome) > NEAR:
        return math.nan
    enough = (1 - NEAR) * value_bound.of(outcome)
    reached = (p.seconds for p in outcome.placement.incumbents if p.value >= enough)
    return min(outcome.seconds, next(reached, outcome.seconds))


@family("pods", "higher")
def bound_by_priority(outcome: Outcome) -> dict[str, float]:
    """Pods of one priority that could be placed at most, given what is placed of higher ones."""
    return _by_priority(outcome, _given(outcome).astype(np.float64).tolist())


@family("share", "lower")
def gap_by_priority(outcome: Outcome) -> dict[str, float]:
    """The gap of the pods of one priority, given what is placed of higher ones.

    All 0: nobody places more pods of any priority without placing fewer of a higher one.
    """
    placed, limits = _placed_by_tier(outcome).tolist(), _given(outcome).tolist()
    gaps = [_gap(p, limit) for p, limit in zip(placed, limits, strict=True)]
    return _by_priority(outcome, gaps)


@metric("nodes", "lower")
def nodes_bound(outcome: Outcome) -> float:
    """Nodes that are in use at least, in every placement of the pods placed here."""
    return float(outcome.fewest_nodes)


@metric("share", "lower")
def nodes_gap(outcome: Outcome) -> float:
    """(nodes used - nodes_bound) / nodes used: at most so many could have stayed empty."""
    used = float((outcome.cluster.pod_count > 0).sum())
    return (used - outcome.fewest_nodes) / used if used else 0.0


def _gap(value: float, limit: float) -> float:
    return (limit - value) / limit if limit else 0.0


def _given(outcome: Outcome) -> NDArray[np.int64]:
    return outcome.bounds.tiers.given(_placed_by_tier(outcome))


def _placed_by_tier(outcome: Outcome) -> NDArray[np.int64]:
    return outcome.bounds.problem.by_tier(outcome.placed_by_signature)


def _by_priority(outcome: Outcome, values: list[float]) -> dict[str, float]:
    names = (str(p) for p in outcome.bounds.priorities)
    return dict(zip(names, values, strict=True))
