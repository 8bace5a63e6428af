"""How ``schedlab list`` looks on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from schedlab.config.profile import KUBERNETES_FILTERS

Row = Mapping[str, Any]

SHORT = ("name", "extends", "locality", "unit", "better")
"""What has a column of its own; the rest is told under the description."""


MOST_TOLD = 20
"""The longest list that is told whole; --json has all."""

USUAL = {"filters": list(KUBERNETES_FILTERS), "tie_break": "lowest"}
"""What goes without saying."""


def catalogue_table(rows: Sequence[Row]) -> Table:
    """Return a table of rows that all have the same keys or leave some out."""
    columns = [c for c in SHORT if any(c in row for row in rows)]
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, no_wrap=True, style="bold" if column == "name" else "")
    table.add_column("description")
    for row in rows:
        table.add_row(*(_told(row.get(c, "")) for c in columns), _described(row))
    return table


def _described(row: Row) -> Text:
    first_paragraph, *_ = row["description"].split("\n\n")
    text = Text(" ".join(first_paragraph.split()))
    for line in _details(row):
        text.append(f"\n{line}", style="dim")
    return text


def _details(row: Row) -> Iterator[str]:
    for key, value in row.items():
        if key == "arguments":
            yield from (_argument(name, argument) for name, argument in value.items())
        elif key not in (*SHORT, "description") and value and value != USUAL.get(key):
            yield f"{key}: {_told(value)}"


def _argument(name: str, argument: Mapping[str, Any]) -> str:
    default = "required" if argument["required"] else f"= {argument['default']!s}"
    return f"{name}: {argument['type']} {default}"


def _told(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {_told(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        more = [f"and {len(value) - MOST_TOLD} more"] if len(value) > MOST_TOLD else []
        return ", ".join([*map(_told, value[:MOST_TOLD]), *more])
    return str(value)
