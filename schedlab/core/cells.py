"""Nodes by combinations of topology domains: what is said of domains is the same in each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schedlab.core.answers import MANY, Ints, RowsOfDomains

FEW = 64
"""So many combinations are dealt with at once in no more time than one."""


@dataclass(frozen=True)
class Cells:
    """Nodes by their domains in some columns.

    Attributes
    ----------
    codes : int64, shape (N,)
        Each node's cell.
    examples : int64, shape (C,)
        A row in each cell.
    rows : RowsOfDomains
        The rows in each cell.
    columns : tuple of integer arrays, shape (N,)
        Kept, so that their ids stay their own.
    """

    codes: Ints
    examples: Ints
    rows: RowsOfDomains
    columns: tuple[NDArray[np.integer], ...]

    @classmethod
    def of(cls, columns: tuple[NDArray[np.integer], ...], nodes: int) -> Cells | None:
        """Return the cells of some columns over all nodes, None if they are many."""
        codes, examples = np.zeros(nodes, np.int64), np.zeros(1, np.int64)
        for column in columns:
            shifted = column.astype(np.int64) + 1
            joint = codes * (int(shifted.max(initial=0)) + 1) + shifted
            _, examples, codes = np.unique(joint, return_index=True, return_inverse=True)
            if len(examples) > FEW or len(examples) * MANY > nodes:
                return None
        return cls(codes, examples, RowsOfDomains(codes, len(examples)), columns)
