"""What it costs to put a pod on a node: how much less than the best total its node scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from schedlab import engine
from schedlab.api import Cluster, never
from schedlab.engine import PackingProblem, Profile
from schedlab_algorithms.min_cost_flow.graphs import arcs_by_classes
from schedlab_algorithms.min_cost_flow.transport import Transport
from schedlab_algorithms.packing.arrays import Ints
from schedlab_algorithms.packing.effort import Effort

DEAREST = 1000
"""The cost of the worst node for any pod."""

SECONDS_PER_NODE = 1e-6
"""Wall-clock time, on a slow machine, in which a profile scores one node for one signature."""


def score_costs(
    ranking: Profile, cluster: Cluster, problem: PackingProblem, signatures: Ints, effort: Effort
) -> Ints:
    """Return costs 0 to DEAREST from a profile's totals as the cluster stands, (m, N).

    Nodes that the profile rejects cost most.  Zero, where there is no time to ask.
    """
    totals = np.full((len(signatures), len(cluster)), np.iinfo(np.int64).min)
    for total, signature in zip(totals, signatures.tolist(), strict=True):
        if not effort.affords(SECONDS_PER_NODE * len(cluster)):
            return np.zeros_like(totals)
        found = engine.evaluate(ranking, cluster, cluster.signature(problem.specs[signature]))
        total[found.feasible] = found.total
    known = totals != np.iinfo(np.int64).min
    high, low = int(totals[known].max(initial=0)), int(totals[known].min(initial=0))
    cost = (high - np.where(known, totals, low)).astype(np.float64)
    return np.rint(cost * (DEAREST / max(high - low, 1))).astype(np.int64)


def coarse(problem: Transport, most: int, over: Callable[[], bool] = never) -> Ints:
    """Round costs (m, n) until nodes are of so few classes that there are ``most`` arcs.

    Or until all cost the same: classes of nodes that differ in what is allowed remain.  Once
    ``over()`` nobody needs them, and they are left as they are.
    """
    grain, cost = 1, problem.cost
    while not over() and grain <= 2 * DEAREST:
        if arcs_by_classes(replace(problem, cost=cost)) <= most:
            break
        grain *= 2
        cost = (cost + grain // 2) // grain * grain
    return cost
