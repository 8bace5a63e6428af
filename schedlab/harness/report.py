"""The files that a run ends with: ``table.tsv`` and ``summary.json``."""

from __future__ import annotations

import json

import pandas as pd

from schedlab.harness.outcomes import outcomes
from schedlab.harness.run import Run
from schedlab.harness.store import write_atomic
from schedlab.harness.summary import as_json, ranking

TABLE = "table.tsv"
SUMMARY = "summary.json"
FIGURE = "summary.png"
TIMES_TABLE = "time_by_plugin.tsv"
OUTCOMES_TABLE = "outcomes.tsv"


def write_reports(run: Run) -> None:
    """Write the summary of a run into its folder, for people and for scripts."""
    write_atomic(run.folder / TABLE, wide_table(run).to_csv(sep="\t", index=False))
    write_atomic(run.folder / SUMMARY, json.dumps(as_json(run), indent=2) + "\n")
    suite = run.plan.suite
    if suite.baseline in {s.label for s in suite.schedulers}:
        found = outcomes(run.results, suite.baseline)
        write_atomic(run.folder / OUTCOMES_TABLE, found.to_csv(sep="\t", index=False))
    times = run.time_by_plugin()
    if len(times):
        write_atomic(run.folder / TIMES_TABLE, times.to_csv(sep="\t", index=False))


def wide_table(run: Run) -> pd.DataFrame:
    """Return one ranked row a workload and scheduler: each metric's mean and ± half-width."""
    summary = run.summary()
    order = [(w, s) for w in summary["workload"].unique() for s in ranking(summary, w)]
    by_cell = dict(iter(summary.groupby(["workload", "scheduler"])))
    return pd.DataFrame([_row(by_cell[cell]) for cell in order])


def _row(summary: pd.DataFrame) -> dict[str, object]:
    first = summary.iloc[0]
    row: dict[str, object] = {"workload": first["workload"], "scheduler": first["scheduler"]}
    columns = (summary["metric"], summary["mean"], summary["half_width"])
    for metric, mean, half_width in zip(*columns, strict=True):
        row |= {metric: mean, f"{metric} ±": half_width}
    return row
