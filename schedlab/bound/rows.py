"""Rows of a linear program over pods by signature and group of nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array

from schedlab.bound.problem import Floats, Ints

MOST_ROWS = 300
"""How many rows are kept: those that are wanted most."""


@dataclass(frozen=True)
class Rows:
    """Σ weight[i] x pods[signature[i], group[i]], over the i of a row, <= its limit.

    Attributes
    ----------
    row, signature, group : int64, shape (n,)
    weight : float64, shape (n,)
    limit : float64, shape (m,)
    wanted : float64, shape (m,)
        How much the row's pods could ask for, as a multiple of its limit.
    """

    row: Ints
    signature: Ints
    group: Ints
    weight: Floats
    limit: Floats
    wanted: Floats

    @classmethod
    def none(cls) -> Rows:
        """Return no rows."""
        nothing = np.zeros(0, np.int64)
        return cls(nothing, nothing, nothing, np.zeros(0), np.zeros(0), np.zeros(0))

    def over(self, variable: Ints) -> csr_array:
        """Return the rows over variables, of which ``variable`` (S, G) has numbers (-1: none)."""
        column = variable[self.signature, self.group]
        there = column >= 0
        shape = (len(self.limit), int(variable.max(initial=-1)) + 1)
        at = self.row[there], column[there]
        return coo_array((self.weight[there], at), shape=shape).tocsr()

    def only(self, kept: Ints) -> Rows:
        """Return some of the rows, given by number in ascending order."""
        number = np.full(len(self.limit), -1)
        number[kept] = np.arange(len(kept))
        of = number[self.row]
        at = of >= 0
        cells = (self.signature[at], self.group[at], self.weight[at])
        return Rows(of[at], *cells, self.limit[kept], self.wanted[kept])


def stacked(blocks: Sequence[Rows], most: int = MOST_ROWS) -> Rows:
    """Return the rows of all blocks that can be broken, at most so many."""
    if not blocks:
        return Rows.none()
    begins = np.cumsum([0, *(len(b.limit) for b in blocks)])
    row = [b.row + begin for b, begin in zip(blocks, begins, strict=False)]
    every = Rows(
        np.concatenate(row),
        np.concatenate([b.signature for b in blocks]),
        np.concatenate([b.group for b in blocks]),
        np.concatenate([b.weight for b in blocks]),
        np.concatenate([b.limit for b in blocks]),
        np.concatenate([b.wanted for b in blocks]),
    )
    order = np.argsort(-every.wanted, kind="stable")[:most]
    return every.only(np.sort(order[every.wanted[order] > 1 + 1e-9]))
