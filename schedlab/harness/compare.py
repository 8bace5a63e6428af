"""Several runs side by side, and how far each scheduler is from a baseline."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pandas as pd

from schedlab.errors import InputError, nearest
from schedlab.harness.run import Run
from schedlab.harness.summary import metric_columns
from schedlab.metrics.statistics import mean_interval

DIFFERENCE_COLUMNS = [
    "workload",
    "scheduler",
    "baseline",
    "metric",
    "difference",
    "half_width",
    "seeds",
]


def merge(runs: Sequence[Run]) -> pd.DataFrame:
    """Return the trials of several runs in one frame.

    A scheduler that several runs have is told apart as ``label [run folder]``.  So is a
    workload whose contents are not the same in all of them: it is another workload.
    """
    names = _run_names(runs)
    schedulers = {s for s, where in _where(runs, "scheduler").items() if len(where) > 1}
    workloads = _changed_workloads(runs)
    frames = [run.trials.copy() for run in runs]
    for frame, name in zip(frames, names, strict=True):
        for column, unclear in (("scheduler", schedulers), ("workload", workloads)):
            frame[column] = [f"{x} [{name}]" if x in unclear else x for x in frame[column]]
    return pd.concat(frames)


def differences(trials: pd.DataFrame, baseline: str, metrics: Sequence[str]) -> pd.DataFrame:
    """Return how far every other scheduler's metrics are from the baseline's, by workload.

    Where the two have good seeds in common, ``difference`` is the mean over those of
    scheduler minus baseline, with the 95 % half-width of the *paired* differences (a
    workload's luck with a seed cancels out), and ``seeds`` their number.  Where they have
    none, it is the difference of the means, without an interval and with 0 seeds.

    Raises
    ------
    InputError
        For a baseline that no workload has, or a metric that no trial has.
    """
    _check_known("baseline", [baseline], set(trials["scheduler"]))
    _check_known("metric", metrics, set(metric_columns(trials)))
    ok = trials[trials["status"] == "ok"]
    rows = [
        [workload, scheduler, baseline, metric, *_difference(table[scheduler], table[baseline])]
        for workload, group in ok.groupby("workload", sort=False)
        for metric in metrics
        for table in [group.pivot(index="seed", columns="scheduler", values=metric)]
        if baseline in table
        for scheduler in group["scheduler"].unique()
        if scheduler != baseline
    ]
    return pd.DataFrame(rows, columns=DIFFERENCE_COLUMNS)


def _difference(ours: pd.Series[float], theirs: pd.Series[float]) -> tuple[float, float, int]:
    paired = (ours - theirs).dropna()
    if len(paired):
        return (*mean_interval(paired.to_numpy(np.float64)), len(paired))
    return float(ours.mean() - theirs.mean()), math.nan, 0


def _check_known(kind: str, names: Sequence[str], known: set[str]) -> None:
    for name in names:
        if name not in known:
            raise InputError(nearest(kind, name, known))


def _run_names(runs: Sequence[Run]) -> list[str]:
    """Return the runs' folder names, or their paths where names are not distinct."""
    names = [run.folder.resolve().name for run in runs]
    return names if len(set(names)) == len(names) else [str(run.folder) for run in runs]


def _where(runs: Sequence[Run], column: str) -> dict[str, set[int]]:
    """Return in which runs each value of a column of the trials occurs."""
    where: dict[str, set[int]] = defaultdict(set)
    for at, run in enumerate(runs):
        for value in run.trials[column]:
            where[value].add(at)
    return where


def _changed_workloads(runs: Sequence[Run]) -> set[str]:
    contents: dict[str, set[str]] = defaultdict(set)
    for run in runs:
        for result in run.results:
            if result.identity:
                contents[result.workload].add(json.dumps(result.identity["workload"]))
    return {label for label, distinct in contents.items() if len(distinct) > 1}
