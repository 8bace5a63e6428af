"""The table of what came of each workload beside a baseline."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from schedlab.harness.outcomes import OUTCOMES, outcomes
from schedlab.harness.trial import TrialResult

LEGEND = (
    "seeds on which a scheduler places more than {baseline}, by priority from the highest down; "
    "certified: nobody places more. all placed: {baseline} leaves no pod"
)


def show_outcomes(results: Sequence[TrialResult], baseline: str, out: Console) -> None:
    """Print how many seeds of each workload came out how, and of all workloads together."""
    found = outcomes(results, baseline)
    for scheduler, cells in found.groupby("scheduler", sort=False):
        out.print(Text.assemble((str(scheduler), "bold"), f" beside {baseline}"))
        out.print(outcomes_table(cells))
        out.print()
    out.print(LEGEND.format(baseline=baseline), style="dim", markup=False)


def outcomes_table(cells: pd.DataFrame) -> Table:
    """Return a row for each workload, and their sum; only the outcomes that there are."""
    there = [o for o in OUTCOMES if cells[o].any()]
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("workload", no_wrap=True)
    for heading in ("seeds", *there):
        table.add_column(heading, justify="right")
    for row in cells.to_dict("records"):
        table.add_row(str(row["workload"]), *(f"{row[c]:,}" for c in ("seeds", *there)))
    if len(cells) > 1:
        sums = cells[["seeds", *there]].sum()
        table.add_row("all", *(f"{n:,}" for n in sums), style="bold")
    return table
