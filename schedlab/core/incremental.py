"""The incremental path: ask again only about the rows that changed since a signature was last seen.

What a plugin declares decides how often it is asked: SPEC plugins once per signature,
NODE plugins for changed rows, CLUSTER plugins at every decision; of those that answer by
topology domain only what moved is taken in (:mod:`schedlab.core.clusterwide`).  Decisions are
those of the reference path, bit for bit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster, Failure, FilterPlugin, Locality, NodeView
from schedlab.core.answers import EVERY, NONE, Rows, distinct, union
from schedlab.core.blocks import BlockMaxima
from schedlab.core.chains import INFEASIBLE
from schedlab.core.clusterwide import FeasibleView, Gate, ScoreByDomain
from schedlab.core.normalized import CellScore, NormalizedScore, RowScore, summed
from schedlab.core.profile import Profile
from schedlab.core.reference import ReferencePath
from schedlab.core.sampling import sampling
from schedlab.core.select import Lowest, Select
from schedlab.core.verdicts import extremes, fits, normalized, raw_scores

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

CHUNK = 8192
"""Rows that plugins are asked about at once: their temporaries then stay in the cache."""


class SignatureState:
    """Everything the path remembers of one signature.

    ``base`` sums the scores that need no normalisation, over all N nodes, with INFEASIBLE
    where a filter rejects that is not in ``cluster_filters``; ``total`` adds the normalised
    ones (it *is* ``base`` where there are none).
    """

    def __init__(self, profile: Profile, cluster: Cluster, signature: int) -> None:
        self.pod = cluster.pod(signature)
        self.seen = len(cluster.log)
        self._sort_filters(profile, cluster)
        self._sort_scores(profile, cluster)
        self.base = self._spec_base_of(EVERY, len(cluster))
        for start in range(0, len(cluster), CHUNK):
            part = slice(start, start + CHUNK)
            self._ask_node_plugins(cluster.view(part), self.base[part], part)
        if self.gate is not None:
            _, self.base = self.gate.admit(EVERY, self.base, self.base)
        self._feasible: FeasibleView | None = None
        self.blocks: BlockMaxima | None = None
        self._hear_domains(cluster)
        self.total = self.base if not self.normal else self.base.copy()
        self.settle()

    @property
    def clusterwide(self) -> bool:
        """Whether what is placed on one node may change what is said of others."""
        if self.cluster_filters or self.cluster_scores or not all(q.quiet for q in self._by_domain):
            return True
        return self.gate is not None and not self.gate.quiet

    def _sort_filters(self, profile: Profile, cluster: Cluster) -> None:
        nodes = cluster.view()
        asked = [f for f in profile.filters if not f.skips_filter(self.pod)]
        self.node_filters = _local(asked, Locality.NODE)
        wide = _local(asked, Locality.CLUSTER)
        by_domain = [f for f in wide if f.verdict_by_domain(self.pod, nodes) is not None]
        self.cluster_filters = [f for f in wide if f not in by_domain]
        self.gate = Gate(by_domain, self.pod, cluster) if by_domain else None
        accepted = np.ones(len(nodes), np.bool_)
        for plugin in _local(asked, Locality.SPEC):
            accepted &= fits(plugin, self.pod, nodes)
        self._spec_fits = None if accepted.all() else accepted

    def _sort_scores(self, profile: Profile, cluster: Cluster) -> None:
        nodes = cluster.view()
        asked = [(s, w) for s, w in profile.scores if not s.skips_score(self.pod)]
        wide = [x for x in asked if x[0].locality is Locality.CLUSTER]
        # Which nodes are scored must be known to what answers by domain.
        unknown = self.cluster_filters or sampling(profile, cluster) is not None
        heard = () if unknown else wide
        by_domain = [x for x in heard if x[0].score_by_domain(self.pod, nodes) is not None]
        self._by_domain = [ScoreByDomain(s, w, self.pod, cluster) for s, w in by_domain]
        self.cluster_scores = [x for x in wide if x not in by_domain]
        plain = [x for x in asked if not x[0].normalizes]
        self.node_scores = [x for x in plain if x[0].locality is Locality.NODE]
        spec_base = np.zeros(len(nodes), np.int64)
        for plugin, weight in plain:
            if plugin.locality is Locality.SPEC:
                spec_base += weight * raw_scores(plugin, self.pod, nodes)
        normal = [
            NormalizedScore(s, w, np.array(raw_scores(s, self.pod, nodes)))
            for s, w in asked
            if s.normalizes and s.locality is not Locality.CLUSTER
        ]
        for score in normal:
            if score.constant:
                spec_base += score.final(EVERY)
        self.own_normal = [n for n in normal if not n.constant]
        self._summed: dict[str, CellScore | RowScore] = {}
        self.normal: list[CellScore | NormalizedScore] = [*self.own_normal]
        self._spec_base = spec_base if (spec_base != spec_base[:1]).any() else spec_base[:1]

    def refresh(self, cluster: Cluster) -> None:
        """Bring the state up to date with the change log."""
        rows = cluster.log.rows(self.seen)
        self.seen = len(cluster.log)
        if 4 * len(rows) > len(cluster):
            rows = _distinct(rows, len(cluster))
        nodes = cluster.view(rows)
        base = self._spec_base_of(rows, len(rows))
        self._ask_node_plugins(nodes, base, rows)
        for normal in self.own_normal:
            if normal.by_node:
                normal.put(rows, raw_scores(normal.plugin, self.pod, nodes))
        self._update(cluster, rows, base)

    def _update(self, cluster: Cluster, rows: Rows, base: Ints) -> None:
        """Take in the base of the rows of the log, and all that follows from it."""
        if self.gate is not None:
            rows, base = self.gate.admit(rows, base, self.base)
        if not self.normal and all(score.quiet for score in self._by_domain):
            self.base[rows] = base
            self._update_blocks(rows)
            return
        flips = (self.base[rows] == INFEASIBLE) != (base == INFEASIBLE)
        flipped = np.flatnonzero(flips) if isinstance(rows, slice) else distinct(rows[flips])
        self.base[rows] = base
        if self._feasible is not None and len(flipped):
            self._feasible.flip(flipped)
        rows = union(rows, self._hear_domains(cluster), len(self.base))
        if self.total is self.base and self.normal:
            self.total = self.base.copy()
            self.settle()
        elif self._extremes_moved(flipped):
            self._add_up()
        else:
            self._add_normalized(rows)
            self._update_blocks(rows)

    def _hear_domains(self, cluster: Cluster) -> Rows:
        """Ask the scores that answer by domain; return the rows whose raw score may be new.

        A score that has nothing to say gives every node the same, and does not matter.
        """
        moved: Rows = NONE
        for score in self._by_domain:
            if score.quiet:
                continue
            if self._feasible is None:
                self._feasible = FeasibleView(cluster, self.base != INFEASIBLE)
            rows = score.ask(self._feasible)
            known = self._summed.get(score.plugin.name)
            if known is not None and known.layout == score.layout:
                moved = union(moved, known.take(rows), len(self.base))
            elif known is not None or not score.quiet:
                self._summed[score.plugin.name] = summed(score, self._feasible)
                self.normal = [*self.own_normal, *self._summed.values()]
                moved = EVERY
        return moved

    def _update_blocks(self, rows: Rows) -> None:
        if self.blocks is None:
            return
        if isinstance(rows, slice):
            self.blocks = BlockMaxima(self.total)
        else:
            self.blocks.update(rows)

    def settle(self) -> None:
        """Recompute every extreme and total."""
        for normal in self.normal:
            normal.settle(self.base != INFEASIBLE)
        self._add_up()

    def _add_up(self) -> None:
        """Recompute every total."""
        self._add_normalized(EVERY)
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

    def _extremes_moved(self, flipped: Ints) -> bool:
        stale = [n for n in self.normal if not n.stands(flipped)]
        if not stale:
            return False
        feasible = self.base != INFEASIBLE
        moved = [n.settle(feasible) for n in stale]
        return any(moved)

    def ask(self, nodes: NodeView, rows: Ints) -> Ints:
        """Return the totals of nodes that stand for ``rows`` in some other state, shape (n,)."""
        base = self._spec_base_of(rows, len(rows))
        self._ask_node_plugins(nodes, base, rows)
        return self._with_normalized(base, rows) if self.normal else base

    def _add_normalized(self, rows: Ints | slice) -> None:
        if self.normal:
            self.total[rows] = self._with_normalized(self.base[rows], rows)

    def _with_normalized(self, base: Ints, rows: Ints | slice) -> Ints:
        infeasible = base == INFEASIBLE
        total = base + self.normal[0].final(rows)
        for normal in self.normal[1:]:
            total += normal.final(rows)
        total[infeasible] = INFEASIBLE
        return total


class IncrementalPath:
    """Decides one pod at a time from per-signature states."""

    def __init__(self, profile: Profile, cluster: Cluster, select: Select) -> None:
        self._profile = profile
        self._cluster = cluster
        self._select = select
        self._lowest = isinstance(select, Lowest)
        self._rotation = sampling(profile, cluster)
        self._states: dict[int, SignatureState] = {}
        self._rows = 0

    def pick(self, signature: int) -> int:
        """Return the row for the next pod of this signature, -1 if none fits."""
        if not len(self._cluster):
            return -1
        state = self._state(signature)
        if self._rotation is not None or state.cluster_filters or state.cluster_scores:
            return self._pick_from_scratch(state)
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
        # A new resource gives the cluster wider columns, and every pod another view of them.
        if state is None or state.pod is not self._cluster.pod(signature):
            state = SignatureState(self._profile, self._cluster, signature)
            self._states[signature] = state
            self._rows += len(self._cluster)
        elif state.seen != len(self._cluster.log):
            self._rows += len(self._cluster.log) - state.seen
            state.refresh(self._cluster)
        return state

    def _pick_from_scratch(self, state: SignatureState) -> int:
        accepted = state.base != INFEASIBLE
        whole = self._cluster.view()
        for plugin in state.cluster_filters:
            accepted &= fits(plugin, state.pod, whole)
        feasible = np.flatnonzero(accepted)
        if self._rotation is not None:
            feasible, looked_at = self._rotation.first(feasible)
            self._rotation.advance(looked_at)
        if not len(feasible):
            return -1
        total = state.base[feasible]
        for normal in state.normal:
            raw = normal.raw_at(feasible)
            total += normal.weight * normalized(normal.plugin, raw, *extremes(raw))
        nodes = self._cluster.view(feasible)
        for score, weight in state.cluster_scores:
            raw = raw_scores(score, state.pod, nodes)
            total += weight * normalized(score, raw, *extremes(raw))
        return int(feasible[self._select.among(total, feasible)])


def _distinct(rows: Ints, size: int) -> Ints:
    mask = np.zeros(size, np.bool_)
    mask[rows] = True
    return np.flatnonzero(mask)


def _local(filters: list[FilterPlugin], locality: Locality) -> list[FilterPlugin]:
    return [f for f in filters if f.locality is locality]
