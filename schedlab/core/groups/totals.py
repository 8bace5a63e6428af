"""Totals of all nodes by group: what the two ways of finding each group's highest share."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from schedlab.core.ahead.chains import INFEASIBLE
from schedlab.core.groups.cells import GroupCells

Ints = NDArray[np.int64]
Numbers = NDArray[np.integer]


class GroupTotals(ABC):
    """Totals and kinds of all nodes, laid out by cell.

    A node's group is its cell and its *kind*, a small number that may change with what is
    placed on it.

    Attributes
    ----------
    totals : int64, shape (places,)
        INFEASIBLE where a node is not feasible, or the layout is padded.
    kinds : int8, shape (places,)
    capacity : int
        Kinds are below it.
    """

    def __init__(self, cells: GroupCells, totals: Ints, kinds: Numbers, capacity: int) -> None:
        self.cells = cells
        self.capacity = capacity
        self.totals = np.full(len(cells.row_at), INFEASIBLE)
        self.kinds = np.zeros(len(cells.row_at), np.int8)
        self.totals[cells.place], self.kinds[cells.place] = totals, kinds

    @abstractmethod
    def put(self, places: Ints, totals: Ints, kinds: Ints) -> None:
        """Take in new totals and kinds at some distinct places."""

    @abstractmethod
    def put_one(self, place: int, total: int, kind: int) -> None:
        """Take in a new total and kind at one place."""

    @abstractmethod
    def highest(self, cell: int, kind: int) -> int:
        """Return the highest total of one group."""

    @abstractmethod
    def all_highest(self) -> list[list[int]]:
        """Return the highest totals of all groups, by kind and cell."""

    @abstractmethod
    def lowest_row(self, cell: int, kind: int) -> int:
        """Return the lowest row of one group that has its highest total."""

    @property
    @abstractmethod
    def nbytes(self) -> int:
        """How much memory it takes."""

    def members(self, cell: int, kind: int) -> tuple[Ints, Ints]:
        """Return the feasible rows of one group, ascending, and their totals."""
        part = self.cells.parts[cell]
        there = (self.kinds[part] == kind) & (self.totals[part] != INFEASIBLE)
        return self.cells.row_at[part][there], self.totals[part][there]

    def sizes(self) -> Ints:
        """Return how many feasible nodes each group has, shape (cells, kinds)."""
        kinds, cells = self.capacity, len(self.cells.examples)
        place = self.cells.place
        group = self.cells.codes * kinds + self.kinds[place]
        feasible = self.totals[place] != INFEASIBLE
        return np.bincount(group[feasible], minlength=cells * kinds).reshape(cells, kinds)
