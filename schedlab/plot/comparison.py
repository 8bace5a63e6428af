"""Schedulers side by side: quality against latency, ranked bars, utilisation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from schedlab.metrics import METRICS
from schedlab.plot import style
from schedlab.plot.frames import costs, intervals, label, one_workload, shown, telling_quality
from schedlab.plot.labels import Cross, label_points
from schedlab.plot.style import INK, SIZE, Looks, Style

UTILISATION = {"utilisation_cpu": "cpu", "utilisation_memory": "memory", "utilisation_gpu": "gpu"}


def quality_latency(
    trials: pd.DataFrame,
    *,
    quality: str | None = None,
    latency: str = "latency_p50_us",
    looks: Looks | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw placement quality against the latency of a decision, a point a scheduler.

    Means over the seeds with 95 % confidence intervals; latency on a log axis, better
    quality always up.  A hollow point is a scheduler that decides the batch as a whole: its
    latency is the call's time over the pods.

    Parameters
    ----------
    trials : DataFrame
        ``run.trials`` of one workload.
    quality : str, optional
        A metric; by default the first of placed share, nodes used and fragmentation of cpu
        in which the schedulers differ.
    latency : str
        A metric in µs.
    looks : Looks, optional
    ax : Axes, optional

    Raises
    ------
    InputError
        If the frame has no such column, or not exactly one workload.
    """
    trials = one_workload(trials, [latency, *([quality] if quality else [])])
    quality = quality or telling_quality(trials)
    ax = style.axes(ax)
    points = costs(trials, latency).join(intervals(trials, quality).add_suffix("_y"), how="inner")
    looks = looks or style.styles(trials["scheduler"])
    for name, point in points.iterrows():
        _point(ax, point, looks[str(name)])
    _scales(ax, quality, latency)
    label_points(ax, [_cross(str(n), looks[str(n)], p) for n, p in points.iterrows()])
    return ax


def _point(ax: Axes, point: pd.Series, look: Style) -> None:
    ax.errorbar(
        point["mean"],
        point["mean_y"],
        xerr=_whisker(point["mean"], point["low"], point["high"]),
        yerr=_whisker(point["mean_y"], point["low_y"], point["high_y"]),
        fmt=look.marker,
        markersize=7,
        color=look.colour,
        markerfacecolor="white" if point["amortised"] else look.colour,
        markeredgewidth=1.5,
        elinewidth=1,
        capsize=2,
    )


def _cross(name: str, look: Style, point: pd.Series) -> Cross:
    across, along = (point["low"], point["high"]), (point["low_y"], point["high_y"])
    return Cross(name, look.colour, point["mean"], point["mean_y"], across, along)


def _scales(ax: Axes, quality: str, latency: str) -> None:
    ax.set_xscale("log")
    ax.margins(x=0.2, y=0.15)
    style.log_x(ax)
    ax.set_xlabel(f"{label(latency)} (scheduler logic only)", fontsize=SIZE, color=INK)
    ax.set_ylabel(label(quality), fontsize=SIZE, color=INK)
    if METRICS[quality].unit == "share":
        style.percent(ax, "y")
    if METRICS[quality].better == "lower":
        ax.invert_yaxis()


def ranked_bars(
    trials: pd.DataFrame,
    *,
    metric: str = "placed_share",
    order: Sequence[str] | None = None,
    looks: Looks | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the schedulers' means of a metric as bars, best on top, with 95 % intervals.

    The axis starts near the values where they lie close together, and says so.

    Parameters
    ----------
    trials : DataFrame
        ``run.trials`` of one workload.
    metric : str
    order : sequence of str, optional
        The schedulers from the top; by default by the metric, then by name.
    looks : Looks, optional
    ax : Axes, optional

    Raises
    ------
    InputError
        If the frame has no such column, or not exactly one workload.
    """
    trials = one_workload(trials, [metric])
    table = intervals(trials, metric)
    ranked = _by_mean(table, metric) if order is None else [n for n in order if n in table.index]
    table = table.loc[ranked[::-1]]
    looks = looks or style.styles(trials["scheduler"])
    ax = style.axes(ax, height=0.9 + 0.3 * len(table))
    ax.barh(
        table.index,
        table["mean"],
        xerr=_whiskers(table),
        height=0.68,
        color=[looks[str(n)].colour for n in table.index],
        alpha=0.85,
        error_kw={"ecolor": INK, "elinewidth": 1, "capsize": 2},
    )
    _bar_ends(ax, table, metric)
    return ax


def _by_mean(table: pd.DataFrame, metric: str) -> list[str]:
    worst_first = METRICS[metric].better == "lower"
    by_name = table.sort_index()
    return list(by_name.sort_values("mean", ascending=worst_first, kind="stable").index)


def _bar_ends(ax: Axes, table: pd.DataFrame, metric: str) -> None:
    """Write each value beside its bar and cut what all bars share off the axis."""
    low, high = float(table["low"].min()), float(table["high"].max())
    together = 0.0 < high - low <= 0.25 * high
    start = max(low - 0.6 * (high - low), 0.0) if together else 0.0
    span = high - start or 1.0
    ax.set_xlim(start, high + 0.22 * span)
    for row, (mean, end) in enumerate(zip(table["mean"], table["high"], strict=True)):
        text = shown(metric, mean)
        ax.text(end + 0.02 * span, row, text, va="center", fontsize=SIZE, color=INK)
    cut = "" if start == 0 else " (axis cut)"
    ax.set_xlabel(label(metric) + cut, fontsize=SIZE, color=INK)
    ax.grid(axis="y", visible=False)
    ax.tick_params(axis="y", length=0)
    if METRICS[metric].unit == "share":
        style.percent(ax, "x")


def _whiskers(table: pd.DataFrame) -> NDArray[np.float64]:
    """Return how far the interval reaches below and above the mean, shape (2, n)."""
    return _whisker(table["mean"], table["low"], table["high"])


def _whisker(mean: ArrayLike, low: ArrayLike, high: ArrayLike) -> NDArray[np.float64]:
    """Return mean - low and high - mean, shape (2, n); NaN (nothing drawn) without a spread."""
    ends = np.array([np.subtract(mean, low), np.subtract(high, mean)], float).reshape(2, -1)
    return np.where(ends.any(axis=0), ends, np.nan)


def utilisation(trials: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw requested over allocatable of cpu, memory and GPU, a row a scheduler.

    Means over the seeds with 95 % confidence intervals; resources that the cluster does not
    have are left out.

    Raises
    ------
    InputError
        If the frame has none of the columns, or not exactly one workload.
    """
    trials = one_workload(trials, list(UTILISATION))
    tables = {m: intervals(trials, m) for m in UTILISATION}
    names = list(dict.fromkeys(trials["scheduler"]))[::-1]
    ax = style.axes(ax, height=1.2 + 0.3 * len(names))
    drawn = {m: t for m, t in tables.items() if len(t)}
    for look, (metric, table) in zip(style.styles(drawn).values(), drawn.items(), strict=True):
        rows = np.array([names.index(str(n)) for n in table.index])
        ax.errorbar(
            table["mean"],
            rows,
            xerr=_whiskers(table),
            fmt=look.marker,
            color=look.colour,
            markersize=6,
            capsize=2,
            label=UTILISATION[metric],
        )
    ax.set_yticks(range(len(names)), names)
    style.percent(ax, "x")
    ax.set_xlabel("requested / allocatable, whole cluster", fontsize=SIZE, color=INK)
    ax.legend(fontsize=SIZE, frameon=False, ncols=3, loc="lower left", bbox_to_anchor=(0, 1))
    return ax
