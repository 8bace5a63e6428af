"""What ``schedlab compare`` prints."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from schedlab.cli.columns import Column, applying, by_importance, column
from schedlab.cli.console import console, print_json
from schedlab.cli.fitted import fitted_table
from schedlab.cli.outcomes import show_outcomes
from schedlab.cli.results import legend, ranked_table, show_failures, show_why_nothing
from schedlab.errors import InputError
from schedlab.harness.compare import differences, known_metrics, merge
from schedlab.harness.outcomes import outcomes
from schedlab.harness.run import Run, load_run
from schedlab.harness.summary import ranking, summarise
from schedlab.metrics import METRICS

Form = Literal["text", "json", "tsv"]

BETTER, WORSE = "*", "!"
DIFFERENCE_LEGEND = (
    f"mean of scheduler - baseline ± 95 % half-width, paired by seed; {BETTER} better, {WORSE} "
    "worse where the interval leaves out zero; without ±: one common seed, or none"
)
STYLES = {BETTER: "bold green", WORSE: "red", " ": ""}


def show_comparison(
    folders: Sequence[Path], baseline: str | None, metrics: Sequence[str] | None, form: Form
) -> None:
    """Print the schedulers of these runs by workload, or how far they are from ``baseline``."""
    runs = [load_run(folder) for folder in folders]
    trials = merge(runs)
    chosen = known_metrics(trials, metrics)
    summary = summarise(trials)
    table = summary if baseline is None else differences(trials, baseline, chosen)
    if form == "text":
        _show_text(summary, table, baseline, partial(_columns, metrics, runs), console())
        for run in runs:
            show_failures(run, console())
    else:
        _print_rows(table[table["metric"].isin(chosen)], form)


def show_run_outcomes(folders: Sequence[Path], baseline: str | None, form: Form) -> None:
    """Print, run by run, what came of each workload beside the baseline, or its suite's own."""
    runs = [load_run(folder) for folder in folders]
    for run in runs:
        against = baseline or run.plan.suite.baseline
        if not against:
            raise InputError(f"{run.folder}: its suite has no baseline: name one by --baseline")
        if form == "text":
            show_outcomes(run.results, against, console())
        else:
            _print_rows(outcomes(run.results, against).assign(run=run.folder.name), form)


def _columns(
    metrics: Sequence[str] | None, runs: Sequence[Run], cells: pd.DataFrame
) -> list[Column]:
    """Return the columns asked for, else those that the suites agree on, else what tells most."""
    if metrics is not None:
        return [column(m) for m in metrics]
    means = cells.rename(columns={"difference": "mean"})
    stated = {run.plan.suite.columns for run in runs}
    agreed = stated.pop() if len(stated) == 1 else ()
    return applying(agreed, means) or by_importance(means)


def _show_text(
    summary: pd.DataFrame,
    table: pd.DataFrame,
    baseline: str | None,
    columns: Callable[[pd.DataFrame], Sequence[Column]],
    out: Console,
) -> None:
    for workload in summary["workload"].unique():
        cells = table[table["workload"] == workload]
        _show_workload(workload, cells, ranking(summary, workload), baseline, columns, out)
    if len(summary):
        text = legend(summary, "--tsv") if baseline is None else DIFFERENCE_LEGEND
        out.print(text, style="dim", markup=False)


def _print_rows(table: pd.DataFrame, form: Form) -> None:
    if form == "json":
        print_json(json.loads(table.to_json(orient="records")))
    else:
        table.to_csv(sys.stdout, sep="\t", index=False)


def _show_workload(
    workload: str,
    cells: pd.DataFrame,
    order: Sequence[str],
    baseline: str | None,
    columns: Callable[[pd.DataFrame], Sequence[Column]],
    out: Console,
) -> None:
    title = workload if baseline is None else f"{workload}: {_from(cells, baseline)}"
    out.print(Text(title, style="bold"))
    if baseline is None:
        out.print(ranked_table(cells, order, columns(cells), out.width))
        show_why_nothing(cells, out)
    elif len(cells):
        out.print(difference_table(cells, order, columns(cells), out.width))
    else:
        out.print(f"no good trial of {baseline} and another scheduler here", markup=False)
    out.print()


def _from(cells: pd.DataFrame, baseline: str) -> str:
    within = len(cells) and baseline not in set(cells["baseline"])
    return f"difference from {baseline}" + (" of the same run" if within else "")


def difference_table(
    cells: pd.DataFrame, order: Sequence[str], columns: Sequence[Column], width: int
) -> Table:
    """Return differences as a table, those that the interval tells from zero marked."""
    by_cell = {(r["metric"], r["scheduler"]): r for _, r in cells.iterrows()}
    schedulers = [s for s in order if s in set(cells["scheduler"])]
    filled = {c: [_difference(c, by_cell[c.metric, s]) for s in schedulers] for c in columns}
    return fitted_table(filled, schedulers, width)


def _difference(column: Column, row: pd.Series[Any]) -> Text:
    mean, half = (float(row[k]) * column.factor for k in ("difference", "half_width"))
    if math.isnan(mean):
        return Text("-  ")
    spread = "" if math.isnan(half) else f" ± {half:,.{column.decimals}f}"
    mark = _mark(column, mean, half)
    return Text(f"{mean:+,.{column.decimals}f}{spread} {mark}", style=STYLES[mark])


def _mark(column: Column, mean: float, half: float) -> str:
    """Return whether a difference is better, worse, or not told from zero (or not measured)."""
    if math.isnan(half) or abs(mean) <= half:
        return " "
    return BETTER if (mean > 0) == (METRICS[column.metric].better == "higher") else WORSE
