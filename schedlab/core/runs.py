"""The run path: consecutive pods of one signature are placed in one step.

Where a signature's plugins are SPEC and NODE plugins, what a node would score after some
more of the same pods can be asked beforehand, by showing the plugins hypothetical rows;
:mod:`schedlab.core.chains` then tells the order in which one-by-one placing would take
them.  Where that is not exact the incremental path decides, pod by pod, and the counters
say why.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster
from schedlab.core.chains import INFEASIBLE, best_rows, certain, greedy_order
from schedlab.core.hypothetical import HypotheticalView, only_local_answers
from schedlab.core.incremental import IncrementalPath, SignatureState
from schedlab.core.log import NotLocalError
from schedlab.core.profile import Profile
from schedlab.core.select import Lowest, Select

Ints = NDArray[np.int64]

ITEMS = 16_384
"""Hypothetical rows that are asked about in one step, at most."""

MOST_DEPTH = 256

SHORTEST = 8
"""Pods of a signature in a row from which on a step costs less than deciding one by one."""


class Shape:
    """How many rows to look at and how deep, learnt from what stopped the last step."""

    def __init__(self) -> None:
        self.rows = 256
        self.depth = 4

    def fit(self, count: int) -> tuple[int, int]:
        """Return rows and depth for at most ``count`` pods."""
        depth = min(self.depth, count + 1)
        return min(self.rows, count, max(ITEMS // depth, 1)), depth

    def learn(self, taken: int, rows: int, depth: int, stopped_by_depth: bool) -> None:
        """Grow in the direction that stopped a step, wider where half of its items were used.

        Where there were no more rows to look at, only depth is left.
        """
        used = 2 * taken >= rows * depth
        if stopped_by_depth and (rows < self.rows or not used):
            self.depth = min(2 * depth, MOST_DEPTH)
        else:
            self.rows = min(2 * max(rows, self.rows), ITEMS)


class RunPath(IncrementalPath):
    """Decides runs of equal pods at once, and other pods as the incremental path does."""

    def __init__(self, profile: Profile, cluster: Cluster, select: Select) -> None:
        super().__init__(profile, cluster, select)
        self._shapes: dict[int, Shape] = {}
        self._why: dict[int, str] = {}
        self._counted: Counter[str] = Counter()

    @staticmethod
    def pays(pods: int) -> bool:
        """Say whether so many pods of one signature are worth a step."""
        return pods >= SHORTEST

    def pick_run(self, signature: int, count: int) -> Ints | None:
        """Return the rows of the next pods of this signature in order, at most ``count``.

        None of them if none fits; None if pods of this signature are to be decided singly.
        """
        obstacle = self._obstacle(signature)
        if not obstacle:
            rows = self._taken(signature, count)
            if rows is not None:
                self._counted["run_steps"] += 1
                self._counted["pods_in_runs"] += len(rows)
                return rows
            obstacle = self._why[signature] = "a NODE plugin that looks beyond its nodes"
        self._counted[f"pods_one_by_one ({obstacle})"] += 1
        return None

    def counters(self) -> dict[str, int]:
        """Return what the path counted of its own work."""
        return {**super().counters(), **self._counted}

    def _obstacle(self, signature: int) -> str:
        """Return why pods of this signature cannot be placed in runs, "" if they can."""
        if not len(self._cluster):
            return "no nodes"
        state = self._state(signature)
        if state.clusterwide:
            return "CLUSTER plugins"
        if signature not in self._why:
            self._why[signature] = self._find_obstacle(state)
        return self._why[signature]

    def _find_obstacle(self, state: SignatureState) -> str:
        if not isinstance(self._select, Lowest):
            return "tie-break"
        if self._rotation is not None:
            return "percentage_of_nodes_to_score"
        if state.pod.spec.gpu is not None:
            return "GPU devices"
        return "normalised NODE scores" if any(n.moves for n in state.own_normal) else ""

    def _taken(self, signature: int, count: int) -> Ints | None:
        """Return the rows that one-by-one placing takes first, None if that cannot be said."""
        state = self._state(signature)
        shape = self._shapes.setdefault(signature, Shape())
        wide, depth = shape.fit(count)
        rows, unseen = best_rows(state.total, wide)
        if not len(rows):
            return rows
        totals = self._chains(state, rows, depth)
        if totals is None:
            return None
        chain, at = greedy_order(totals, min(count, totals.size))
        limit = certain(totals, chain, at, rows, unseen)
        limit = min(limit, self._before_extremes_move(state, rows, totals, chain[:limit]))
        shape.learn(limit, len(rows), depth, bool(limit and at[limit - 1] == depth - 1))
        return rows[chain[:limit]]

    def _chains(self, state: SignatureState, rows: Ints, depth: int) -> Ints | None:
        """Return totals after 0 to ``depth`` - 1 more pods, shape (rows, depth)."""
        more = np.tile(np.arange(depth), len(rows))
        repeated = np.repeat(rows, depth)
        nodes = HypotheticalView(self._cluster, repeated, state.pod.signature, more)
        try:
            with only_local_answers(self._cluster):
                totals = state.ask(nodes, repeated)
        except NotLocalError:
            return None
        self._rows += len(repeated)
        return totals.reshape(len(rows), depth)

    def _before_extremes_move(
        self, state: SignatureState, rows: Ints, totals: Ints, chain: Ints
    ) -> int:
        """Return how many places are taken before a normalised score's extremes may move.

        They may once the last feasible node with an extreme raw score is full.
        """
        limit = len(chain)
        if not state.normal:
            return limit
        taken = np.bincount(chain, minlength=len(rows))
        full = totals == INFEASIBLE
        filled = full.any(axis=1) & (taken >= full.argmax(axis=1)) & (taken > 0)
        if not filled.any():
            return limit
        feasible = state.base != INFEASIBLE
        last = len(chain) - 1 - np.unique(chain[::-1], return_index=True)[1]
        when = np.zeros(len(rows), np.int64)
        when[np.unique(chain)] = last
        for normal in state.own_normal:
            for extreme in (normal.low, normal.high):
                left = int((feasible & (normal.raw == extreme)).sum())
                gone = np.sort(when[filled & (normal.raw[rows] == extreme)])
                if left and len(gone) >= left:
                    limit = min(limit, int(gone[left - 1]) + 1)
        return limit
