"""What a run ends with on the terminal: ranked tables, failures, where the files are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from schedlab.cli.columns import BEST, Column, applying, by_importance, texts
from schedlab.cli.fitted import fitted_table
from schedlab.harness.report import SUMMARY, TABLE
from schedlab.harness.run import Run
from schedlab.harness.summary import ranking
from schedlab.metrics.placed import unplaced_by_reason

LEAST_SHARE = 0.005
"""The smallest share of a scheduler's time that the terminal shows; the file has them all."""

MANY = 12
"""How many workloads have their tables on the terminal, and their rows in the figure."""

REASON = f"{unplaced_by_reason.name}:"
FAILURE = ["workload", "status", "reason"]


def show_rankings(run: Run, out: Console) -> None:
    """Print one ranked table for each workload, unless they are very many."""
    summary, chosen = run.summary(), run.plan.suite.columns
    workloads = summary["workload"].unique()
    if len(workloads) > MANY:
        out.print(f"{len(workloads)} workloads; a row for each and scheduler: {TABLE}")
        return
    for workload in workloads:
        cells = summary[summary["workload"] == workload]
        columns = applying(chosen, cells) or by_importance(cells)
        table = ranked_table(cells, ranking(summary, workload), columns, out.width)
        out.print(_title(run, workload), table, sep="\n")
        show_why_nothing(cells, out)
        out.print()
    if len(summary):
        out.print(legend(summary, TABLE), style="dim", markup=False)


def ranked_table(
    cells: pd.DataFrame, schedulers: Sequence[str], columns: Sequence[Column], width: int
) -> Table:
    """Return the schedulers' means as a table, the best of each column marked."""
    filled = {c: [_styled(t) for t in texts(c, cells, schedulers)] for c in columns}
    return fitted_table(filled, schedulers, width)


def show_why_nothing(cells: pd.DataFrame, out: Console) -> None:
    """Where no scheduler places a pod of a workload, print the most frequent reason."""
    placed = cells[cells["metric"] == "pods_placed"]["mean"]
    reasons = cells[cells["metric"].str.startswith(REASON) & (cells["mean"] > 0)]
    if placed.empty or placed.any() or reasons.empty:
        return
    pods = reasons.groupby("metric", sort=True)["mean"].mean()
    reason = str(pods.idxmax()).removeprefix(REASON)
    told = f"No scheduler places any pod, most often because of {reason} (pods: {pods.max():,.0f})"
    out.print(told, style="red", markup=False, soft_wrap=True)


def show_times(run: Run, out: Console) -> None:
    """Print what each scheduler's plugins cost, where that was measured."""
    times = run.time_by_plugin()
    for workload, cells in times.groupby("workload", sort=False):
        out.print(_title(run, str(workload)), times_table(cells), sep="\n")
        out.print()


def times_table(times: pd.DataFrame) -> Table:
    """Return the mean cost by scheduler, extension point and plugin, over the seeds."""
    keys = ["scheduler", "point", "plugin"]
    means = times.groupby(keys, sort=False)[["us_per_pod", "calls"]].mean().reset_index()
    table = Table("scheduler", "extension point", "plugin", box=None)
    for heading in ("us per pod", "share", "calls"):
        table.add_column(heading, justify="right")
    for scheduler, rows in means.groupby("scheduler", sort=False):
        ranked = rows.sort_values("us_per_pod", ascending=False, kind="stable")
        total = ranked["us_per_pod"].sum()
        for _, row in ranked[ranked["us_per_pod"] >= LEAST_SHARE * total].iterrows():
            cost = row["us_per_pod"]
            figures = (f"{cost:.2f}", f"{cost / total:.0%}", f"{row['calls']:,.0f}")
            table.add_row(str(scheduler), row["point"], row["plugin"], *figures)
    return table


def show_failures(run: Run, out: Console) -> None:
    """Print every trial that ended badly and why, and how many did not run."""
    failures = run.failures()
    if len(failures):
        out.print(f"\n{len(failures)} of {len(run.results)} trials failed:", style="bold red")
    for (workload, status, reason), group in failures.groupby(FAILURE, sort=False):
        trials = ", ".join(_trials(group))
        out.print(f"  {workload} · {trials}: {status}: {reason}", markup=False, soft_wrap=True)
    pending = int((run.trials["status"] == "pending").sum())
    if pending:
        hint = f"schedlab run --resume {run.folder}"
        out.print(f"\n{pending} trials did not run; {hint} runs them", style="bold red")


def _trials(failures: pd.DataFrame) -> Iterator[str]:
    for scheduler, group in failures.groupby("scheduler", sort=False):
        seeds = ", ".join(map(str, group["seed"]))
        yield f"{scheduler} (seed{'s' if len(group) > 1 else ''} {seeds})"


def show_files(run: Run, figure: Path | None, out: Console) -> None:
    """Print where the results are kept."""
    out.print()
    for path in (run.folder / TABLE, run.folder / SUMMARY, figure):
        if path is not None:
            out.print(str(path), soft_wrap=True, markup=False)


def _styled(text: str) -> Text:
    return Text(text, style="bold green" if text.endswith(BEST) else "")


def _title(run: Run, workload: str) -> Text:
    size = next(r.size for r in run.results if r.workload == workload and r.size is not None)
    bound = f" beside {size.bound:,} running" if size.bound else ""
    told = f"{size.nodes:,} nodes, {size.pods:,} pods{bound}"
    return Text.assemble((workload, "bold"), (f"  {told}", "dim"))


def legend(summary: pd.DataFrame, all_metrics: str) -> str:
    """Return how to read a ranked table, and where all metrics are."""
    seeds = int(summary["seeds"].max())
    spread = f"mean ± 95 % half-width over {seeds} seeds; " if seeds > 1 else ""
    latency = "latency is of the scheduler's logic only (for p99 use --workers 1)"
    return f"{BEST} best; {spread}{latency}; all metrics: {all_metrics}"
