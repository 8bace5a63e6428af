"""Adding amounts by kind to the rows of tables, of which some are named many times."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

MANY = 100
"""From so many rows on tables are added to column by column."""


def add_at(
    tables: Sequence[Ints], rows: NDArray[np.integer], amounts: Ints, kinds: NDArray[np.integer]
) -> None:
    """Add ``amounts[kinds]`` (k, C) to the ``rows`` (k,) of each table (N, C), however often named.

    Column by column NumPy does this in one loop, ten times as fast if rows are many.
    """
    if len(rows) < MANY:
        for table in tables:
            np.add.at(table, rows, amounts[kinds])
        return
    at = rows.astype(np.intp)  # other indices take the slow way
    for column, amount in enumerate(amounts.T):
        more = amount[kinds]
        for table in tables:
            np.add.at(table[:, column], at, more)
