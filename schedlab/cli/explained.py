"""Explanations for people: the answer first, then the numbers behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from schedlab.explain.answer import UNRESOLVABLE
from schedlab.explain.report import headline

Answer = dict[str, Any]

COLUMNS = 4
"""Nodes shown beside each other: the chosen one and those next to it."""

LISTED = 6
"""Nodes named before the rest is counted."""

IN_TABLE = 3

CHANGES = 8
EVICTIONS = 3


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
    title = Text(told["pod"], style="bold")
    title.append_text(_fate_of(told))
    context = f"scheduler {told['scheduler']}"
    if told["scheduledBefore"]:
        pods = "pod" if told["scheduledBefore"] == 1 else "pods"
        context += f", at its turn after {told['scheduledBefore']} {pods}"
    if told["runsOn"] is not None:
        context = f"Without it, it would be placed {_again(told)} ({context})."
    else:
        context = f"({context})"
    summary = headline(told) if told["chosen"] is None else _margin(told)
    return [title, Text(context), Text(summary), *_volumes(told)]


def _fate_of(told: Answer) -> Text:
    nodes, chosen, home = told["nodes"], told["chosen"], told["runsOn"]
    if home is not None:
        return Text(f" runs on {nodes[home]}", style="bold")
    if chosen is not None:
        return Text(f" → {nodes[chosen]}", style="bold green")
    preemption = told.get("preemption", {})
    if preemption.get("nominated") is not None:
        victims = len(preemption["victims"])
        pods = f"{victims} pod{'s' * (victims > 1)}"
        return Text(f" → {nodes[preemption['nominated']]}, evicting {pods}", style="bold yellow")
    return Text(" is pending", style="bold red")


def _again(told: Answer) -> str:
    chosen = told["chosen"]
    if chosen is None:
        return "nowhere"
    return "there again" if chosen == told["runsOn"] else f"on {told['nodes'][chosen]}"


def _volumes(told: Answer) -> list[Text]:
    """Return a line on the volumes that claims would be given with the node."""
    given = (
        f"{claim} a new volume" if volume == "<provision>" else f"{claim} volume {volume}"
        for claim, volume in told.get("volumes", {}).items()
    )
    named = ", ".join(given)
    return [Text(f"It gives claim {named}.")] if named else []


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
    rejections = table("rejected first by", "nodes", "reason", "eviction could help", "which")
    nodes = told["nodes"]
    outside = told["filtered"].get("PreFilterResult", [])
    if outside:
        plugins = " ".join(told["prefilterPlugins"])
        rejections.add_row(plugins, str(len(outside)), "not among the nodes named", "no", "")
    order = told["filterOrder"]
    for group in sorted(
        told.get("reasons", ()), key=lambda g: (order.index(g["plugin"]), -len(g["nodes"]))
    ):
        rows = group["nodes"]
        helps = "no" if group["code"] == UNRESOLVABLE else "yes"
        reasons = ", ".join(group["reasons"])
        names = _named([nodes[row] for row in rows], IN_TABLE)
        rejections.add_row(group["plugin"], str(len(rows)), reasons, helps, names)
    return rejections


def _scores(told: Answer) -> Table:
    """Return points (weight x score, and the raw score) of the best nodes by plugin."""
    shown = _ranking(told)[:COLUMNS]
    places = [told["feasible"].index(row) for row in shown]
    ranked = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    ranked.add_column("score by")
    for heading in ("weight", *(told["nodes"][row] for row in shown), "lead"):
        ranked.add_column(heading, justify="right")
    for plugin, scores in told.get("scores", {}).items():
        weight = told["weights"][plugin]
        points = [weight * scores[place] for place in places]
        raw = told.get("raw", {}).get(plugin)
        cells = [_points(p, raw and raw[at]) for p, at in zip(points, places, strict=True)]
        ranked.add_row(plugin, str(weight), *cells, f"{points[0] - points[1]:+d}")
    totals = [told["total"][place] for place in places]
    lead = f"{totals[0] - totals[1]:+d}"
    ranked.add_row("total", "", *map(str, totals), lead, style="bold")
    return ranked


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
        f"Preemption: it is nominated for {nodes[found['nominated']]} and evicts {victims} "
        f"({len(found['candidates'])} nodes were candidates)."
    )


def _print_changes(console: Console, told: Answer) -> None:
    found, nodes = told["counterfactual"], told["nodes"]
    console.print()
    if found["changes"]:
        title = "What would let it fit (each verified by asking all filters)"
        _print_list(console, title, found["changes"], nodes)
    elif found["pairs"]:
        title = "No single change lets it fit; two at once do (verified by asking all filters)"
        _print_list(console, title, found["pairs"], nodes)
    else:
        console.print(Text("No change of one or two things lets it fit.", "bold"))
    if not found["changes"]:
        _print_nearest(console, found["nearest"], nodes)
    if found["podsNotTried"]:
        console.print(
            f"({found['podsNotTried']} running pods were not tried as the one in the way)"
        )


def _print_list(
    console: Console, title: str, changes: Sequence[Answer], nodes: Sequence[str]
) -> None:
    console.print(Text(title, "bold"))
    shown = _worth_telling(changes)
    for i, change in enumerate(shown, start=1):
        where = _named([nodes[row] for row in change["nodes"]])
        console.print(Text(f"{i:3}. {change['change']} → fits on {where}"), soft_wrap=True)
    if len(changes) > len(shown):
        console.print(f"     and {len(changes) - len(shown)} more (--json tells all)")


def _print_nearest(console: Console, nearest: Sequence[Answer], nodes: Sequence[str]) -> None:
    if nearest:
        console.print(Text("\nNearest to fitting:", "bold"))
    for near in nearest:
        reasons = "; ".join(f"{o['plugin']}: {o['reason']}" for o in near["obstacles"])
        console.print(Text(f"  {nodes[near['node']]}: {reasons}"), soft_wrap=True)


def _worth_telling(changes: Sequence[Answer]) -> list[Answer]:
    """Return the smallest changes, but no long list of pods in the way."""
    evictions, shown = 0, []
    for change in changes:
        evictions += change["change"].startswith("remove the pod")
        if not change["change"].startswith("remove the pod") or evictions <= EVICTIONS:
            shown.append(change)
    return shown[:CHANGES]


def table(*headings: str) -> Table:
    """Return an empty table without lines; a column of numbers of nodes is aligned right."""
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in headings:
        made.add_column(heading, justify="right" if heading == "nodes" else "left")
    return made


def _named(names: Sequence[str], most: int = LISTED) -> str:
    more = len(names) - most
    shown = ", ".join(names[:most])
    return f"{shown} and {more} more" if more > 0 else shown
