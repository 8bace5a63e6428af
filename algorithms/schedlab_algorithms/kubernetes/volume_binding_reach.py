"""From which nodes PersistentVolumes can be used, and the smallest ones within reach."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schedlab.api import NodeView
from schedlab.model.selectors import NodeSelectorTerm

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
Affinity = tuple[NodeSelectorTerm, ...] | None


def admitted(affinity: Affinity, nodes: NodeView) -> Mask:
    """Return which nodes a volume's node affinity admits, shape (n,).

    Only labels are compared: for Kubernetes the node has no name here
    (component-helpers/storage/volume/helpers.go, CheckNodeAffinity).
    """
    if affinity is None:
        return np.ones(len(nodes), np.bool_)
    matches = np.zeros(len(nodes), np.bool_)
    for term in affinity:
        if all(r.operator == "NotIn" for r in term.match_fields):
            labels_match = NodeSelectorTerm(term.match_expressions)
            only_fields = bool(term.match_fields) and not term.match_expressions
            matches |= True if only_fields else nodes.match_term(labels_match)
    return matches


class Reach:
    """Which nodes each distinct node affinity admits, as pairs of group and row.

    Attributes
    ----------
    group : int64, shape (V,)
        The affinity of each volume.
    rows : list of int64 arrays
        The rows that each of the G affinities admits, ascending.
    """

    def __init__(self, affinities: Sequence[Affinity], nodes: NodeView) -> None:
        index: dict[Affinity, int] = {}
        codes = [index.setdefault(a, len(index)) for a in affinities]
        self.group = np.array(codes, np.int64)
        self.rows = [np.flatnonzero(admitted(a, nodes)) for a in index]
        self._size = len(nodes)
        self._sort_pairs()

    def _sort_pairs(self) -> None:
        counts = [len(r) for r in self.rows]
        rows = np.concatenate([np.zeros(0, np.int64), *self.rows])
        order = np.argsort(rows, kind="stable")
        self._pair_row = rows[order]
        self._pair_group = np.repeat(np.arange(len(counts)), counts)[order]
        self._ends = np.searchsorted(self._pair_row, np.arange(self._size + 1))
        self._reached = np.flatnonzero(np.diff(self._ends))
        self._starts = self._ends[self._reached]

    def mask(self, volume: int) -> Mask:
        """Return from which nodes one volume can be used, shape (N,)."""
        mask = np.zeros(self._size, np.bool_)
        mask[self.rows[self.group[volume]]] = True
        return mask

    def groups_at(self, row: int) -> Ints:
        """Return the affinities that admit one node."""
        return self._pair_group[self._ends[row] : self._ends[row + 1]]

    def smallest(self, candidates: Mask, taken: Sequence[Ints]) -> Ints:
        """Return for each node the lowest candidate in reach that is not taken there, shape (N,).

        ``candidates`` is (V,); each of ``taken`` names one volume by node.  V stands for none.
        """
        none = len(candidates)
        best = np.full(self._size, none)
        lowest = self._lowest_by_group(candidates, len(taken) + 1)
        if not len(lowest) or not len(self._starts):
            return best
        offers = lowest[:, self._pair_group]
        for volumes in taken:
            offers[offers == volumes[self._pair_row]] = none
        best[self._reached] = np.minimum.reduceat(offers.min(axis=0), self._starts)
        return best

    def _lowest_by_group(self, candidates: Mask, depth: int) -> Ints:
        """Return the ``depth`` lowest candidates of each affinity, shape (at most depth, G)."""
        left = np.flatnonzero(candidates)
        levels: list[Ints] = []
        while len(left) and len(levels) < depth:
            level = np.full(len(self.rows), len(candidates))
            level[self.group[left[::-1]]] = left[::-1]  # the lowest is written last
            levels.append(level)
            left = left[level[self.group[left]] != left]
        return np.array(levels, np.int64)
