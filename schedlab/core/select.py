"""Tie-breaks: which of the nodes with the highest total is chosen."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from schedlab.core.narrow import Totals
from schedlab.core.profile import TieBreak


class Select(Protocol):
    """Chooses among scored nodes."""

    def among(self, total: Totals, rows: NDArray[np.int64] | None = None) -> int:
        """Return a position of the highest ``total`` (shape (n,), not empty).

        ``rows`` are the nodes' rows, ascending; None means that position is row.
        """


class Lowest:
    """The lowest row."""

    def among(self, total: Totals, rows: NDArray[np.int64] | None = None) -> int:
        """Return the first position of the highest total."""
        return int(total.argmax())


class Random:
    """A uniformly random one."""

    def __init__(self, seed: int) -> None:
        self._generator = np.random.default_rng(seed)

    def among(self, total: Totals, rows: NDArray[np.int64] | None = None) -> int:
        """Return a random position of the highest total."""
        ties = (total == np.maximum.reduce(total)).nonzero()[0]
        return int(ties[self._generator.integers(len(ties))])


class RoundRobin:
    """The first at or after the row that follows the last choice, wrapping around."""

    def __init__(self) -> None:
        self._next = 0

    def among(self, total: Totals, rows: NDArray[np.int64] | None = None) -> int:
        """Return the next position in turn of the highest total."""
        ties = (total == np.maximum.reduce(total)).nonzero()[0]
        tied_rows = ties if rows is None else rows[ties]
        turn = int(np.searchsorted(tied_rows, self._next)) % len(ties)
        self._next = int(tied_rows[turn]) + 1
        return int(ties[turn])


def selector(tie_break: TieBreak, seed: int) -> Select:
    """Return a fresh tie-break."""
    if tie_break == "random":
        return Random(seed)
    return RoundRobin() if tie_break == "round-robin" else Lowest()
