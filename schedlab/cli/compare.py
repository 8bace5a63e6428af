"""``schedlab compare``: several runs, or several schedulers of one run, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders.")],
    baseline: Annotated[
        str | None,
        typer.Option(
            metavar="LABEL",
            help="Show each scheduler's difference from this one, paired by seed.",
        ),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="These metrics (schedlab list metrics), in this order."),
    ] = None,
    outcomes: Annotated[
        bool,
        typer.Option(
            "--outcomes",
            help="Count the seeds on which a scheduler is better than the baseline, or certified.",
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    tsv: Annotated[bool, typer.Option("--tsv", help="Print one tab-separated table.")] = False,
) -> None:
    """Compare runs with each other.

    Ranks the schedulers of all runs by workload, or shows their differences from a
    baseline. A scheduler that several runs have is told apart by the run's folder; as the baseline
    it stands, without the folder, for each run's own. A difference is
    the mean over common seeds of scheduler minus baseline with the 95 % half-width of the
    paired differences; it is marked where that interval leaves out zero.

    Examples:

    \b
    schedlab compare runs/monday runs/tuesday
    schedlab compare runs/openb --baseline kubernetes
    schedlab compare runs/a runs/b --metrics placed_share,latency_p99_us --tsv
    schedlab compare runs/priority-matters --baseline default --outcomes
    """
    from schedlab.cli.comparing import Form, show_comparison, show_run_outcomes

    if json and tsv:
        raise typer.BadParameter("give --json or --tsv, not both")
    if outcomes and metrics:
        raise typer.BadParameter("--outcomes has columns of its own: leave out --metrics")
    form: Form = "json" if json else "tsv" if tsv else "text"
    if outcomes:
        show_run_outcomes(runs, baseline, form)
        return
    chosen = None if metrics is None else [m.strip() for m in metrics.split(",") if m.strip()]
    show_comparison(runs, baseline, chosen, form)
