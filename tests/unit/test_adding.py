"""Adding to rows named many times: a table at a time, row by row, gives the same."""

from __future__ import annotations

import numpy as np
import pytest

from schedlab.core.adding import MANY, add_at


@pytest.mark.parametrize("pods", [0, 1, MANY - 1, MANY, 3 * MANY])
@pytest.mark.parametrize("index", [np.int32, np.int64])
def test_every_row_gets_all_that_is_added_to_it(pods: int, index: type[np.integer]) -> None:
    rng = np.random.default_rng(pods)
    amounts = rng.integers(-(1 << 60), 1 << 60, (4, 3))
    kinds, rows = rng.integers(0, 4, pods).astype(np.int32), rng.integers(0, 5, pods)
    columns, wide = np.zeros((5, 3), np.int64, order="F"), np.zeros((5, 7), np.int64)
    expected = [[0, 0, 0] for _ in range(5)]
    for row, kind in zip(rows.tolist(), kinds.tolist(), strict=True):
        for column in range(3):
            total = expected[row][column] + int(amounts[kind, column])
            expected[row][column] = (total + (1 << 63)) % (1 << 64) - (1 << 63)
    add_at((columns, wide[:, 4:]), rows.astype(index), amounts, kinds)
    assert columns.tolist() == expected
    assert wide[:, 4:].tolist() == expected
    assert not wide[:, :4].any()
