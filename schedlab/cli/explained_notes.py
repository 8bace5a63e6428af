"""What an explanation rests on: what the input lacks, and what was left out of it."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.text import Text

from schedlab.model.manifests import DUMP_COMMAND
from schedlab.model.objects import Workload

LACKING = "in the input)"
"""The end of what :attr:`Workload.ignored` says of things that a fuller dump would hold."""


def print_notes(console: Console, workload: Workload) -> None:
    """Print what was left out, and how to get what is missing; nothing if nothing is."""
    if not workload.ignored:
        return
    console.print()
    counted = _counted(workload.ignored)
    console.print(Text(f"Not taken into account: {counted}", "dim"), soft_wrap=True)
    if any(kind.endswith(LACKING) for kind in workload.ignored):
        told = f"All that matters of a cluster is in: {DUMP_COMMAND}"
        console.print(Text(told, "dim"), soft_wrap=True)


def _counted(ignored: Mapping[str, int]) -> str:
    return "; ".join(f"{count} {kind}" for kind, count in ignored.items())
