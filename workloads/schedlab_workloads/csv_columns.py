"""The columns that a table of nodes and a table of pods may have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from schedlab.errors import InputError, nearest
from schedlab.model.objects import CPU, GPU_MILLI, MEMORY, PODS

RESOURCE, LABEL, SELECTOR = "resource:", "label:", "selector:"
NEEDED = ("name", CPU, MEMORY)
PLAIN = {CPU: CPU, MEMORY: MEMORY, PODS: PODS, "gpus": "gpus", GPU_MILLI: "gpus"}
"""Resources that have a column of their own, with units of its own."""


@dataclass(frozen=True, slots=True)
class Table:
    """A file, its columns, and the prefixes of those that the user names."""

    file: str
    columns: tuple[str, ...]
    prefixes: tuple[str, ...]


NODE_TABLE = Table(
    "nodes.csv",
    (*NEEDED, "count", "pods", "gpus", "gpu_model"),
    (RESOURCE, LABEL),
)
POD_TABLE = Table(
    "pods.csv",
    (*NEEDED, "count", "namespace", "priority", "node", "gpus", "gpu_milli"),
    (RESOURCE, LABEL, SELECTOR),
)


def refuse_columns(path: Path, columns: Iterable[str], table: Table) -> None:
    """Raise InputError for the first column that says nothing in this table."""
    for column in columns:
        fault = "" if column in table.columns else _fault(column, table)
        if fault:
            raise InputError(f"{path}:1: {fault}")


def _fault(column: str, table: Table) -> str:
    """Return what is wrong with a column that has no fixed name, if anything is."""
    prefix, colon, name = column.partition(":")
    prefix += colon
    if prefix not in table.prefixes:
        return nearest("column", column, [*table.columns, *(f"{p}NAME" for p in table.prefixes)])
    if not name.strip():
        return f"column {column!r}: expected a name after the colon, {prefix}NAME"
    if prefix == RESOURCE and name in PLAIN:
        return f"column {column!r}: {_instead(PLAIN[name], table)}"
    return ""


def _instead(plain: str, table: Table) -> str:
    if plain in table.columns:
        return (
            f"expected it as the plain column {plain!r}; rename it, or leave it out if both stand"
        )
    return "every pod counts as one; leave the column out"
