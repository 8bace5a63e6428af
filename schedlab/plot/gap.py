"""How a search came near the certified bound: the gap of the value over time."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from schedlab.plot import style
from schedlab.plot.comparison import Looks
from schedlab.plot.frames import good, one_workload
from schedlab.plot.style import INK, SIZE, Style

Floats = NDArray[np.float64]

LINEAR_BELOW = 1e-3
"""The gap below which its axis is linear, so that it has a zero."""

TICKS = (0.0, 0.001, 0.01, 0.1, 1.0)
NEEDED = ["value_bound", "gap_value", "schedule_seconds"]


def figures(trials: pd.DataFrame, incumbents: pd.DataFrame) -> dict[str, Figure]:
    """Return a figure of the gap over time for each workload of a run, by file stem."""
    looks, drawn = style.styles(trials["scheduler"]), {}
    for workload, frame in good(trials).groupby("workload", sort=False):
        figure = style.figure(7.5, 4.4)
        gap_over_time(frame, incumbents, looks=looks, ax=figure.subplots())
        drawn[f"gap_{workload}"] = figure
    return drawn


def gap_over_time(
    trials: pd.DataFrame,
    incumbents: pd.DataFrame,
    *,
    looks: Looks | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw how far below the certified bound each scheduler's value was, by time.

    Time is logarithmic; so is the gap, down to 0.1 %.  A line is the median over the seeds,
    from when all have a placement; the band holds all seeds.  A scheduler that tells nothing
    of a search is the point at which its call ended.  Dotted: the scheduler's own bound, where
    that is below the certified one; no placement gets beneath the dots.

    Parameters
    ----------
    trials : DataFrame
        ``run.trials`` of one workload.
    incumbents : DataFrame
        ``run.table("incumbents")``, perhaps of more workloads; may be empty.
    looks : mapping of str to Style, optional
        What each scheduler looks like, to be the same in several figures.
    ax : Axes, optional

    Raises
    ------
    InputError
        If the frame has no such column, or not exactly one workload.
    """
    trials = one_workload(trials, NEEDED)
    ax = style.axes(ax, 7.5)
    looks = looks or style.styles(trials["scheduler"])
    told = gaps(trials, incumbents)
    for name, frame in told.groupby("scheduler", sort=False):
        _draw(ax, frame, str(name), looks[str(name)])
    _scales(ax, told)
    style.title(ax, f"{trials['workload'].iloc[0]}: gap to the certified bound")
    return ax


def gaps(trials: pd.DataFrame, incumbents: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each incumbent of some trials, and one for the end of each.

    scheduler, seed, seconds, gap (to the certified ``value_bound``), floor (the least gap that
    the scheduler's own bound leaves possible; 0 where it tells none that is lower).
    """
    kept = good(trials)
    columns = [kept[c] for c in ("workload", "scheduler", "seed", *NEEDED)]
    frames = [_trial(incumbents, *trial) for trial in zip(*columns, strict=True)]
    return pd.concat(frames, ignore_index=True)


def _trial(
    incumbents: pd.DataFrame,
    workload: str,
    scheduler: str,
    seed: int,
    bound: float,
    gap: float,
    end: float,
) -> pd.DataFrame:
    points = _points(incumbents, workload, scheduler, seed)
    below = (bound - points[["value", "bound"]].to_numpy(float)) / (bound or 1.0)
    floor = np.maximum.accumulate(np.maximum([*below[:, 1], 0.0], 0.0))
    floor[-1] = floor.max()
    return pd.DataFrame(
        {
            "scheduler": scheduler,
            "seed": seed,
            "seconds": np.minimum([*points["seconds"], end], end),
            "gap": np.maximum([*below[:, 0], gap], 0.0),
            "floor": floor,
        }
    )


def _points(incumbents: pd.DataFrame, workload: str, scheduler: str, seed: int) -> pd.DataFrame:
    if incumbents.empty:
        return pd.DataFrame(columns=["seconds", "value", "bound"])
    of = (incumbents["workload"] == workload) & (incumbents["scheduler"] == scheduler)
    return incumbents[of & (incumbents["seed"] == seed)]


def _draw(ax: Axes, frame: pd.DataFrame, name: str, look: Style) -> None:
    times = np.unique(frame["seconds"].to_numpy(float))
    seeds = [f for _, f in frame.groupby("seed")]
    gap = _over(times, seeds, "gap")
    first = int(np.argmax(~np.isnan(gap).any(axis=0)))
    times, gap = times[first:], gap[:, first:]
    floor = np.median(_over(times, seeds, "floor"), axis=0)
    middle = np.median(gap, axis=0)
    ax.plot(
        times,
        middle,
        look.dash,
        color=look.colour,
        lw=1.6,
        marker=look.marker,
        markevery=[-1],
        drawstyle="steps-post",
        label=name,
    )
    if len(seeds) > 1:
        band = (gap.min(axis=0), gap.max(axis=0))
        ax.fill_between(times, *band, step="post", color=look.colour, alpha=0.15, lw=0)
    if floor[-1] > 0:
        ax.plot(times, floor, ":", color=look.colour, lw=1.2, drawstyle="steps-post")


def _over(times: Floats, seeds: list[pd.DataFrame], column: str) -> Floats:
    """Return each seed's latest value at each time, NaN before its first, (seeds, times)."""
    table = np.full((len(seeds), len(times)), np.nan)
    for row, frame in zip(table, seeds, strict=True):
        at = np.searchsorted(frame["seconds"].to_numpy(float), times, side="right") - 1
        row[at >= 0] = frame[column].to_numpy(float)[at[at >= 0]]
    return table


def _scales(ax: Axes, told: pd.DataFrame) -> None:
    low, high = told["seconds"].min(), told["seconds"].max()
    ax.set_xlim(low / 1.5, high * 1.5)
    style.log_x(ax)
    ax.set_yscale("symlog", linthresh=LINEAR_BELOW)
    top = float(told["gap"].max())
    ax.set_ylim(-0.05 * LINEAR_BELOW, max(1.5 * top, 2 * LINEAR_BELOW))
    ax.set_yticks([t for t in TICKS if t <= max(1.5 * top, 2 * LINEAR_BELOW)])
    ax.yaxis.set_major_formatter(FuncFormatter(lambda gap, _: f"{100 * gap:g} %"))
    ax.set_xlabel("seconds since the call", fontsize=SIZE, color=INK)
    ax.set_ylabel("(bound - value) / bound", fontsize=SIZE, color=INK)
    ax.legend(
        fontsize=SIZE - 1,
        frameon=False,
        labelcolor=INK,
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
    )
