"""Tables of schedulers by metrics that keep to the width of the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from schedlab.cli.columns import COLUMNS, Column

GAP = 2
"""Blanks between columns."""


def fitted_table(
    filled: Mapping[Column, Sequence[Text]], schedulers: Sequence[str], width: int
) -> Table:
    """Return a numbered row for each scheduler, with the columns that fit into ``width``.

    ``filled`` holds the most important column first; the known ones are shown in the order
    of :data:`COLUMNS`, others after them.  Those left out are named under the table.
    """
    table = Table(
        box=None,
        pad_edge=False,
        header_style="bold",
        padding=(0, GAP, 0, 0),
        caption_justify="left",
    )
    table.add_column("\n#", justify="right")
    table.add_column("\nscheduler", no_wrap=True)
    kept = _shown_order(_fitting(filled, width - _names_width(schedulers)))
    for column in kept:
        table.add_column(column.heading, justify="right", no_wrap=True)
    for at, scheduler in enumerate(schedulers):
        table.add_row(str(at + 1), Text(scheduler), *(filled[c][at] for c in kept))
    left_out = [c.metric for c in filled if c not in kept]
    if left_out:
        table.caption = Text(f"no room for {', '.join(left_out)}", style="dim")
    return table


def _names_width(schedulers: Sequence[str]) -> int:
    numbers = len(str(len(schedulers)))
    return numbers + GAP + max(map(len, ("scheduler", *schedulers)))


def _fitting(filled: Mapping[Column, Sequence[Text]], room: int) -> list[Column]:
    kept: list[Column] = []
    for column, cells in filled.items():
        heading = max(map(len, column.heading.split("\n")))
        needed = GAP + max(heading, *(len(c) for c in cells))
        if needed <= room or not kept:
            kept.append(column)
            room -= needed
    return kept


def _shown_order(columns: Sequence[Column]) -> list[Column]:
    known = [c for c in COLUMNS if c in columns]
    return [*known, *(c for c in columns if c not in known)]
