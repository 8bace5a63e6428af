"""What ``schedlab bench`` does: measure case by case, show progress, compare, tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from schedlab.bench.cases import CASES
from schedlab.bench.measure import Plan, measure
from schedlab.bench.result import CaseResult, Change, compare, load, save
from schedlab.cli.bench_table import change_table, plain_table, result_table
from schedlab.cli.console import console, print_json
from schedlab.core.filter_score import PATHS
from schedlab.errors import InputError, nearest
from schedlab.harness.memory import peak_memory_bytes
from schedlab.harness.provenance import describe
from schedlab.registry import installed

MOST_NODES = 1_000_000
LEGEND = (
    "pods/s: all of schedule(), by CPU time; p50, p99: one decision, by the wall clock; x same "
    "pods: times the reference path's speed on the pods that it placed; x pace: its pods/s"
)


@dataclass(frozen=True)
class Wanted:
    """The command's options, as given."""

    cases: str | None
    nodes: str
    paths: str | None
    pods: int
    profile: str
    reference_seconds: float
    repeat: int
    save: Path | None
    against: Path | None
    tolerance: float


def list_cases(*, as_json: bool) -> None:
    """Print every case and what it is."""
    rows = [{"case": c.name, "description": c.about} for c in CASES.values()]
    if as_json:
        print_json(rows)
    else:
        console().print(plain_table(rows))


def run_bench(wanted: Wanted, *, as_json: bool) -> bool:
    """Measure what is wanted, tell of it, and return whether all is well.

    Raises
    ------
    InputError
        For an unknown case, path or profile, a wrong number, or a broken baseline.
    """
    baseline = load(wanted.against) if wanted.against else []
    plans, sizes = _plans(wanted), _numbers(wanted.nodes)
    if wanted.against:
        _require_common(wanted.against, baseline, plans, sizes)
    results = list(_measured(plans, sizes, baseline))
    changes = compare(results, baseline)
    machine = describe(workers=1)
    if wanted.save:
        save(wanted.save, results, machine)
    if as_json:
        print_json(_as_data(results, changes, machine))
    else:
        _print(results, changes, wanted)
    slower = [c for c in changes if c.factor < 1 - wanted.tolerance]
    return not slower and not any(r.differences for r in results)


def _require_common(
    path: Path, baseline: list[CaseResult], plans: dict[str, Plan], sizes: list[int]
) -> None:
    cells = {(name, nodes, plan.profile.name) for name, plan in plans.items() for nodes in sizes}
    if not any(b.cell in cells and b.prefix for b in baseline):
        raise InputError(
            f"{path} has none of these cases and sizes under this profile, measured with the "
            "reference path: nothing could be compared"
        )


def _plans(wanted: Wanted) -> dict[str, Plan]:
    """Return how to measure each case that is wanted, by name."""
    cases = _chosen("case", wanted.cases, list(CASES))
    paths = tuple(_chosen("decision path", wanted.paths, list(PATHS)))
    return {
        name: Plan(
            profile=installed().make_profile(wanted.profile, CASES[name].profile),
            paths=paths,
            pods=wanted.pods,
            reference_seconds=wanted.reference_seconds,
            repeat=wanted.repeat,
        )
        for name in cases
    }


def _chosen(kind: str, text: str | None, known: list[str]) -> list[str]:
    if text is None:
        return known
    names = list(dict.fromkeys(name.strip() for name in text.split(",")))
    for name in names:
        if name not in known:
            raise InputError(nearest(kind, name, known))
    return names


def _numbers(text: str) -> list[int]:
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError as error:
        raise InputError(f"--nodes {text}: expected numbers, such as 500,5000") from error
    if not all(1 <= n <= MOST_NODES for n in numbers):
        raise InputError(f"--nodes {text}: expected 1 to {MOST_NODES:,} nodes")
    return list(dict.fromkeys(numbers))


def _measured(
    plans: dict[str, Plan], sizes: list[int], baseline: list[CaseResult]
) -> Iterator[CaseResult]:
    """Yield each case at each size; the prefix is the baseline's where it has them."""
    prefixes = {b.cell: b.prefix for b in baseline if b.prefix}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console(stderr=True)) as bar:
        task = bar.add_task("", total=len(plans) * len(sizes))
        for nodes, (name, plan) in product(sizes, plans.items()):
            own = replace(plan, prefix=prefixes.get((name, nodes, plan.profile.name)))
            yield measure(CASES[name], nodes, own, _teller(bar, task, f"{name} · {nodes:,} nodes"))
            bar.advance(task)
        bar.update(task, description="done")


def _teller(bar: Progress, task: TaskID, title: str) -> Callable[[str], None]:
    return lambda doing: bar.update(task, description=f"{title} · {doing}")


def _as_data(
    results: list[CaseResult], changes: list[Change], machine: dict[str, Any]
) -> dict[str, Any]:
    return {
        "machine": machine,
        "peak_memory_mb": round(peak_memory_bytes() / 1e6),
        "results": [r.to_dict() for r in results],
        "changes": [{**vars(c), "factor": c.factor} for c in changes],
    }


def _print(results: list[CaseResult], changes: list[Change], wanted: Wanted) -> None:
    out = console()
    for nodes in dict.fromkeys(r.nodes for r in results):
        out.print(f"\n[bold]{nodes:,} nodes[/]")
        out.print(result_table([r for r in results if r.nodes == nodes]))
    differing = [f"{r.case}, {r.nodes:,} nodes: {d}" for r in results for d in r.differences]
    for line in differing:
        out.print(f"DIFFERENT DECISIONS: {line}", style="bold red", markup=False)
    if not differing:
        out.print("\nall paths placed every pod on the same node", style="green")
    out.print(f"{LEGEND}; peak memory {peak_memory_bytes() / 1e6:,.0f} MB")
    if wanted.against:
        out.print(f"\n[bold]against {wanted.against}[/] (ratios to the reference path)")
        out.print(change_table(changes, wanted.tolerance))
        compared = {(c.case, c.nodes) for c in changes}
        missing = [f"{r.case} ({r.nodes:,})" for r in results if (r.case, r.nodes) not in compared]
        if missing:
            out.print(f"not comparable with the baseline: {', '.join(missing)}", style="yellow")
    if wanted.save:
        out.print(f"saved {wanted.save}", soft_wrap=True, markup=False)
