"""One step of a run: how many of the next pods of one signature go where, for certain.

Here where no CLUSTER plugin concerns them; by groups of nodes in
:mod:`schedlab.core.groups.runs`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab.api import IGNORED, Cluster
from schedlab.core.ahead.chains import INFEASIBLE, best_rows, certain, greedy_order
from schedlab.core.ahead.hypothetical import HypotheticalView, only_local_answers
from schedlab.core.log import NotLocalError
from schedlab.core.normalized import NormalizedScore
from schedlab.core.signature_state import SignatureState
from schedlab.core.verdicts import normalized, raw_scores

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

ITEMS = 16_384
"""Hypothetical rows that are asked about in one step, at most."""

MOST_DEPTH = 256


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


class Chains:
    """Asks SPEC and NODE plugins what nodes would be worth after some more pods."""

    def __init__(self, cluster: Cluster, state: SignatureState) -> None:
        self.state = state
        self.asked = 0
        self._cluster = cluster

    def ask(self, rows: Ints, depth: int) -> tuple[Ints, list[Ints]] | None:
        """Return totals after 0 to ``depth`` - 1 more pods, and raw scores, shape (rows, depth).

        The totals are without normalised scores, of which the raw ones are those that the
        state has in ``local.normalized``.  None if a plugin looks beyond its nodes.
        """
        state, more = self.state, np.tile(np.arange(depth), len(rows))
        repeated = np.repeat(rows, depth)
        nodes = HypotheticalView(self._cluster, repeated, state.pod.signature, more)
        self.asked += len(repeated)
        try:
            with only_local_answers(self._cluster):
                totals = state.local.ask(nodes, repeated)
                raws = [
                    raw_scores(n.plugin, state.pod, nodes) if n.moves else n.raw[repeated]
                    for n in state.local.normalized
                ]
        except NotLocalError:
            return None
        shape = len(rows), depth
        return totals.reshape(shape), [raw.reshape(shape) for raw in raws]


def local_step(chains: Chains, shape: Shape, count: int) -> Ints | None:
    """Return the rows that the next pods take; None if a plugin looks beyond its nodes."""
    state = chains.state
    wide, depth = shape.fit(count)
    rows, unseen = best_rows(state.total, wide)
    if not len(rows):
        return rows
    asked = chains.ask(rows, depth)
    if asked is None:
        return None
    local, raws = asked
    totals = _with_normalized(state, local, raws)
    chain, at = greedy_order(totals, min(count, totals.size))
    limit = certain(totals, chain, at, rows, unseen)
    limit = _before_extremes_move(state, totals, raws, chain[:limit], at[:limit])
    shape.learn(limit, len(rows), depth, bool(limit and at[limit - 1] == depth - 1))
    return rows[chain[:limit]]


def _with_normalized(state: SignatureState, local: Ints, raws: list[Ints]) -> Ints:
    """Return totals with normalised scores under the extremes as they are."""
    if not raws:
        return local
    totals = local.copy()
    for score, raw in zip(state.local.normalized, raws, strict=True):
        final = normalized(score.plugin, raw.ravel(), score.low, score.high)
        totals += score.weight * final.reshape(raw.shape)
    totals[local == INFEASIBLE] = INFEASIBLE
    return totals


def _before_extremes_move(
    state: SignatureState, totals: Ints, raws: list[Ints], chain: Ints, at: Ints
) -> int:
    """Return how many places are taken before a normalised score's extremes may move.

    A node that takes a pod shows another raw score from then on, or none if it is full.
    """
    limit = len(chain)
    if not raws or not limit:
        return limit
    # What follows the last known place of a chain is not asked for: the run ends there.
    after = np.minimum(at + 1, totals.shape[1] - 1)
    stays = totals[chain, after] != INFEASIBLE
    feasible = state.base != INFEASIBLE
    for score, raw in zip(state.local.normalized, raws, strict=True):
        if score.moves or not stays.all():
            becomes = np.where(stays, raw[chain, after], IGNORED)
            moved = _extremes_moved(score, feasible, raw[chain, at], becomes)
            if moved.any():
                limit = min(limit, int(moved.argmax()) + 1)
    return limit


def _extremes_moved(score: NormalizedScore, feasible: Mask, was: Ints, becomes: Ints) -> Mask:
    """Return whether, after each of some changes of raw scores, the extremes may be others."""
    moved = (becomes != IGNORED) & ((becomes < score.low) | (becomes > score.high))
    for extreme in (score.low, score.high):
        there = int(np.count_nonzero(feasible & (score.raw == extreme)))
        change = (becomes == extreme).astype(np.int64) - (was == extreme)
        if there:
            moved |= there + np.cumsum(change) <= 0
    return moved
