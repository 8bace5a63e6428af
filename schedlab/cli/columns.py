"""Columns of a ranked table: which metrics, how a value reads, which one is best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from schedlab.errors import InputError, nearest
from schedlab.metrics import METRICS

BEST = "*"


@dataclass(frozen=True)
class Column:
    """A metric in a table: its heading (two short lines), its unit's factor and decimals."""

    metric: str
    heading: str
    factor: float = 1.0
    decimals: int = 0


QUALITY = (
    Column("placed_share", "placed\n%", 100, 1),
    Column("placed_priority_weighted", "by prio.\n%", 100, 1),
    Column("gap", "gap\n%", 100, 2),
    Column("value", "value\npoints"),
    Column("value_bound", "value\nbound"),
    Column("gap_value", "value\ngap %", 100, 2),
    Column("nodes_used", "nodes\nused", 1, 0),
    Column("fragmentation_gpu", "GPU frag.\n%", 100, 1),
    Column("fragmentation_cpu", "cpu frag.\n%", 100, 1),
    Column("balance_cv", "balance\ncv", 1, 2),
)
LATENCY = (
    Column("latency_p50_us", "p50\nµs", 1, 0),
    Column("latency_p99_us", "p99\nµs", 1, 0),
    Column("throughput_pods_per_s", "pods\nper s", 1, 0),
    Column("schedule_seconds", "total\ns", 1, 2),
    Column("seconds_to_1_percent", "to 1 %\ns", 1, 2),
    Column("peak_memory_mb", "memory\nMB"),
)
COLUMNS = (*QUALITY, *LATENCY)
WEIGHTED = {"placed_share": "placed_priority_weighted", "gap": "gap_value"}
"""What weighs the pods of a plain metric by priority."""

BY_PRIORITY = "_by_priority"
"""How the families end that have a member for each priority."""

UNITS = {"share": "%", "pods/s": "pods per s"}
DECIMALS = {
    "share": 1,
    "points": 0,
    "pods": 0,
    "nodes": 0,
    "moves": 0,
    "µs": 0,
    "pods/s": 0,
    "MB": 0,
}
IMPORTANCE = (
    "placed_share",
    "placed_priority_weighted",
    "gap",
    "gap_value",
    "nodes_used",
    "latency_p50_us",
    "latency_p99_us",
    "fragmentation_gpu",
    "fragmentation_cpu",
    "throughput_pods_per_s",
    "balance_cv",
    "schedule_seconds",
    "seconds_to_1_percent",
    "peak_memory_mb",
)
"""Which columns stay where the terminal has no room for all."""


def column(metric: str) -> Column:
    """Return the column of any metric; raise InputError if there is no such one."""
    known = {c.metric: c for c in COLUMNS}
    if metric in known:
        return known[metric]
    try:
        unit = METRICS[metric].unit
    except KeyError as error:
        raise InputError(nearest("metric", metric, METRICS)) from error
    factor, decimals = 100 if unit == "share" else 1, DECIMALS.get(unit, 2)
    return Column(metric, _heading(metric, UNITS.get(unit, unit)), factor, decimals)


def _heading(metric: str, unit: str) -> str:
    """Return two lines: the name and the unit, or what is told by priority and which."""
    family, _, member = metric.partition(f"{BY_PRIORITY}:")
    if member:
        return f"{family}\nprio. {member}"
    told = "" if unit == metric else unit
    return f"{metric.removesuffix('_us').removesuffix('_mb')}\n{told}"


def applying(metrics: Sequence[str], cells: pd.DataFrame) -> list[Column]:
    """Return the columns of these metrics that some scheduler of the summary rows has."""
    there = set(cells.loc[cells["mean"].notna(), "metric"])
    return [column(m) for m in metrics if m in there]


def by_importance(cells: pd.DataFrame) -> list[Column]:
    """Return the columns that apply to some scheduler of these summary rows.

    Where all pods have one priority, weighing by it changes nothing and is left out.
    """
    means = dict(iter(cells.groupby("metric")["mean"]))
    known = [m for m in IMPORTANCE if m in means and means[m].notna().any()]
    same = [w for p, w in WEIGHTED.items() if np.array_equal(means[p], means[w], equal_nan=True)]
    return [column(m) for m in known if m not in same]


def texts(column: Column, cells: pd.DataFrame, schedulers: Sequence[str]) -> list[str]:
    """Return a metric's cells in the order of the schedulers, the best ones marked.

    Where a metric applies to some seeds only, the cell says to how many.
    """
    ran = cells.groupby("scheduler")["seeds"].max()
    of = cells[cells["metric"] == column.metric].set_index("scheduler")
    means = [float(of["mean"].get(s, math.nan)) * column.factor for s in schedulers]
    halves = [float(of["half_width"].get(s, math.nan)) * column.factor for s in schedulers]
    seeds = [_some(int(of["seeds"].get(s, 0)), int(ran.get(s, 0))) for s in schedulers]
    rounded = [f"{m:,.{column.decimals}f}" for m in means]
    best = _best(column, means)
    return [
        _cell(mean, text, half, column, some, marked=text == best)
        for mean, text, half, some in zip(means, rounded, halves, seeds, strict=True)
    ]


def _some(seeds: int, ran: int) -> str:
    return f" ({seeds}/{ran})" if seeds < ran else ""


def _best(column: Column, means: Sequence[float]) -> str | None:
    """Return how the best value reads; None if all read alike."""
    given = [m for m in means if not math.isnan(m)]
    if len({f"{m:,.{column.decimals}f}" for m in given}) < 2:
        return None
    best = max(given) if METRICS[column.metric].better == "higher" else min(given)
    return f"{best:,.{column.decimals}f}"


def _cell(mean: float, text: str, half: float, column: Column, some: str, *, marked: bool) -> str:
    if math.isnan(mean):
        return "-  "
    spread = "" if math.isnan(half) else f" ± {half:,.{column.decimals}f}"
    return f"{text}{spread}{some} {BEST if marked else ' '}"
