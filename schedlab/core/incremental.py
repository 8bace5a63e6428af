"""The incremental path: ask again only about the rows that changed since a signature was last seen.

What a plugin declares decides how often it is asked: SPEC plugins once per signature,
NODE plugins for changed rows, CLUSTER plugins at every decision.  Decisions are those of
the reference path, bit for bit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster, Failure, FilterPlugin, Locality, NodeView, PodView, ScorePlugin
from schedlab.core.blocks import BlockMaxima
from schedlab.core.profile import Profile
from schedlab.core.reference import ReferencePath
from schedlab.core.select import Lowest, Select
from schedlab.core.verdicts import extremes, fits, normalized, raw_scores

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

INFEASIBLE = np.iinfo(np.int64).min
"""The total of a node that does not fit: below any score."""

CHUNK = 8192
"""Rows that plugins are asked about at once: their temporaries then stay in the cache."""


class NormalizedScore:
    """A normalised plugin's raw scores over all nodes, and its extremes over the feasible ones."""

    def __init__(self, plugin: ScorePlugin, weight: int, pod: PodView, nodes: NodeView) -> None:
        self.plugin = plugin
        self.weight = weight
        self.raw = np.array(raw_scores(plugin, pod, nodes))
        self.low, self.high = extremes(self.raw)

    @property
    def moves(self) -> bool:
        """Whether the raw scores change with what is placed."""
        return self.plugin.locality is Locality.NODE

    @property
    def constant(self) -> bool:
        """Whether all nodes have one raw score for good, so that final ones cannot change."""
        return not self.moves and bool((self.raw == self.raw[:1]).all())

    def final(self, rows: Ints | slice) -> Ints:
        """Return weighted final scores of some rows under the current extremes."""
        return self.weight * normalized(self.plugin, self.raw[rows], self.low, self.high)

    def settle(self, feasible: Mask) -> bool:
        """Recompute the extremes over ``feasible`` and say whether they moved."""
        before = self.low, self.high
        self.low, self.high = extremes(self.raw[feasible])
        return before != (self.low, self.high)

    def indifferent(self, flipped: Ints) -> bool:
        """Say whether rows entering or leaving the feasible set cannot move the extremes."""
        raw = self.raw[flipped]
        return bool(((raw > self.low) & (raw < self.high)).all())


class SignatureState:
    """Everything the path remembers of one signature.

    ``base`` sums the scores that need no normalisation, over all N nodes, with INFEASIBLE
    where a SPEC or NODE filter rejects; ``total`` adds the normalised ones (it *is* ``base``
    where there are none).
    """

    def __init__(self, profile: Profile, cluster: Cluster, signature: int) -> None:
        self.pod = cluster.pod(signature)
        self.seen = len(cluster.log)
        nodes = cluster.view()
        self._sort_filters(profile, nodes)
        self._sort_scores(profile, nodes)
        self.base = self._spec_base_of(slice(None), len(cluster))
        for start in range(0, len(cluster), CHUNK):
            part = slice(start, start + CHUNK)
            self._ask_node_plugins(cluster.view(part), self.base[part], part)
        self.total = self.base if not self.normal else self.base.copy()
        self.settle()

    def _sort_filters(self, profile: Profile, nodes: NodeView) -> None:
        asked = [f for f in profile.filters if not f.skips_filter(self.pod)]
        self.node_filters = _local(asked, Locality.NODE)
        self.cluster_filters = _local(asked, Locality.CLUSTER)
        accepted = np.ones(len(nodes), np.bool_)
        for plugin in _local(asked, Locality.SPEC):
            accepted &= fits(plugin, self.pod, nodes)
        self._spec_fits = None if accepted.all() else accepted

    def _sort_scores(self, profile: Profile, nodes: NodeView) -> None:
        asked = [(s, w) for s, w in profile.scores if not s.skips_score(self.pod)]
        self.cluster_scores = [x for x in asked if x[0].locality is Locality.CLUSTER]
        plain = [x for x in asked if not x[0].normalizes]
        self.node_scores = [x for x in plain if x[0].locality is Locality.NODE]
        spec_base = np.zeros(len(nodes), np.int64)
        for plugin, weight in plain:
            if plugin.locality is Locality.SPEC:
                spec_base += weight * raw_scores(plugin, self.pod, nodes)
        normal = [
            NormalizedScore(s, w, self.pod, nodes)
            for s, w in asked
            if s.normalizes and s.locality is not Locality.CLUSTER
        ]
        for score in normal:
            if score.constant:
                spec_base += score.final(slice(None))
        self.normal = [n for n in normal if not n.constant]
        self._spec_base = spec_base if (spec_base != spec_base[:1]).any() else spec_base[:1]

    def refresh(self, cluster: Cluster) -> None:
        """Bring the state up to date with the change log."""
        rows = cluster.log.rows(self.seen)
        self.seen = len(cluster.log)
        if len(rows) >= len(cluster):
            rows = np.unique(rows)
        nodes = cluster.view(rows)
        base = self._spec_base_of(rows, len(rows))
        self._ask_node_plugins(nodes, base, rows)
        if self.normal:
            self._update_normalized(nodes, base, rows)
        else:
            self.base[rows] = base
        if self.blocks is not None:
            self.blocks.update(rows)

    def settle(self) -> None:
        """Recompute every extreme and total."""
        for normal in self.normal:
            normal.settle(self.base != INFEASIBLE)
        self._add_normalized(slice(None))
        self.blocks = BlockMaxima(self.total) if BlockMaxima.pays(len(self.total)) else None

    def _spec_base_of(self, rows: Ints | slice, count: int) -> Ints:
        """Return a fresh array of what the SPEC plugins add at some rows."""
        if len(self._spec_base) == 1:
            return np.full(count, self._spec_base[0])
        return self._spec_base[rows].copy()

    def _ask_node_plugins(self, nodes: NodeView, base: Ints, rows: Ints | slice) -> None:
        for score, weight in self.node_scores:
            raw = raw_scores(score, self.pod, nodes)
            base += raw if weight == 1 else weight * raw
        for plugin in self.node_filters:
            accepted = fits(plugin, self.pod, nodes)
            if np.count_nonzero(accepted) < len(accepted):
                base[~accepted] = INFEASIBLE
        if self._spec_fits is not None:
            base[~self._spec_fits[rows]] = INFEASIBLE

    def _update_normalized(self, nodes: NodeView, base: Ints, rows: Ints) -> None:
        for normal in self.normal:
            if normal.moves:
                normal.raw[rows] = raw_scores(normal.plugin, self.pod, nodes)
        flipped = rows[(self.base[rows] == INFEASIBLE) != (base == INFEASIBLE)]
        self.base[rows] = base
        if self._extremes_moved(flipped):
            self.settle()
        else:
            self._add_normalized(rows)

    def _extremes_moved(self, flipped: Ints) -> bool:
        stale = [n for n in self.normal if n.moves or not n.indifferent(flipped)]
        if not stale:
            return False
        feasible = self.base != INFEASIBLE
        moved = [n.settle(feasible) for n in stale]
        return any(moved)

    def _add_normalized(self, rows: Ints | slice) -> None:
        if not self.normal:
            return
        total = self.base[rows].copy()
        infeasible = total == INFEASIBLE
        for normal in self.normal:
            total += normal.final(rows)
        total[infeasible] = INFEASIBLE
        self.total[rows] = total


class IncrementalPath:
    """Decides one pod at a time from per-signature states."""

    def __init__(self, profile: Profile, cluster: Cluster, select: Select) -> None:
        self._profile = profile
        self._cluster = cluster
        self._select = select
        self._lowest = isinstance(select, Lowest)
        self._states: dict[int, SignatureState] = {}
        self._rows = 0

    def pick(self, signature: int) -> int:
        """Return the row for the next pod of this signature, -1 if none fits."""
        if not len(self._cluster):
            return -1
        state = self._state(signature)
        if state.cluster_filters or state.cluster_scores:
            return self._pick_clusterwide(state)
        row = int(state.total.argmax()) if state.blocks is None else state.blocks.argmax()
        if state.total[row] == INFEASIBLE:
            return -1
        # A tie-break with a memory is consulted only where something is feasible.
        return row if self._lowest else self._select.among(state.total)

    def failures(self, signature: int) -> tuple[Failure, ...]:
        """Return what keeps the signature off every node, in filter order."""
        return ReferencePath(self._profile, self._cluster, self._select).failures(signature)

    def counters(self) -> dict[str, int]:
        """Return what the path counted of its own work."""
        return {"signatures": len(self._states), "rows_evaluated": self._rows}

    def _state(self, signature: int) -> SignatureState:
        state = self._states.get(signature)
        if state is None:
            state = SignatureState(self._profile, self._cluster, signature)
            self._states[signature] = state
            self._rows += len(self._cluster)
        elif state.seen != len(self._cluster.log):
            self._rows += len(self._cluster.log) - state.seen
            state.refresh(self._cluster)
        return state

    def _pick_clusterwide(self, state: SignatureState) -> int:
        accepted = state.base != INFEASIBLE
        whole = self._cluster.view()
        for plugin in state.cluster_filters:
            accepted &= fits(plugin, state.pod, whole)
        feasible = np.flatnonzero(accepted)
        if not len(feasible):
            return -1
        total = state.base[feasible]
        for normal in state.normal:
            raw = normal.raw[feasible]
            total += normal.weight * normalized(normal.plugin, raw, *extremes(raw))
        nodes = self._cluster.view(feasible)
        for score, weight in state.cluster_scores:
            raw = raw_scores(score, state.pod, nodes)
            total += weight * normalized(score, raw, *extremes(raw))
        return int(feasible[self._select.among(total, feasible)])


def _local(filters: list[FilterPlugin], locality: Locality) -> list[FilterPlugin]:
    return [f for f in filters if f.locality is locality]
