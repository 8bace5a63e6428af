"""The tables of ``schedlab bench``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from schedlab.bench.result import CaseResult, Change

NUMBER = re.compile(r"-?[\d,]*\.?\d*")


def plain_table(rows: Sequence[Mapping[str, str]]) -> Table:
    """Return a table of text, its columns the rows' keys; numbers stand to the right."""
    table = _table()
    for column in rows[0] if rows else ():
        numbers = all(NUMBER.fullmatch(row[column]) for row in rows)
        table.add_column(column, justify="right" if numbers else "left")
    for row in rows:
        table.add_row(*row.values())
    return table


def result_table(results: Sequence[CaseResult]) -> Table:
    """Return a row for each case and path: its pace, latency and ratio."""
    table = _table()
    table.add_column("case", no_wrap=True, style="bold")
    table.add_column("path", no_wrap=True)
    for column in ("pods", "left", "pods/s", "p50 us", "p99 us", "x same pods", "x pace"):
        table.add_column(column, justify="right", no_wrap=True)
    for result in results:
        for i, (path, told) in enumerate(result.paths.items()):
            table.add_row(
                "" if i else result.case,
                path,
                f"{told.pods:,}",
                f"{told.pods - told.placed:,}" if told.pods > told.placed else "",
                f"{told.pods_per_second:,.0f}",
                f"{told.p50_us:,.1f}",
                f"{told.p99_us:,.1f}",
                _times(result.ratio(path)),
                _times(result.pace(path)),
            )
    return table


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:,.1f}"


def change_table(changes: Sequence[Change], tolerance: float) -> Table:
    """Return a row for each ratio then and now; what lost more than tolerated is red."""
    table = _table()
    table.add_column("case", no_wrap=True, style="bold")
    table.add_column("nodes", justify="right")
    table.add_column("path", no_wrap=True)
    for column in ("then", "now", "factor"):
        table.add_column(column, justify="right")
    for c in changes:
        style = "bold red" if c.factor < 1 - tolerance else "green" if c.factor > 1 else ""
        factor = Text(f"{c.factor:.2f}", style=style)
        table.add_row(c.case, f"{c.nodes:,}", c.path, f"{c.then:.1f}", f"{c.now:.1f}", factor)
    return table


def _table() -> Table:
    return Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
