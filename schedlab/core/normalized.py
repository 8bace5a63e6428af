"""Scores that are normalised over the feasible nodes: raw, extremes and final ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab.api import IGNORED, Locality, ScorePlugin
from schedlab.core.answers import EVERY, NONE, Ints, Mask, Rows
from schedlab.core.cells import Cells
from schedlab.core.clusterwide import FeasibleView, ScoreByDomain
from schedlab.core.verdicts import extremes, normalized

SHORT = 4
"""Looking up is faster than computing if each possible raw score occurs so often."""


class NormalizedScore:
    """A normalised plugin's raw scores over all nodes, and its extremes over the feasible ones."""

    def __init__(self, plugin: ScorePlugin, weight: int, raw: Ints) -> None:
        self.plugin = plugin
        self.weight = weight
        self.raw = raw
        self.low, self.high = extremes(raw)
        self._unsettled = True

    @property
    def moves(self) -> bool:
        """Whether the raw scores change with what is placed."""
        return self.plugin.locality is not Locality.SPEC

    @property
    def by_node(self) -> bool:
        """Whether they change for the rows of the log alone."""
        return self.plugin.locality is Locality.NODE

    @property
    def constant(self) -> bool:
        """Whether all nodes have one raw score for good, so that final ones cannot change."""
        return not self.moves and bool((self.raw == self.raw[:1]).all())

    def raw_at(self, rows: Rows) -> Ints:
        """Return the raw scores of some rows."""
        return self.raw[rows]

    def final(self, rows: Rows) -> Ints:
        """Return weighted final scores of some rows under the current extremes.

        Rows with raw scores beyond the extremes are not feasible, and get any score.
        """
        raw, low, high = self.raw[rows], self.low, self.high
        if SHORT * (high - low + 1) > len(raw) or raw.min() == IGNORED:
            return self.weight * normalized(self.plugin, raw, low, high)
        by_raw = self.weight * normalized(self.plugin, np.arange(low, high + 1), low, high)
        return by_raw.take(raw - low, mode="clip")

    def put(self, rows: Rows, raw: Ints) -> None:
        """Take in new raw scores of some rows, or of all."""
        if isinstance(rows, slice):
            self.raw, self._unsettled = raw, True
            return
        if not self._unsettled:
            old = self.raw[rows]
            kept = bool(((old > self.low) & (old < self.high)).all())
            self._unsettled = not kept or not ((raw >= self.low) & (raw <= self.high)).all()
        self.raw[rows] = raw

    def settle(self, feasible: Mask) -> bool:
        """Recompute the extremes over ``feasible`` and say whether they moved."""
        before = self.low, self.high
        everywhere = np.count_nonzero(feasible) == len(feasible)
        self.low, self.high = extremes(self.raw if everywhere else self.raw[feasible])
        self._unsettled = False
        return before != (self.low, self.high)

    def stands(self, flipped: Ints) -> bool:
        """Say whether the extremes cannot have moved.

        Neither by new raw scores nor by the ``flipped`` rows, which entered or left the
        feasible ones.
        """
        if self._unsettled:
            return False
        raw = self.raw[flipped]
        return bool(((raw > self.low) & (raw < self.high)).all())


class RowScore(NormalizedScore):
    """A score by domain of which every node may get another."""

    def __init__(self, score: ScoreByDomain) -> None:
        super().__init__(score.plugin, score.weight, score.raw(EVERY))
        self._score = score
        self.layout = score.layout

    def take(self, rows: Rows) -> Rows:
        """Take in what the plugin says now of some rows; return those with another raw score."""
        if isinstance(rows, slice) or len(rows):
            self.put(rows, self._score.raw(rows))
        return rows


class CellScore:
    """A score by domain of which all nodes of one cell get the same.

    It is the counterpart of :class:`NormalizedScore`, with no more to compute than one
    number for each cell.
    """

    moves = True
    by_node = False

    def __init__(self, score: ScoreByDomain, cells: Cells, feasible: FeasibleView) -> None:
        self.plugin = score.plugin
        self.weight = score.weight
        self.layout = score.layout
        self._score = score
        self._cells = cells
        self._feasible = feasible
        self._raw = score.raw(cells.examples)
        self._present = self._now_present()
        self._finals = self._normalize()

    def take(self, rows: Rows) -> Rows:
        """Take in what the plugin says now; return the rows with another final score."""
        present = self._now_present()
        if not (isinstance(rows, slice) or len(rows)) and (present == self._present).all():
            return NONE
        self._raw, self._present = self._score.raw(self._cells.examples), present
        before, self._finals = self._finals, self._normalize()
        moved = np.flatnonzero(present & (before != self._finals))
        return self._cells.rows.rows(moved) if len(moved) else NONE

    def raw_at(self, rows: Rows) -> Ints:
        """Return the raw scores of some rows."""
        return self._raw[self._cells.codes[rows]]

    def final(self, rows: Rows) -> Ints:
        """Return weighted final scores of some rows."""
        return self._finals.take(self._cells.codes[rows])

    def settle(self, feasible: Mask) -> bool:
        """Say that the extremes are those of the feasible nodes at any time."""
        return False

    def stands(self, flipped: Ints) -> bool:
        """Say the same."""
        return True

    def _now_present(self) -> NDArray[np.bool_]:
        return self._feasible.count_by_domain(self._cells.codes, len(self._cells.examples)) > 0

    def _normalize(self) -> Ints:
        low, high = extremes(self._raw[self._present])
        return self.weight * normalized(self.plugin, self._raw, low, high)


def summed(score: ScoreByDomain, feasible: FeasibleView) -> CellScore | RowScore:
    """Return the score of all nodes, by cell where there are few."""
    cells = score.cells()
    return RowScore(score) if cells is None else CellScore(score, cells, feasible)
