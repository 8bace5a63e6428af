"""A finished (or half-finished) run as tidy frames."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from schedlab.errors import InputError, nearest
from schedlab.harness.store import Plan, read_plan, read_result, trial_folder
from schedlab.harness.summary import NOT_METRICS, metric_columns, summarise
from schedlab.harness.tables import table_path
from schedlab.harness.trial import TIMES, Status, TrialResult
from schedlab.metrics.placed import unplaced_by_reason


@dataclass(frozen=True, repr=False)
class Run:
    """One run folder.

    ``results`` holds every planned trial in the order of the suite, those without a result
    as pending.
    """

    folder: Path
    plan: Plan
    results: tuple[TrialResult, ...]

    def __repr__(self) -> str:
        """Return where the run is and how its trials ended, in a line."""
        ends = Counter(result.status.value for result in self.results)
        told = ", ".join(f"{count} {status}" for status, count in ends.items())
        return f"Run({str(self.folder)!r}: {told})"

    @cached_property
    def trials(self) -> pd.DataFrame:
        """One row a trial: workload, scheduler, seed, status and a column for each metric.

        The index is the trial's id; a metric that does not apply is NaN.
        """
        rows = [{**_keys(r), "status": r.status.value, **r.metrics} for r in self.results]
        frame = pd.DataFrame(rows, pd.Index([r.id for r in self.results], name="trial"))
        frame = frame.astype(dict.fromkeys(metric_columns(frame), np.float64))
        reasons = [c for c in frame.columns if c.startswith(f"{unplaced_by_reason.name}:")]
        ok = frame["status"] == "ok"
        frame.loc[ok, reasons] = frame.loc[ok, reasons].fillna(0.0)
        return frame

    @cached_property
    def decisions(self) -> pd.DataFrame:
        """One row a pod and trial, in arrival order.

        workload, scheduler, seed, pod, signature, node (row, -1 unplaced), devices (bit
        mask), latency_us (NaN where decided in batches), turn (position in the order of
        decisions), reason (why it was left).
        """
        return self.table("decisions")

    @cached_property
    def nodes(self) -> pd.DataFrame:
        """One row a node and trial: its pods, and allocatable and requested by resource.

        workload, scheduler, seed, node, pods, ``<resource>_allocatable`` and
        ``<resource>_requested`` in milli-cores, bytes or counts.
        """
        return self.table("nodes")

    def summary(self) -> pd.DataFrame:
        """Return one row a workload, scheduler and metric, over the seeds that ended well.

        mean, half_width (of the 95 % confidence interval; NaN for one seed), seeds (how
        many the metric applied to).
        """
        return summarise(self.trials)

    def differences(self, baseline: str, metrics: Sequence[str] | None = None) -> pd.DataFrame:
        """Return how far every other scheduler is from a baseline, paired by seed.

        One row a workload, scheduler and metric (all that the run has, unless some are named):
        workload, scheduler, baseline, metric, difference (the mean over common seeds of
        scheduler minus baseline), half_width (of its 95 % confidence interval), seeds.

        Raises
        ------
        InputError
            For a baseline that no workload has, or a metric that no trial has.
        """
        from schedlab.harness.compare import differences, known_metrics  # They read runs.

        return differences(self.trials, baseline, known_metrics(self.trials, metrics))

    def time_by_plugin(self) -> pd.DataFrame:
        """Return what a profiled run's plugins cost.

        One row a trial, extension point and plugin, the most expensive of a trial first:
        workload, scheduler, seed, point, plugin, calls, ms, us_per_pod.
        """
        rows = [
            {**_keys(r), **row, "us_per_pod": 1000 * row["ms"] / max(r.size.pods, 1)}
            for r in self.results
            if r.size is not None
            for row in r.info.get(TIMES, ())
        ]
        columns = ["workload", "scheduler", "seed", "point", "plugin", "calls", "ms", "us_per_pod"]
        return pd.DataFrame(rows, columns=columns)

    def failures(self) -> pd.DataFrame:
        """Return one row a trial that ended badly: workload, scheduler, seed, status, reason."""
        bad = [r for r in self.results if r.status not in (Status.OK, Status.PENDING)]
        rows = [{**_keys(r), "status": r.status.value, "reason": r.reason} for r in bad]
        return pd.DataFrame(rows, columns=[*NOT_METRICS, "reason"])

    def table(self, name: str) -> pd.DataFrame:
        """Return the rows of every good trial's ``<name>.parquet``, with its keys in front.

        workload, scheduler and seed come before the table's own columns.

        Raises
        ------
        InputError
            If there are good trials and none has such a table.
        """
        ok = [r for r in self.results if r.status is Status.OK]
        having = [r for r in ok if table_path(self._trial(r), name).is_file()]
        if ok and not having:
            raise InputError(f"{self.folder}: {nearest('table', name, self._tables(ok))}")
        frames = [self._frame(r, name) for r in having]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()

    def has(self, name: str) -> bool:
        """Say whether any good trial left such a table."""
        ok = [r for r in self.results if r.status is Status.OK]
        return any(table_path(self._trial(r), name).is_file() for r in ok)

    def _frame(self, result: TrialResult, name: str) -> pd.DataFrame:
        frame = pq.read_table(table_path(self._trial(result), name)).to_pandas()
        for at, (key, value) in enumerate(_keys(result).items()):
            frame.insert(at, key, value)
        return frame

    def _tables(self, results: Sequence[TrialResult]) -> set[str]:
        return {p.stem for r in results for p in self._trial(r).glob("*.parquet")}

    def _trial(self, result: TrialResult) -> Path:
        return trial_folder(self.folder, result.id)


def load_run(folder: Path | str) -> Run:
    """Read a run folder, finished or not.

    Raises
    ------
    InputError
        If it is not a run folder or a file in it is broken.
    """
    folder = Path(folder)
    plan = read_plan(folder)
    results = tuple(_result(folder, plan, i) for i in range(len(plan.trials)))
    return Run(folder, plan, results)


def _keys(result: TrialResult) -> dict[str, str | int]:
    return {
        "workload": result.workload,
        "scheduler": result.scheduler,
        "seed": result.seed,
    }


def _result(folder: Path, plan: Plan, at: int) -> TrialResult:
    """Return a planned trial's result under the names that the plan gives it now."""
    planned = plan.trials[at].model_dump()
    found = read_result(trial_folder(folder, planned["id"]))
    if found is None:
        return TrialResult(status=Status.PENDING, **planned)
    return found.model_copy(update=planned)
