"""Means over seeds, and who comes first."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pandas as pd

from schedlab.metrics import METRICS
from schedlab.metrics.statistics import mean_interval

if TYPE_CHECKING:
    from schedlab.harness.run import Run

NOT_METRICS = ("workload", "scheduler", "seed", "status", "run")
SUMMARY_COLUMNS = ["workload", "scheduler", "metric", "mean", "half_width", "seeds"]
RANKING = (
    "placed_priority_weighted",
    "nodes_used",
    "fragmentation_gpu",
    "fragmentation_cpu",
    "balance_cv",
)
"""The metrics that order a table: the first decides, the next breaks ties."""


def metric_columns(trials: pd.DataFrame) -> list[str]:
    """Return the columns of a trials frame that are metrics."""
    return [c for c in trials.columns if c not in NOT_METRICS]


def summarise(trials: pd.DataFrame) -> pd.DataFrame:
    """Return mean, 95 % half-width and count over the good seeds of each cell and metric."""
    ok = trials[trials["status"] == "ok"]
    cells = ok.groupby(["workload", "scheduler"], sort=False)
    rows = [
        [*cell, metric, *mean_interval(group[metric].to_numpy()), int(group[metric].count())]
        for cell, group in cells
        for metric in metric_columns(trials)
    ]
    return pd.DataFrame(rows, columns=SUMMARY_COLUMNS)


def ranking(summary: pd.DataFrame, workload: str) -> list[str]:
    """Return the schedulers of a workload, best first by :data:`RANKING`, then by name."""
    cells = summary[summary["workload"] == workload]
    means = cells.pivot(index="scheduler", columns="metric", values="mean")
    keys = {
        str(scheduler): (*(_cost(m, float(row.get(m, math.nan))) for m in RANKING), str(scheduler))
        for scheduler, row in means.iterrows()
    }
    return sorted(keys, key=lambda s: keys[s])


def _cost(metric: str, value: float) -> float:
    if math.isnan(value):
        return math.inf
    return -value if METRICS[metric].better == "higher" else value


def as_json(run: Run) -> dict[str, Any]:
    """Return what a script wants of a run: every cell with its rank, and what went wrong."""
    return {
        "run": str(run.folder),
        "suite": run.plan.suite.name,
        "results": list(_cells(run.summary())),
        "failures": json.loads(run.failures().to_json(orient="records")),
        "pending": int((run.trials["status"] == "pending").sum()),
    }


def _cells(summary: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for workload in summary["workload"].unique():
        for rank, scheduler in enumerate(ranking(summary, workload), 1):
            rows = summary[(summary["workload"] == workload) & (summary["scheduler"] == scheduler)]
            yield {
                "workload": workload,
                "scheduler": scheduler,
                "rank": rank,
                "metrics": {r["metric"]: _interval(r) for _, r in rows.iterrows()},
            }


def _interval(row: pd.Series[Any]) -> dict[str, float | int | None]:
    return {
        "mean": _or_none(row["mean"]),
        "half_width": _or_none(row["half_width"]),
        "seeds": int(row["seeds"]),
    }


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value
