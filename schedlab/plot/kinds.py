"""The kinds of figures that ``schedlab plot`` draws of a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd

from schedlab.errors import InputError, nearest
from schedlab.plot import fgd, gap
from schedlab.plot.frames import good

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from schedlab.harness.run import Run

Figures = dict[str, "Figure"]


def demand(run: Run) -> Figures:
    """Draw allocation and fragmentation of GPUs as demand arrives."""
    if not run.has("curves"):
        raise InputError(
            f"{run.folder}: no curves of demand: only trials on nodes with shared GPUs leave them"
        )
    return fgd.figures(run.table("curves"))


def gap_over_time(run: Run) -> Figures:
    """Draw how near to the certified bound each scheduler came, and when."""
    known = run.table("incumbents") if run.has("incumbents") else pd.DataFrame()
    return gap.figures(run.trials, known)


KINDS: dict[str, Callable[[Run], Figures]] = {"demand": demand, "gap": gap_over_time}

NEEDS = {"demand": "curves", "gap": "incumbents"}
"""The table that a run must have for a kind to be drawn unasked; without any, the gap is."""


def figures(run: Run, kind: str | None) -> Figures:
    """Return the figures of a kind by file stem; of all that the run has tables for by default.

    Raises
    ------
    InputError
        If there is no such kind, no trial ended well, or the run has no table that the kind needs.
    """
    if kind is not None and kind not in KINDS:
        raise InputError(nearest("kind of figure", kind, KINDS))
    if good(run.trials).empty:
        raise InputError(f"{run.folder}: no trial ended well, there is nothing to draw")
    kinds = [kind] if kind else [k for k, table in NEEDS.items() if run.has(table)] or ["gap"]
    return {stem: figure for k in kinds for stem, figure in KINDS[k](run).items()}
