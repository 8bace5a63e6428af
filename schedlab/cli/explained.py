"""Explanations for people: the answer first, then the numbers behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from schedlab.api import Failure, Placement
from schedlab.explain.answer import UNRESOLVABLE
from schedlab.explain.report import headline
from schedlab.model.objects import Workload

Answer = dict[str, Any]

COLUMNS = 4
"""Nodes shown beside each other: the chosen one and those next to it."""

LISTED = 6
"""Nodes named before the rest is counted."""

IN_TABLE = 3

CHANGES = 8
EVICTIONS = 3
ROWS = 30


def print_pod(console: Console, told: Answer) -> None:
    """Print one pod's explanation."""
    for line in _verdict(told):
        console.print(line, soft_wrap=True)
    if told.get("reasons") or told["filtered"]:
        console.print()
        console.print(_rejections(told))
    if "total" in told:
        console.print()
        console.print(_scores(told))
    if "preemption" in told:
        console.print()
        console.print(Text(_preemption(told)), soft_wrap=True)
    if "counterfactual" in told:
        _print_changes(console, told)


def _verdict(told: Answer) -> list[Text]:
    nodes, chosen, home = told["nodes"], told["chosen"], told["runsOn"]
    title = Text(told["pod"], style="bold")
    context = f"scheduler {told['scheduler']}"
    if told["scheduledBefore"]:
        pods = "pod" if told["scheduledBefore"] == 1 else "pods"
        context += f", at its turn after {told['scheduledBefore']} {pods}"
    if home is not None:
        title.append(f" runs on {nodes[home]}", style="bold")
        again = "nowhere" if chosen is None else f"on {nodes[chosen]}"
        again = "there again" if chosen == home else again
        lines = [title, Text(f"Without it, it would be placed {again} ({context}).")]
    elif chosen is not None:
        title.append(f" → {nodes[chosen]}", style="bold green")
        lines = [title, Text(f"({context})")]
    else:
        title.append(" is pending", style="bold red")
        lines = [title, Text(f"({context})")]
    return [*lines, Text(headline(told) if chosen is None else _margin(told))]


def _margin(told: Answer) -> str:
    nodes, chosen, feasible = told["nodes"], told["chosen"], told["feasible"]
    if len(feasible) == 1:
        return (
            f"{nodes[chosen]} is the only one of {len(nodes)} nodes that fits: nothing is scored."
        )
    fits = f"{len(feasible)} of {len(nodes)} nodes fit."
    if len(told["best"]) > 1:
        others = [nodes[row] for row in told["best"] if row != chosen]
        return f"{fits} {nodes[chosen]} ties with {_named(others)} at {_total(told, chosen)}."
    runner = _ranking(told)[1]
    lead = _total(told, chosen) - _total(told, runner)
    return (
        f"{fits} {nodes[chosen]} leads {nodes[runner]} by {lead} "
        f"({_total(told, chosen)} to {_total(told, runner)})."
    )


def _rejections(told: Answer) -> Table:
    table = _table("rejected first by", "nodes", "reason", "eviction could help", "which")
    nodes = told["nodes"]
    outside = told["filtered"].get("PreFilterResult", [])
    if outside:
        plugins = " ".join(told["prefilterPlugins"])
        table.add_row(plugins, str(len(outside)), "not among the nodes named", "no", "")
    order = told["filterOrder"]
    for group in sorted(
        told.get("reasons", ()), key=lambda g: (order.index(g["plugin"]), -len(g["nodes"]))
    ):
        rows = group["nodes"]
        helps = "no" if group["code"] == UNRESOLVABLE else "yes"
        reasons = ", ".join(group["reasons"])
        names = _named([nodes[row] for row in rows], IN_TABLE)
        table.add_row(group["plugin"], str(len(rows)), reasons, helps, names)
    return table


def _scores(told: Answer) -> Table:
    """Return points (weight x score, and the raw score) of the best nodes by plugin."""
    shown = _ranking(told)[:COLUMNS]
    places = [told["feasible"].index(row) for row in shown]
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("score by")
    for heading in ("weight", *(told["nodes"][row] for row in shown), "lead"):
        table.add_column(heading, justify="right")
    for plugin, scores in told.get("scores", {}).items():
        weight = told["weights"][plugin]
        points = [weight * scores[place] for place in places]
        raw = told.get("raw", {}).get(plugin)
        cells = [_points(p, raw and raw[at]) for p, at in zip(points, places, strict=True)]
        table.add_row(plugin, str(weight), *cells, f"{points[0] - points[1]:+d}")
    totals = [told["total"][place] for place in places]
    lead = f"{totals[0] - totals[1]:+d}"
    table.add_row("total", "", *map(str, totals), lead, style="bold")
    return table


def _points(points: int, raw: int | None) -> str:
    return str(points) if raw is None else f"{points} (raw {raw})"


def _ranking(told: Answer) -> list[int]:
    """Return the feasible rows: the chosen one, then by total, then by row."""
    totals = dict(zip(told["feasible"], told["total"], strict=True))
    chosen = told["chosen"]
    return sorted(totals, key=lambda row: (row != chosen, -totals[row], row))


def _total(told: Answer, row: int) -> int:
    total: int = told["total"][told["feasible"].index(row)]
    return total


def _preemption(told: Answer) -> str:
    found, nodes = told["preemption"], told["nodes"]
    if not found["eligible"]:
        return f"Preemption: not allowed: {found['msg']}"
    if found["nominated"] is None:
        return f"Preemption: no evictions help ({len(found['potential'])} nodes were considered)."
    victims = ", ".join(found["victims"])
    return (
        f"Preemption: it would be nominated for {nodes[found['nominated']]} and evict {victims} "
        f"({len(found['candidates'])} nodes were candidates)."
    )


def _print_changes(console: Console, told: Answer) -> None:
    found, nodes = told["counterfactual"], told["nodes"]
    console.print()
    changes = _worth_telling(found["changes"])
    if changes:
        console.print(Text("What would let it fit (each verified by asking all filters)", "bold"))
        for i, change in enumerate(changes, start=1):
            where = _named([nodes[row] for row in change["nodes"]])
            console.print(Text(f"{i:3}. {change['change']} → fits on {where}"), soft_wrap=True)
        more = len(found["changes"]) - len(changes)
        if more:
            console.print(f"     and {more} more (--json tells all)")
    else:
        console.print(Text("No single change lets it fit. Nearest to it:", "bold"))
        for near in found["nearest"]:
            reasons = "; ".join(f"{o['plugin']}: {o['reason']}" for o in near["obstacles"])
            console.print(Text(f"  {nodes[near['node']]}: {reasons}"), soft_wrap=True)
    if found["podsNotTried"]:
        console.print(
            f"({found['podsNotTried']} running pods were not tried as the one in the way)"
        )


def _worth_telling(changes: Sequence[Answer]) -> list[Answer]:
    """Return the smallest changes, but no long list of pods in the way."""
    evictions, shown = 0, []
    for change in changes:
        evictions += change["change"].startswith("remove the pod")
        if not change["change"].startswith("remove the pod") or evictions <= EVICTIONS:
            shown.append(change)
    return shown[:CHANGES]


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
    table = _table("pod", "goes to")
    for pod in order[:ROWS]:
        table.add_row(workload.pods.names[pod], _fate(placement, workload, pod))
    console.print(table)
    if len(order) > ROWS:
        console.print(f"and {len(order) - ROWS} more (--json tells all)")
    if count:
        example = workload.pods.names[order[0]]
        console.print(f"\nWhy? Ask for one: schedlab explain {source} {example}")


def _fate(placement: Placement, workload: Workload, pod: int) -> Text:
    row = int(placement.node[pod])
    if row >= 0:
        return Text(workload.nodes[row].name)
    failures: tuple[Failure, ...] = placement.failures[int(placement.failure[pod])]
    nodes: dict[str, int] = {}
    for failure in failures:
        nodes[failure.reason] = nodes.get(failure.reason, 0) + failure.nodes
    if list(nodes.values()) == [len(workload.nodes)]:
        return Text(f"nowhere: {failures[0].reason}", style="red")
    return Text(", ".join(f"{n} {reason}" for reason, n in nodes.items()), style="red")


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, justify="right" if heading == "nodes" else "left")
    return table


def _named(names: Sequence[str], most: int = LISTED) -> str:
    more = len(names) - most
    shown = ", ".join(names[:most])
    return f"{shown} and {more} more" if more > 0 else shown
