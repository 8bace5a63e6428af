"""All waiting pods in brief: where each goes, or why it goes nowhere."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from schedlab.api import Failure, Placement
from schedlab.cli.explained import table
from schedlab.model.objects import Workload

ROWS = 30


def print_brief(
    console: Console, placement: Placement, workload: Workload, scheduler: str, source: str
) -> None:
    """Print where every waiting pod goes, those that fit nowhere first."""
    placed = int((placement.node >= 0).sum())
    count = len(workload.pods)
    console.print(
        Text(f"{workload.name}: {placed} of {count} waiting pods fit ({scheduler})", style="bold")
    )
    order = sorted(placement.sequence.tolist(), key=lambda pod: bool(placement.node[pod] >= 0))
    why = [f"why on none of {len(workload.nodes)} nodes"] if placed < count else []
    listed = table("pod", "goes to", *why)
    for pod in order[:ROWS]:
        listed.add_row(workload.pods.names[pod], *_fate(placement, workload, pod))
    console.print(listed)
    if len(order) > ROWS:
        console.print(f"and {len(order) - ROWS} more (--json tells all)")
    if count:
        example = workload.pods.names[order[0]]
        console.print(f"\nWhy? Ask for one: schedlab explain {source} {example}")


def _fate(placement: Placement, workload: Workload, pod: int) -> tuple[Text, ...]:
    """Return the pod's node, or none and why."""
    row = int(placement.node[pod])
    if row >= 0:
        return (Text(workload.nodes[row].name),)
    return Text("nowhere", style="red"), Text(_why(placement, workload, pod), style="red")


def _why(placement: Placement, workload: Workload, pod: int) -> str:
    failures: tuple[Failure, ...] = placement.failures[int(placement.failure[pod])]
    nodes: dict[str, int] = {}
    for failure in failures:
        nodes[failure.reason] = nodes.get(failure.reason, 0) + failure.nodes
    if list(nodes.values()) == [len(workload.nodes)]:
        return failures[0].reason
    return ", ".join(f"{n} {reason}" if n else reason for reason, n in nodes.items())
