"""The highest total of each group, by tables and by kept maxima, is what looking at all finds."""

from __future__ import annotations

import numpy as np
import pytest

from schedlab.core.ahead.chains import INFEASIBLE
from schedlab.core.groups import cells as group_cells
from schedlab.core.groups.cells import GroupCells
from schedlab.core.groups.maxima import GroupMaxima
from schedlab.core.groups.tables import GroupTable
from schedlab.core.groups.totals import GroupTotals

CELLS, KINDS, NODES = 3, 4, 50


def drawn_totals(generator: np.random.Generator, size: int) -> np.ndarray:
    """Draw few distinct totals, so that ties are many, and some INFEASIBLE."""
    totals = generator.integers(0, 6, size)
    return np.where(generator.random(size) < 0.2, INFEASIBLE, totals)


def assert_found(
    found: GroupTotals, codes: np.ndarray, totals: np.ndarray, kinds: np.ndarray
) -> None:
    everything = found.all_highest()
    for cell in range(CELLS):
        for kind in range(KINDS):
            rows = [
                row
                for row in range(NODES)
                if (codes[row], kinds[row]) == (cell, kind) and totals[row] != INFEASIBLE
            ]
            highest = max((int(totals[row]) for row in rows), default=int(INFEASIBLE))
            assert found.highest(cell, kind) == everything[kind][cell] == highest
            assert found.sizes()[cell, kind] == len(rows)
            assert found.members(cell, kind)[0].tolist() == rows
            if rows:
                lowest = min(row for row in rows if totals[row] == highest)
                assert found.lowest_row(cell, kind) == lowest


@pytest.mark.parametrize("kind_of_totals", [GroupTable, GroupMaxima])
@pytest.mark.parametrize("seed", range(5))
def test_highest_totals_are_those_of_all_members(
    monkeypatch: pytest.MonkeyPatch,
    kind_of_totals: type[GroupTable] | type[GroupMaxima],
    seed: int,
) -> None:
    monkeypatch.setattr(group_cells, "BLOCK", 4)
    generator = np.random.default_rng(seed)
    codes = np.concatenate([np.arange(CELLS), generator.integers(0, CELLS, NODES - CELLS)])
    cells = GroupCells.of(codes, np.arange(CELLS))
    totals, kinds = drawn_totals(generator, NODES), generator.integers(0, KINDS, NODES)
    found = kind_of_totals(cells, totals, kinds, KINDS)
    assert_found(found, codes, totals, kinds)
    for _ in range(20):
        rows = generator.permutation(NODES)[: generator.integers(1, 12)]
        totals[rows], kinds[rows] = (
            drawn_totals(generator, len(rows)),
            generator.integers(0, KINDS, len(rows)),
        )
        found.put(cells.place[rows], totals[rows], kinds[rows])
        row = int(generator.integers(NODES))
        totals[row], kinds[row] = drawn_totals(generator, 1)[0], generator.integers(KINDS)
        found.put_one(int(cells.place[row]), int(totals[row]), int(kinds[row]))
        assert_found(found, codes, totals, kinds)
