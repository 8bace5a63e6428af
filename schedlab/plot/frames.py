"""From tidy frames to what figures draw: means with intervals, and errors for wrong frames."""

from __future__ import annotations

import math

import pandas as pd

from schedlab.errors import InputError
from schedlab.metrics import METRICS, mean_interval

QUALITIES = ("placed_share", "nodes_used", "fragmentation_cpu")
"""What tells schedulers apart: the first of these in which they differ."""

MICRO = 1e6


def one_workload(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Return ``frame`` if it has the columns, rows, and one workload only.

    Raises
    ------
    InputError
        Otherwise, saying which workloads there are.
    """
    missing = [c for c in ["workload", "scheduler", *columns] if c not in frame]
    if missing:
        raise InputError(
            f"the frame has no column {', '.join(missing)}; expected a frame of a run, such as "
            "schedlab.load_run(folder).trials"
        )
    names = frame["workload"].unique()
    if len(names) != 1:
        raise InputError(
            f"the frame holds {len(names)} workloads ({', '.join(names) or 'it is empty'}); "
            "a plot shows one: frame[frame.workload == NAME]"
        )
    return frame


def good(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the trials that ended well (all, where the frame has no status)."""
    return trials[trials["status"] == "ok"] if "status" in trials else trials


def intervals(trials: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return mean, low and high of a metric by scheduler, in order of appearance.

    low and high end the 95 % confidence interval, cut at 0 and 1 for shares; with one seed
    they are the mean.  Schedulers to which the metric does not apply are left out.
    """
    rows = {
        name: mean_interval(group[metric].to_numpy(float))
        for name, group in good(trials).groupby("scheduler", sort=False)
    }
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["mean", "half"])
    table = table.dropna(subset=["mean"]).fillna({"half": 0.0})
    limits = (0.0, 1.0) if metric in METRICS and METRICS[metric].unit == "share" else (None, None)
    low = (table["mean"] - table["half"]).clip(*limits)
    high = (table["mean"] + table["half"]).clip(*limits)
    return pd.DataFrame({"mean": table["mean"], "low": low, "high": high})


def costs(trials: pd.DataFrame, latency: str) -> pd.DataFrame:
    """Return mean, low and high of the µs a pod costs, and whether that is amortised.

    A scheduler without decisions to time costs the call's time over its pods.  The low end
    stays above 0, which a log axis does not have.
    """
    timed = intervals(trials, latency).assign(amortised=False)
    if "throughput_pods_per_s" in trials:
        pods_per_s = trials["throughput_pods_per_s"]
        per_pod = trials.assign(cost=MICRO / pods_per_s.where(pods_per_s > 0))
        batch = intervals(per_pod, "cost").assign(amortised=True)
        timed = pd.concat([timed, batch[~batch.index.isin(timed.index)]])
    return timed.assign(low=timed["low"].clip(lower=0.1 * timed["mean"]))


def telling_quality(trials: pd.DataFrame) -> str:
    """Return the first of :data:`QUALITIES` in which the schedulers' means differ.

    Where they differ in none, it is the first that applies.
    """
    distinct = {m: intervals(trials, m)["mean"].nunique() for m in QUALITIES if m in trials}
    told = [m for m, count in distinct.items() if count]
    return next((m for m in told if distinct[m] > 1), told[0] if told else QUALITIES[0])


def label(metric: str) -> str:
    """Return a metric's name for an axis, with its unit and which end is good."""
    known = METRICS[metric]
    words = metric.removesuffix("_us").removesuffix("_mb").replace("_", " ")
    unit = "" if known.unit in ("share", "ratio", *words.split()) else f" [{known.unit}]"
    return f"{words}{unit}, {known.better} is better"


def shown(metric: str, value: float) -> str:
    """Return a value of a metric as figures print it."""
    if math.isnan(value):
        return "n/a"
    if METRICS[metric].unit == "share":
        return f"{100 * value:.1f} %"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
