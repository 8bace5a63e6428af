"""The one picture of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from matplotlib.figure import Figure

from schedlab.errors import InputError
from schedlab.harness.summary import ranking, summarise
from schedlab.plot import style
from schedlab.plot.comparison import quality_latency, ranked_bars
from schedlab.plot.frames import good, telling_quality

if TYPE_CHECKING:
    from schedlab.harness.run import Run

WIDTH = 12.0


def summary_figure(run: Run) -> Figure:
    """Draw each workload of a run in a row: quality against latency, and quality ranked.

    The quality is the share of pods placed, or where the schedulers do not differ in it the
    nodes used; better is up.  The bars stand in the order of the run's table.

    Raises
    ------
    InputError
        If no trial of the run ended well.
    """
    trials = good(run.trials)
    if trials.empty:
        raise InputError(f"{run.folder}: no trial ended well, there is nothing to draw")
    workloads = list(dict.fromkeys(trials["workload"]))
    height = max(3.4, 1.3 + 0.27 * trials["scheduler"].nunique())
    figure = style.figure(WIDTH, height * len(workloads) + 0.2)
    grid = figure.subplots(len(workloads), 2, squeeze=False, width_ratios=[1.25, 1])
    style.note(figure, _note(trials))
    frames = [trials[trials["workload"] == w] for w in workloads]
    looks, means = style.styles(trials["scheduler"]), summarise(trials)
    for (_, right), frame, name in zip(grid, frames, workloads, strict=True):
        order = ranking(means, name)
        ranked_bars(frame, metric=telling_quality(frame), order=order, looks=looks, ax=right)
    for (left, _), frame, name in zip(grid, frames, workloads, strict=True):
        quality_latency(frame, looks=looks, ax=left)
        style.title(left, name)
    return figure


def _note(trials: pd.DataFrame) -> str:
    """Return how to read the figure: how many seeds, what whiskers and hollow points are."""
    each = trials.groupby(["workload", "scheduler"])["seed"].nunique()
    few, many = int(each.min()), int(each.max())
    count = str(many) if few == many else f"{few} to {many}"
    note = f"means over {count} seed{'' if many == 1 else 's'}"
    if many > 1:
        note += "; whiskers: 95 % confidence over seeds"
    if trials["latency_p50_us"].isna().any():
        note += "; hollow: decides the batch as a whole, time of the call over its pods"
    return note
