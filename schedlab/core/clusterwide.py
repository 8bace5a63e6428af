"""CLUSTER plugins that answer by topology domain, kept up to date where their answers moved."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schedlab.api import ByDomain, Cluster, FilterPlugin, PodView, ScorePlugin, sum_by_domain
from schedlab.core.ahead.chains import INFEASIBLE
from schedlab.core.answers import MANY, NONE, Answers, Ints, Mask, Quiet, Rows, union
from schedlab.core.cells import Cells
from schedlab.core.views import NodeView


class Gate:
    """Which nodes the filters that answer by domain accept, for one pod.

    ``local`` are the totals before it, None while every node passes.
    """

    def __init__(self, filters: Sequence[FilterPlugin], pod: PodView, cluster: Cluster) -> None:
        self.filters = filters
        self._pod = pod
        self._cluster = cluster
        self._answers = [Answers(cluster) for _ in filters]
        self._quiet = Quiet(cluster)
        self.local: Ints | None = None

    @property
    def quiet(self) -> bool:
        """Whether every node passes until the cluster knows more specs."""
        return self._quiet.lasts()

    def admit(self, rows: Rows, fresh: Ints, base: Ints) -> tuple[Rows, Ints]:
        """Take in fresh totals of some rows; return those whose gated totals may be new, and them.

        ``base`` are all rows' gated totals so far.
        """
        if self.local is not None:
            self.local[rows] = fresh
        if self._quiet.lasts():
            return rows, fresh
        moved = self._ask()
        if self.local is None:
            if self._quiet.lasts():
                return rows, fresh
            self.local = base.copy()
            self.local[rows] = fresh
        rows = union(rows, moved, len(base))
        return rows, self._gated(rows, self.local)

    def _ask(self) -> Rows:
        """Ask the filters again; return the rows whose verdict may be new."""
        whole = self._cluster.view()
        moved: Rows = NONE
        for plugin, answers in zip(self.filters, self._answers, strict=True):
            parts = plugin.verdict_by_domain(self._pod, whole)
            assert parts is not None, f"{plugin.name} no longer answers by domain"
            moved = union(moved, answers.moved(parts), len(self._cluster))
        self._quiet.note(quiet=not any(answers.parts for answers in self._answers))
        return moved

    def _gated(self, rows: Rows, local: Ints) -> Ints:
        totals = local[rows].copy()
        for answers in self._answers:
            for answer in answers.parts:
                totals[answer.differ_from_0(rows)] = INFEASIBLE
        return totals


class FeasibleView(NodeView):
    """The feasible nodes; how many of them are in each domain is kept, not counted anew."""

    __slots__ = ("_counts", "_feasible", "_found")

    def __init__(self, cluster: Cluster, feasible: Mask) -> None:
        self._found: Ints | None = None
        self._feasible = feasible
        self._counts: dict[int, tuple[NDArray[np.integer], Ints]] = {}
        super().__init__(cluster)

    @property
    def _rows(self) -> Ints:
        """The feasible rows, which are looked for only when a plugin reads their columns."""
        if self._found is None:
            self._found = np.flatnonzero(self._feasible)
        return self._found

    @_rows.setter
    def _rows(self, rows: object) -> None:
        self._found = None

    def flip(self, rows: Ints) -> None:
        """Move distinct rows into, or out of, the feasible ones."""
        entering = ~self._feasible[rows]
        self._feasible[rows] = entering
        for codes, counts in self._counts.values():
            if MANY * len(rows) > len(codes):
                counts[:] = np.bincount(codes[self._feasible] + 1, minlength=len(counts))
            else:
                np.add.at(counts, codes[rows] + 1, np.where(entering, 1, -1))
        self._found = self._static = self._dynamic = self._free = None

    def count_by_domain(self, codes: NDArray[np.integer], size: int) -> Ints:
        """Return how many of the nodes are in each of the domains, shape (size,)."""
        kept = self._counts.get(id(codes))
        if kept is None:
            counts = np.bincount(codes[self._feasible] + 1, minlength=size + 1)
            kept = self._counts[id(codes)] = codes, counts
        return kept[1][1:]

    def domain_count(self, codes: NDArray[np.integer], size: int) -> int:
        """Return how many of the domains the nodes are in."""
        return int(np.count_nonzero(self.count_by_domain(codes, size)))


class ScoreByDomain:
    """What a score plugin that answers by domain says of all nodes, for one pod."""

    def __init__(self, plugin: ScorePlugin, weight: int, pod: PodView, cluster: Cluster) -> None:
        self.plugin = plugin
        self.weight = weight
        self._pod = pod
        self._cluster = cluster
        self._answers = Answers(cluster)
        self._quiet = Quiet(cluster)

    @property
    def quiet(self) -> bool:
        """Whether every raw score is 0 until the cluster knows more specs."""
        return self._quiet.lasts()

    @property
    def layout(self) -> int:
        """Another number whenever the plugin answers in other columns of domains."""
        return self._answers.layout

    def ask(self, feasible: NodeView) -> Rows:
        """Ask the plugin again; return the rows whose raw score may be new."""
        parts = self.plugin.score_by_domain(self._pod, feasible)
        assert parts is not None, f"{self.plugin.name} no longer answers by domain"
        self._quiet.note(quiet=not parts)
        return self._answers.moved(parts)

    def raw(self, rows: Rows) -> Ints:
        """Return the raw scores of some rows."""
        view = NodeView(self._cluster, None if isinstance(rows, slice) else rows)
        parts = [ByDomain(answer.domains, answer.values) for answer in self._answers.parts]
        return sum_by_domain(parts, view)

    def cells(self) -> Cells | None:
        """Return the combinations of domains that nodes are in, None if they are many."""
        columns = tuple(answer.domains for answer in self._answers.parts)
        name = "cells", *(id(codes) for codes in columns)
        return self._cluster.shared(name, lambda: Cells.of(columns, len(self._cluster)))
