"""How a search came near the certified bound: the gap of the value over time."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from schedlab.plot import style
from schedlab.plot.frames import good, one_workload
from schedlab.plot.style import INK, SIZE, Looks, Style

Floats = NDArray[np.float64]

LINEAR_BELOW = 1e-3
"""The gap below which its axis is linear, so that it has a zero."""

TICKS = (0.0, 0.0005, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
NEEDED = ["value_bound", "gap_value", "schedule_seconds"]


def figures(trials: pd.DataFrame, incumbents: pd.DataFrame) -> dict[str, Figure]:
    """Return a figure of the gap over time for each workload of a run, by file stem."""
    looks, drawn = style.styles(trials["scheduler"]), {}
    for workload, frame in good(trials).groupby("workload", sort=False):
        figure = style.figure(7.5, 4.4)
        gap_over_time(frame, incumbents, looks=looks, ax=figure.subplots())
        style.note(figure, _note(frame["seed"].nunique()))
        drawn[f"gap_{workload}"] = figure
    return drawn


def gap_over_time(
    trials: pd.DataFrame,
    incumbents: pd.DataFrame | None = None,
    *,
    looks: Looks | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw how far below the certified bound each scheduler's value was, by time.

    Time is logarithmic; so is the gap, down to 0.1 %.  A line is the median over the seeds,
    from when all have a placement; the band holds all seeds.  A scheduler that tells nothing
    of a search is the point at which its call ended (medians, whiskers over all seeds).
    Dotted: the scheduler's own bound, where that is below the certified one; no placement gets
    beneath the dots.

    Parameters
    ----------
    trials : DataFrame
        ``run.trials`` of one workload.
    incumbents : DataFrame, optional
        ``run.table("incumbents")``, perhaps of more workloads; without it, or where it is empty,
        only the ends of calls are drawn.
    looks : Looks, optional
    ax : Axes, optional

    Raises
    ------
    InputError
        If the frame has no such column, or not exactly one workload.
    """
    trials = one_workload(trials, NEEDED)
    ax = style.axes(ax, 7.5)
    looks = looks or style.styles(trials["scheduler"])
    told = gaps(trials, pd.DataFrame() if incumbents is None else incumbents)
    for name, frame in told.groupby("scheduler", sort=False):
        draw = _point if len(frame) == frame["seed"].nunique() else _line
        draw(ax, frame, str(name), looks[str(name)])
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


def _note(seeds: int) -> str:
    """Return how to read the figure."""
    many = f"medians over {seeds} seeds; bands and whiskers: all of them; " if seeds > 1 else ""
    return f"{many}a point: where the call ended; dotted: the scheduler's own bound"


def _point(ax: Axes, frame: pd.DataFrame, name: str, look: Style) -> None:
    """Draw the medians of where the calls ended, with whiskers over all seeds."""
    x, y = frame["seconds"], frame["gap"]
    ax.errorbar(
        x.median(),
        y.median(),
        xerr=_reach(x),
        yerr=_reach(y),
        fmt=look.marker,
        color=look.colour,
        elinewidth=1,
        capsize=2,
        label=name,
    )


def _reach(values: pd.Series[float]) -> Floats:
    """Return how far values reach below and above their median, (2, 1); NaN: all are alike."""
    middle = values.median()
    ends = np.array([[middle - values.min()], [values.max() - middle]])
    return ends if ends.any() else np.full((2, 1), np.nan)


def _line(ax: Axes, frame: pd.DataFrame, name: str, look: Style) -> None:
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
    low, high = ax.dataLim.intervalx
    ax.set_xlim(low / 1.5, high * 1.5)
    style.log_x(ax)
    ax.set_yscale("symlog", linthresh=LINEAR_BELOW)
    top = float(told["gap"].max())
    ax.set_ylim(-0.05 * LINEAR_BELOW, max(1.5 * top, 2 * LINEAR_BELOW))
    ax.set_yticks([t for t in TICKS if t <= max(1.5 * top, 2 * LINEAR_BELOW)])
    ax.yaxis.set_major_formatter(FuncFormatter(lambda gap, _: f"{100 * gap:g} %"))
    ax.set_xlabel("time since the call [s]", fontsize=SIZE, color=INK)
    ax.set_ylabel("(bound - value) / bound", fontsize=SIZE, color=INK)
    handles, names = ax.get_legend_handles_labels()  # error bars last, whoever comes first
    drawn = dict(zip(names, handles, strict=True))
    order = list(told["scheduler"].unique())
    ax.legend(
        [drawn[name] for name in order],
        order,
        fontsize=SIZE - 1,
        frameon=False,
        labelcolor=INK,
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
    )
