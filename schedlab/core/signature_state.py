"""What the incremental path remembers of one signature, and how it stays up to date."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster, Locality, NodeView, ScorePlugin
from schedlab.core.ahead.chains import INFEASIBLE
from schedlab.core.answers import EVERY, NONE, Rows, distinct, union
from schedlab.core.blocks import BlockMaxima
from schedlab.core.clusterwide import FeasibleView, Gate, ScoreByDomain
from schedlab.core.groups.grouped import Grouped
from schedlab.core.groups.grouping import group_nodes
from schedlab.core.groups.questions import Questions
from schedlab.core.local import LocalPlugins
from schedlab.core.narrow import Totals, is_narrow, lowest, narrowed, widened
from schedlab.core.normalized import CellScore, NormalizedScore, RowScore, summed
from schedlab.core.profile import Profile
from schedlab.core.sampling import sampling
from schedlab.core.select import Select
from schedlab.core.verdicts import raw_scores

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

Weighted = tuple[ScorePlugin, int]

CHUNK = 8192
"""Rows that plugins are asked about at once: their temporaries then stay in the cache."""


TRUST = 16
"""So many times changed rows are taken as they come after most of them were distinct."""


class SignatureState:
    """Everything the path remembers of one signature.

    ``base`` sums the scores that need no normalisation, over all N nodes, with INFEASIBLE
    where a filter rejects that is not in ``cluster_filters``; ``total`` adds the normalised
    ones (it *is* ``base`` where there are none).
    Where totals are the business of each node alone, they are kept in int16 while they fit
    (:mod:`schedlab.core.narrow`), until :meth:`widen`.
    """

    def __init__(self, profile: Profile, cluster: Cluster, signature: int) -> None:
        self.pod = cluster.pod(signature)
        self.local = LocalPlugins(profile, cluster, self.pod)
        self._plain_for = -1
        self.seen = len(cluster.log)
        self._trust = 0
        self._sort_filters(profile, cluster)
        self._sort_scores(profile, cluster)
        self.base: Totals = np.empty(len(cluster), np.int64)
        for start in range(0, len(cluster), CHUNK):
            part = slice(start, start + CHUNK)
            self.base[part] = self.local.ask(cluster.view(part), part)
        self._feasible: FeasibleView | None = None
        self.lowest = INFEASIBLE
        self.blocks: BlockMaxima | None = None
        self._total: Totals = self.base
        self.grouped = self._group(cluster)
        if self.grouped is None:
            self._hear_clusterwide(cluster)

    def _group(self, cluster: Cluster) -> Grouped | None:
        """Group the nodes by what CLUSTER plugins say of them, if that can be done."""
        if self._scratch:
            return None
        filters = [] if self.gate is None else self.gate.filters
        scores = [(score.plugin, score.weight) for score in self._by_domain]
        return group_nodes(
            Questions(self.pod, cluster, filters, scores), self.local.normalized, self.base
        )

    def _hear_clusterwide(self, cluster: Cluster) -> None:
        """Take in what CLUSTER plugins say, node by node."""
        if self.gate is not None:
            _, self.base = self.gate.admit(EVERY, self.base, self.base)
        self._hear_domains(cluster)
        self._total = self.base if not self.normal else self.base.copy()
        if self._plain:
            self._narrow()
        else:
            self.settle()

    def stays_plain(self, specs: int) -> bool:
        """Say whether each node's total is its own business, and a sum of scores as they come.

        It stays so until the cluster knows more than so many ``specs``.
        """
        if self._plain_for != specs and self._plain:
            self._plain_for = specs
        return self._plain_for == specs

    @property
    def _plain(self) -> bool:
        if self.normal or self.grouped or self.cluster_filters or self.cluster_scores:
            return False
        return self._quiet and (self.gate is None or self.gate.local is None)

    @property
    def _quiet(self) -> bool:
        """Whether what answers by domain says nothing until the cluster knows more specs."""
        if self.gate is not None and not self.gate.quiet:
            return False
        return all(score.quiet for score in self._by_domain)

    @property
    def nbytes(self) -> int:
        """About how much memory it takes to keep something of each node."""
        columns = 1 + (self._total is not self.base)
        grouped = 0 if self.grouped is None else self.grouped.members.nbytes
        raw = sum(n.raw.nbytes for n in self.local.normalized)
        return columns * self.base.nbytes + grouped + raw

    @property
    def total(self) -> Ints:
        """The totals of all nodes, shape (N,), INFEASIBLE where a filter rejects."""
        if self.grouped is not None:
            return self.grouped.totals(self.base)
        return widened(self._total)

    def total_at(self, rows: Rows) -> Ints:
        """Return the totals of some nodes, shape (n,)."""
        if self.grouped is not None:
            return self.grouped.totals(self.base[rows], rows)
        return widened(self._total[rows])

    def best_row(self) -> int:
        """Return the lowest row of the highest total, -1 if no node is feasible."""
        if self.grouped is not None:
            return self.grouped.best_row()
        row = self.highest()
        return -1 if self._total[row] == self.lowest else row

    def choose(self, select: Select) -> int:
        """Return one of the rows of the highest total, by a tie-break that looks at all."""
        return select.among(self.total if self.grouped is not None else self._total)

    @property
    def clusterwide(self) -> bool:
        """Whether what is placed on one node may change what is said of others."""
        return bool(self.cluster_filters or self.cluster_scores) or not self._quiet

    def _sort_filters(self, profile: Profile, cluster: Cluster) -> None:
        nodes = cluster.view()
        wide = [f for f in profile.filters if f.locality is Locality.CLUSTER]
        asked = [f for f in wide if not f.skips_filter(self.pod)]
        by_domain = [f for f in asked if f.verdict_by_domain(self.pod, nodes) is not None]
        self.cluster_filters = [f for f in asked if f not in by_domain]
        self.gate = Gate(by_domain, self.pod, cluster) if by_domain else None

    def _sort_scores(self, profile: Profile, cluster: Cluster) -> None:
        nodes = cluster.view()
        scores = [(s, w) for s, w in profile.scores if s.locality is Locality.CLUSTER]
        wide = [(s, w) for s, w in scores if not s.skips_score(self.pod)]
        # Which nodes are scored must be known to what answers by domain.
        unknown = bool(self.cluster_filters) or sampling(profile, cluster) is not None
        heard = () if unknown else wide
        by_domain = [x for x in heard if x[0].score_by_domain(self.pod, nodes) is not None]
        self._by_domain = [ScoreByDomain(s, w, self.pod, cluster) for s, w in by_domain]
        self.cluster_scores = [x for x in wide if x not in by_domain]
        self._scratch = unknown or bool(self.cluster_scores)
        self._summed: dict[str, CellScore | RowScore] = {}
        self.normal: list[CellScore | NormalizedScore] = [*self.local.normalized]

    def refresh(self, cluster: Cluster) -> int:
        """Bring the state up to date with the change log; return how many rows are looked at."""
        rows = self._changed(cluster)
        self.seen = len(cluster.log)
        nodes = cluster.view(rows)
        if self.stays_plain(len(cluster.specs)):
            self._refresh_plain(cluster, rows, nodes)
            return len(rows)
        self.widen()
        base = self.local.ask(nodes, rows)
        for normal in self.local.normalized:
            if normal.by_node:
                normal.put(rows, raw_scores(normal.plugin, self.pod, nodes))
        self._update(cluster, rows, base)
        return len(rows)

    def _changed(self, cluster: Cluster) -> Ints:
        """Return the rows that changed, once each if they are many or were seldom distinct."""
        changes = len(cluster.log) - self.seen
        if self._trust and 4 * changes <= len(cluster):
            self._trust -= 1
            return cluster.log.rows(self.seen)
        rows = cluster.log.changed(self.seen)
        if 4 * len(rows) > 3 * changes:
            self._trust = TRUST
        return rows

    def _refresh_plain(self, cluster: Cluster, rows: Ints, nodes: NodeView) -> None:
        """Ask for scores only where most nodes are not rejected anyway."""
        rejected = self.local.rejected(nodes, rows)
        if rejected is not None and 2 * np.count_nonzero(rejected) > len(rows):
            self.set(rows, self.lowest)
            rows = rows[~rejected]
            if not len(rows):
                return
            nodes, rejected = cluster.view(rows), None
        self.put(rows, self.local.scored(nodes, rows), rejected)

    def put(self, rows: Ints, scores: Ints, rejected: Mask | None) -> None:
        """Take in fresh totals of some rows of a plain state."""
        small = narrowed(scores, rejected) if is_narrow(self.base) else None
        if small is not None:
            self.set(rows, small)
            return
        self.widen()
        self.set(rows, scores if rejected is None else np.where(rejected, INFEASIBLE, scores))

    def set(self, rows: Ints, totals: Totals | int) -> None:
        """Set the totals of some rows of a plain state, in the type in which they are kept."""
        self.base[rows] = totals
        if self.blocks is not None:
            self.blocks.update(rows)

    def highest(self) -> int:
        """Return the lowest row of the highest total of an ungrouped state."""
        return int(self._total.argmax()) if self.blocks is None else self.blocks.argmax()

    def _narrow(self) -> None:
        """Keep the totals of a plain state in int16, if they fit."""
        rejected = self.base == INFEASIBLE
        all_fit = not np.count_nonzero(rejected)
        scores = self.base if all_fit else np.where(rejected, 0, self.base)
        small = narrowed(scores, None if all_fit else rejected)
        self._keep(self.base if small is None else small)

    def widen(self) -> None:
        """Keep totals in int64, if they are not yet, with INFEASIBLE where a filter rejects."""
        if is_narrow(self.base):
            self._keep(widened(self.base))

    def _keep(self, totals: Totals) -> None:
        self.base = self._total = totals
        self.lowest = lowest(totals)
        self._find_blocks()

    def _update(self, cluster: Cluster, rows: Rows, base: Ints) -> None:
        """Take in the base of the rows of the log, and all that follows from it."""
        if self.grouped is not None:
            self.base[rows] = base
            if not self.grouped.update(rows, base):
                self.grouped = self._group(cluster)
                if self.grouped is None:
                    self._hear_clusterwide(cluster)
            return
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
        if self._total is self.base and self.normal:
            self._total = self.base.copy()
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
                self.normal = [*self.local.normalized, *self._summed.values()]
                moved = EVERY
        return moved

    def _update_blocks(self, rows: Rows) -> None:
        if self.blocks is None:
            return
        if isinstance(rows, slice):
            self.blocks = BlockMaxima(self._total)
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
        self._find_blocks()

    def _find_blocks(self) -> None:
        self.blocks = BlockMaxima(self._total) if BlockMaxima.pays(self._total) else None

    def _extremes_moved(self, flipped: Ints) -> bool:
        stale = [n for n in self.normal if not n.stands(flipped)]
        if not stale:
            return False
        feasible = self.base != INFEASIBLE
        moved = [n.settle(feasible) for n in stale]
        return any(moved)

    def ask(self, nodes: NodeView, rows: Ints) -> Ints:
        """Return the totals of nodes that stand for ``rows`` in some other state, shape (n,)."""
        base = self.local.ask(nodes, rows)
        if self.grouped is not None:
            return self.grouped.totals(base, rows)
        return self._with_normalized(base, rows) if self.normal else base

    def _add_normalized(self, rows: Ints | slice) -> None:
        if self.normal:
            self._total[rows] = self._with_normalized(self.base[rows], rows)

    def _with_normalized(self, base: Ints, rows: Ints | slice) -> Ints:
        infeasible = base == INFEASIBLE
        total = base + self.normal[0].final(rows)
        for normal in self.normal[1:]:
            total += normal.final(rows)
        total[infeasible] = INFEASIBLE
        return total
