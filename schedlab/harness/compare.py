"""Several runs side by side, and how far each scheduler is from a baseline."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
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
    """Return the trials of several runs in one frame, with the column ``run`` (a name).

    A workload whose contents are not the same in all runs is told apart as ``label [run
    folder]``: it is another workload.  So is a scheduler that several runs tried on one
    workload.

    Raises
    ------
    InputError
        If a run is given twice.
    """
    _refuse_twice(runs)
    names = _run_names(runs)
    changed = _changed_workloads(runs)
    frames = [run.trials.copy() for run in runs]
    for frame, name in zip(frames, names, strict=True):
        frame["run"] = name
        frame["workload"] = [_told_apart(w, name, w in changed) for w in frame["workload"]]
    tried = Counter(cell for frame in frames for cell in set(_cells(frame)))
    for frame, name in zip(frames, names, strict=True):
        frame["scheduler"] = [_told_apart(c[1], name, tried[c] > 1) for c in _cells(frame)]
    return pd.concat(frames)


def _told_apart(label: str, run: str, unclear: bool) -> str:
    return f"{label} [{run}]" if unclear else label


def _cells(trials: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(trials["workload"], trials["scheduler"], strict=True))


def differences(trials: pd.DataFrame, baseline: str, metrics: Sequence[str]) -> pd.DataFrame:
    """Return how far every other scheduler's metrics are from the baseline's, by workload.

    Where the two have good seeds in common, ``difference`` is the mean over those of
    scheduler minus baseline, with the 95 % half-width of the *paired* differences (a
    workload's luck with a seed cancels out), and ``seeds`` their number.  Where they have
    none, it is the difference of the means, without an interval and with 0 seeds.

    A label that :func:`merge` told apart by run stands for each run's own: schedulers are
    then compared with the baseline of their run, and left out where that has none.

    Raises
    ------
    InputError
        For a baseline that no workload has, or a metric that no trial has.
    """
    _check_known("baseline", [baseline], set(trials["scheduler"]) | set(_plain_labels(trials)))
    known_metrics(trials, metrics)
    ok = trials[trials["status"] == "ok"]
    rows = [
        [workload, scheduler, against, metric, *_difference(table[scheduler], table[against])]
        for workload, group in ok.groupby("workload", sort=False)
        for pairs in [_baselines(group, baseline)]
        for metric in metrics
        for table in [group.pivot(index="seed", columns="scheduler", values=metric)]
        for scheduler, against in pairs.items()
    ]
    return pd.DataFrame(rows, columns=DIFFERENCE_COLUMNS)


def _baselines(group: pd.DataFrame, baseline: str) -> dict[str, str]:
    """Return with which scheduler each other one of a workload is compared."""
    schedulers = list(group["scheduler"].unique())
    if baseline in schedulers:
        return {s: baseline for s in schedulers if s != baseline}
    labels = zip(_plain_labels(group), group["scheduler"], group["run"], strict=True)
    own = {run: scheduler for label, scheduler, run in labels if label == baseline}
    runs = dict(zip(group["scheduler"], group["run"], strict=True))
    return {s: own[r] for s, r in runs.items() if r in own and s != own[r]}


def _plain_labels(trials: pd.DataFrame) -> list[str]:
    """Return the schedulers' labels as they were before :func:`merge` told them apart."""
    runs = trials["run"] if "run" in trials else [""] * len(trials)
    return [s.removesuffix(f" [{r}]") for s, r in zip(trials["scheduler"], runs, strict=True)]


def known_metrics(trials: pd.DataFrame, metrics: Sequence[str] | None) -> list[str]:
    """Return these metrics, or all of the trials; raise InputError if no trial has one."""
    known = metric_columns(trials)
    if metrics is None:
        return known
    _check_known("metric", metrics, set(known))
    return list(metrics)


def _difference(ours: pd.Series[float], theirs: pd.Series[float]) -> tuple[float, float, int]:
    paired = (ours - theirs).dropna()
    if len(paired):
        return (*mean_interval(paired.to_numpy(np.float64)), len(paired))
    return float(ours.mean() - theirs.mean()), math.nan, 0


def _check_known(kind: str, names: Sequence[str], known: set[str]) -> None:
    for name in names:
        if name not in known:
            raise InputError(nearest(kind, name, known))


def _refuse_twice(runs: Sequence[Run]) -> None:
    for folder, times in Counter(run.folder.resolve() for run in runs).items():
        if times > 1:
            raise InputError(f"{folder}: given {times} times; compare it with others")


def _run_names(runs: Sequence[Run]) -> list[str]:
    """Return the runs' folder names, or their paths where names are not distinct."""
    names = [run.folder.resolve().name for run in runs]
    return names if len(set(names)) == len(names) else [str(run.folder) for run in runs]


def _changed_workloads(runs: Sequence[Run]) -> set[str]:
    contents: dict[str, set[str]] = defaultdict(set)
    for run in runs:
        for result in run.results:
            if result.identity:
                contents[result.workload].add(json.dumps(result.identity["workload"]))
    return {label for label, distinct in contents.items() if len(distinct) > 1}
