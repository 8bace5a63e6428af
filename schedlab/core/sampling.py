"""Scoring but some of the feasible nodes, in rotation (percentageOfNodesToScore).

Sources: ``pkg/scheduler/schedule_one.go`` (numFeasibleNodesToFind,
findNodesThatPassFilters) and ``pkg/scheduler/backend/cache/node_tree.go``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster
from schedlab.core.profile import Profile
from schedlab.model.objects import REGION, ZONE, Node

Rows = NDArray[np.int64]

ALL = 100
"""The percentage with which every feasible node is scored."""

FEWEST = 100
"""Feasible nodes that are enough at least; smaller clusters are searched to the end."""

LEAST_PERCENTAGE = 5


def nodes_to_find(percentage: int, nodes: int) -> int:
    """Return after how many feasible nodes the search ends; 0 % adapts to the cluster's size."""
    if nodes < FEWEST:
        return nodes
    if percentage == 0:
        percentage = max(50 - nodes // 125, LEAST_PERCENTAGE)
    return max(nodes * percentage // 100, FEWEST)


def tree_order(nodes: Sequence[Node]) -> Rows:
    """Return the rows as kube-scheduler goes through them: a node of each zone in turn."""
    zones: dict[tuple[str, str], list[int]] = {}
    for row, node in enumerate(nodes):
        zone = node.labels.get(REGION, ""), node.labels.get(ZONE, "")
        zones.setdefault(zone, []).append(row)
    deepest = max(map(len, zones.values()), default=0)
    order = [rows[i] for i in range(deepest) for rows in zones.values() if i < len(rows)]
    return np.array(order, np.int64)


class Sampling:
    """Which feasible nodes are found first, from where the last search ended.

    Nodes are looked at one by one; kube-scheduler's 16 workers look a little ahead of
    that, so that its rotation differs from run to run.
    """

    def __init__(self, nodes: Sequence[Node], percentage: int) -> None:
        self._turn_of = np.argsort(tree_order(nodes))
        self._enough = nodes_to_find(percentage, len(nodes))
        self._start = 0

    def first(self, feasible: Rows) -> tuple[Rows, int]:
        """Return the feasible rows that are found, ascending, and how many are looked at."""
        nodes = len(self._turn_of)
        if len(feasible) < self._enough:
            return feasible, nodes
        turns = (self._turn_of[feasible] - self._start) % nodes
        last = int(np.partition(turns, self._enough - 1)[self._enough - 1])
        return feasible[turns <= last], last + 1

    def advance(self, looked_at: int) -> None:
        """Have the next search begin after ``looked_at`` more nodes."""
        self._start = (self._start + looked_at) % len(self._turn_of)


def sampling(profile: Profile, cluster: Cluster) -> Sampling | None:
    """Return the cluster's rotation under this profile, None where all nodes are scored."""
    percentage = profile.percentage_of_nodes_to_score
    if percentage == ALL or len(cluster) < FEWEST:
        return None
    return cluster.shared(("sampling", percentage), lambda: Sampling(cluster.nodes, percentage))
