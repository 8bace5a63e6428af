"""How many pods were placed, which, and why the others were not."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from schedlab.metrics.metric import family, metric
from schedlab.metrics.outcome import Outcome

UNSTATED = "unstated"
EVICTED = "evicted"


@metric("pods", "higher")
def pods_placed(outcome: Outcome) -> float:
    """Pods of the batch that were placed."""
    return float(outcome.placed.sum())


@metric("share", "higher")
def placed_share(outcome: Outcome) -> float:
    """Pods placed, as a share of the pods that waited; NaN if none did."""
    return _share(outcome.placed, np.ones(len(outcome.placed)))


@metric("share", "higher")
def placed_priority_weighted(outcome: Outcome) -> float:
    """Pods placed, weighted by priority, as a share of all pods so weighted; NaN without pods.

    The weight of a pod is the rank of its priority among the distinct priorities of the
    batch: 1 for the lowest, 2 for the next, and so on.  Ranks, not the priorities
    themselves: Kubernetes' run to two billion, and one system pod would outweigh all.
    """
    _, rank = np.unique(outcome.workload.pods.priority, return_inverse=True)
    return _share(outcome.placed, (rank + 1).astype(np.float64))


@metric("pods", "lower")
def pods_evicted(outcome: Outcome) -> float:
    """Pods that were evicted to make room for others, bound ones and pods of the batch."""
    return float(len(outcome.placement.evictions))


@metric("moves", "lower")
def moves(outcome: Outcome) -> float:
    """Times that a running pod was moved to another node to make room."""
    return float(len(outcome.placement.moves))


@family("share", "higher")
def placed_share_by_priority(outcome: Outcome) -> dict[str, float]:
    """Pods placed of those with one priority, as a share of them."""
    priority = outcome.workload.pods.priority
    return {
        str(p): _share(outcome.placed[priority == p], np.ones(int((priority == p).sum())))
        for p in np.unique(priority).tolist()
    }


@family("pods", "lower")
def unplaced_by_reason(outcome: Outcome) -> dict[str, float]:
    """Pods left unplaced by their main reason, ``Plugin: reason``; a reason not listed counts 0.

    The main reason of a pod is that of the furthest filter which any node reached (the last
    one in what the scheduler says of it, which is in filter order), and of that filter's
    reasons the one on most nodes.  ``unstated`` where a scheduler says nothing, ``evicted``
    for a pod that was placed and had to go again.
    """
    placement = outcome.placement
    evicted = {e.pod for e in placement.evictions}
    return dict(
        Counter(
            EVICTED if pod in evicted else _main_reason(outcome, int(placement.failure[pod]))
            for pod in np.flatnonzero(~outcome.placed).tolist()
        )
    )


def _main_reason(outcome: Outcome, failure: int) -> str:
    entries = outcome.placement.failures[failure] if failure >= 0 else ()
    if not entries:
        return UNSTATED
    furthest = [e for e in entries if e.plugin == entries[-1].plugin]
    main = max(furthest, key=lambda e: e.nodes)
    return f"{main.plugin}: {main.reason}"


def _share(placed: NDArray[np.bool_], weight: NDArray[np.float64]) -> float:
    total = float(weight.sum())
    return float(weight[placed].sum()) / total if total else math.nan
