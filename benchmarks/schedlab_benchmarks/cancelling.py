"""Cancelling: how soon a packing scheduler answers once nobody wants it to go on.

``python -m schedlab_benchmarks.cancelling --help``
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pandas as pd

from schedlab.errors import InputError
from schedlab.registry import installed
from schedlab_benchmarks.stopped import Case, Stop, cancelled, limited, workload_of

ABOUT = "how soon every packing scheduler answers after it was cancelled, or its time was over"

LADDER = ("Ladder", {"nodes": 1_000, "pods": 10_000})
OWN = {
    "BatchedCpSat": ("DcmScale", {"nodes": 1_000, "pods": 2_000}),
    "Defragment": ("Fragmented", {"nodes": 300, "pods": 20}),
    "MinCostFlow": ("Slots", {"nodes": 2_000, "pods": 24_000}),
}
"""Who is cancelled on other pods than the ladder's: those of its suite, on fewer nodes."""

MORE = (("MinCostFlow", {"model": "pods"}),)
"""Arguments with which a scheduler is cancelled beside its own defaults."""

LIMITS = 3
"""How many limits on the wall clock are tried."""


def run(
    names: Sequence[str] | None,
    source: str | None,
    size: Mapping[str, int],
    seconds: float,
    moments: int,
    seed: int,
    stop: Callable[[Callable[..., Stop], Case, int, float], Stop],
    progress: Callable[[str], None],
) -> pd.DataFrame:
    """Cancel searches at moments spread over their first seconds, and limit others to a time.

    Parameters
    ----------
    names
        Schedulers, or patterns of their names; None for all that are no profiles.
    source
        The workload for all of them, None for that of their suites.
    size
        Arguments of the workload, such as ``nodes`` and ``pods``.
    seconds
        Over how many the moments are spread; fewer where a search ends by itself before.
    moments
        How many.
    seed
        Of the workload and the search.
    stop
        How to call :func:`cancelled` or :func:`limited`: here, or in a process of its own.
    progress
        Is told a line for each scheduler.

    Returns
    -------
    pandas.DataFrame
        A row for each scheduler: its ``workload``, ``nodes`` and ``pods``, how many moments
        there were (``cancelled``), the median and the longest processor time (``cpu_ms``,
        ``longest_cpu_ms``) and wall-clock time (``wall_ms``, ``longest_wall_ms``) from then to
        the answer, by how much the wall clock's limits were exceeded at most (``over_ms``), and
        the ``load`` of the machine.

    Raises
    ------
    InputError
        If a scheduler, the workload or an argument is unknown.
    AssertionError
        If an answer breaks a rule.
    """
    rows = []
    for case in _cases(names, source, size):
        rows.append(_row(case, seconds, moments, seed, stop))
        progress(f"{case.label}: {rows[-1]['longest_cpu_ms']:.0f} ms of CPU at most")
    return pd.DataFrame(rows)


def _cases(names: Sequence[str] | None, source: str | None, size: Mapping[str, int]) -> list[Case]:
    every = installed().schedulers
    for name in names or ():
        if not any(fnmatchcase(known, name) for known in every):
            raise InputError(f"cancelling: no packing scheduler is called {name}")
    chosen = [n for n in every if names is None or any(fnmatchcase(n, p) for p in names)]
    variants = [(n, dict[str, Any]()) for n in chosen] + [m for m in MORE if m[0] in chosen]
    return [_case(name, args, source, size) for name, args in sorted(variants, key=str)]


def _case(name: str, args: Mapping[str, Any], source: str | None, size: Mapping[str, int]) -> Case:
    own, own_size = OWN.get(name, LADDER) if source is None else (source, {})
    return Case(name, tuple(args.items()), own, tuple({**own_size, **size}.items()))


def _row(
    case: Case,
    seconds: float,
    moments: int,
    seed: int,
    stop: Callable[[Callable[..., Stop], Case, int, float], Stop],
) -> dict[str, object]:
    """Cancel one search after the other, and describe how that went."""
    length = min(seconds, stop(cancelled, case, seed, seconds).seconds)
    at = [length * (i + 0.5) / moments for i in range(moments)]
    stops = [s for t in at if (s := stop(cancelled, case, seed, t)).wall >= 0]
    limits = [length * (i + 1) / LIMITS for i in range(LIMITS)]
    over = [stop(limited, case, seed, t).wall for t in limits]
    table = pd.DataFrame(stops) * 1e3
    workload = workload_of(case, seed)
    return {
        "scheduler": case.label,
        "workload": case.source,
        "nodes": len(workload.nodes),
        "pods": len(workload.pods),
        "cancelled": len(stops),
        "cpu_ms": table["cpu"].median(),
        "longest_cpu_ms": table["cpu"].max(),
        "wall_ms": table["wall"].median(),
        "longest_wall_ms": table["wall"].max(),
        "over_ms": 1e3 * max(over),
        "load": os.getloadavg()[0],
    }


def here(how: Callable[..., Stop], case: Case, seed: int, seconds: float) -> Stop:
    """Stop a search in this process."""
    return how(case, seed, seconds)


def afresh(how: Callable[..., Stop], case: Case, seed: int, seconds: float) -> Stop:
    """Stop a search that is the first thing a process does, once its workload is there."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(how, (case, seed, seconds))


def summary(table: pd.DataFrame) -> str:
    """Return in a line who took how long at most."""
    worst = table.sort_values("longest_cpu_ms", kind="stable").iloc[-1]
    late = int((table["longest_cpu_ms"] > 100).sum())
    return (
        f"longest: {worst['longest_cpu_ms']:.0f} ms of processor time ({worst['scheduler']}); "
        f"{late} of {len(table)} schedulers took more than 100 ms"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Cancel the schedulers named on the command line and print a table."""
    parser = argparse.ArgumentParser(prog="cancelling", description=ABOUT)
    parser.add_argument("schedulers", nargs="*", help="names or patterns, such as 'MinCost*'")
    parser.add_argument("--workload", help="for all of them, such as ladder-large")
    parser.add_argument("--nodes", type=int)
    parser.add_argument("--pods", type=int)
    parser.add_argument("--seconds", type=float, default=0.8, help="of a search, at most")
    parser.add_argument("--moments", type=int, default=12, help="how often each is cancelled")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--afresh", action="store_true", help="each time in a process of its own")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--save", type=Path, help="write the table as TSV, too")
    chosen = parser.parse_args(arguments)
    size = {k: v for k in ("nodes", "pods") if (v := getattr(chosen, k)) is not None}
    stop = afresh if chosen.afresh else here
    names, spread = chosen.schedulers or None, (chosen.seconds, chosen.moments, chosen.seed)
    table = run(names, chosen.workload, size, *spread, stop, partial(print, file=sys.stderr))
    if chosen.json:
        print(table.to_json(orient="records"))
    else:
        print(table.to_string(index=False, float_format=lambda x: f"{x:.1f}"))
        print(summary(table))
    if chosen.save is not None:
        table.to_csv(chosen.save, sep="\t", index=False)


if __name__ == "__main__":
    main()
