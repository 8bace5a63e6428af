"""A finished (or half-finished) run as tidy frames."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from schedlab.harness.store import Plan, read_plan, read_result, trial_folder
from schedlab.harness.summary import NOT_METRICS, metric_columns, summarise
from schedlab.harness.tables import DECISIONS, NODES
from schedlab.harness.trial import Status, TrialResult
from schedlab.metrics.placed import unplaced_by_reason


@dataclass(frozen=True)
class Run:
    """One run folder.

    ``results`` holds every planned trial in the order of the suite, those without a result
    as pending.
    """

    folder: Path
    plan: Plan
    results: tuple[TrialResult, ...]

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
        return self._frames(DECISIONS)

    @cached_property
    def nodes(self) -> pd.DataFrame:
        """One row a node and trial: its pods, and allocatable and requested by resource.

        workload, scheduler, seed, node, pods, ``<resource>_allocatable`` and
        ``<resource>_requested`` in milli-cores, bytes or counts.
        """
        return self._frames(NODES)

    def summary(self) -> pd.DataFrame:
        """Return one row a workload, scheduler and metric, over the seeds that ended well.

        mean, half_width (of the 95 % confidence interval; NaN for one seed), seeds (how
        many the metric applied to).
        """
        return summarise(self.trials)

    def failures(self) -> pd.DataFrame:
        """Return one row a trial that ended badly: workload, scheduler, seed, status, reason."""
        bad = [r for r in self.results if r.status not in (Status.OK, Status.PENDING)]
        rows = [{**_keys(r), "status": r.status.value, "reason": r.reason} for r in bad]
        return pd.DataFrame(rows, columns=[*NOT_METRICS, "reason"])

    def _frames(self, file: str) -> pd.DataFrame:
        ok = [r for r in self.results if r.status is Status.OK]
        frames = [self._frame(r, file) for r in ok]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()

    def _frame(self, result: TrialResult, file: str) -> pd.DataFrame:
        frame = pq.read_table(trial_folder(self.folder, result.id) / file).to_pandas()
        for at, (key, value) in enumerate(_keys(result).items()):
            frame.insert(at, key, value)
        return frame


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
