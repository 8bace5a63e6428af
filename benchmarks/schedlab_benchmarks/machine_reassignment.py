"""Machine reassignment: the instances of the ROADEF/EURO challenge 2012, with a proven bound.

``python -m schedlab_benchmarks.machine_reassignment --help``
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from schedlab.harness.memory import peak_memory_bytes
from schedlab.plot import style
from schedlab_algorithms.machine_reassignment.bound import lower_bound
from schedlab_algorithms.machine_reassignment.problem import Problem
from schedlab_algorithms.machine_reassignment.progress import Effort, Result
from schedlab_algorithms.machine_reassignment.search import solve
from schedlab_algorithms.machine_reassignment.verify import faults, recount
from schedlab_benchmarks.instances import chosen, parser
from schedlab_workloads.machine_reassignment import folder_of, instances_in, read_instance

ABOUT = "machine reassignment (ROADEF/EURO challenge 2012): cost, proven bound, best published"

SELECTION = ("a1_*", "a2_*")
"""What is solved if nobody says what."""

NEAR = 0.01
"""How near the best published cost counts as reached, relative to it."""

LINEAR_PROGRAM = 0.5
"""The share of the seconds after which the bound's linear program is given up."""

PUBLISHED = {
    "a1_1": 44306501,
    "a1_2": 777531842,
    "a1_3": 583005719,
    "a1_4": 262086758,
    "a1_5": 727578310,
    "a2_1": 329,
    "a2_2": 746097632,
    "a2_3": 1210644572,
    "a2_4": 1680615349,
    "a2_5": 318358949,
    "b_01": 3353533859,
    "b_02": 1015569276,
    "b_03": 157091678,
    "b_04": 4677962661,
}
"""The better of two published runs; docs/machine_reassignment.md says which."""


def run(
    instances: Sequence[str] | None,
    seconds: float,
    seed: int,
    folder: Path | None,
    progress: Callable[[str], None],
) -> pd.DataFrame:
    """Reassign the processes of instances, as any :class:`schedlab.cli.experimenting.Experiment`.

    Instances are named such as ``a1_4``, None are those of set A.  The ``folder`` is else
    $SCHEDLAB_PACKING/roadef2012, else ../shared/reference/packing/roadef2012.  ``progress`` is
    also told of every tenth of a search.

    Returns
    -------
    pandas.DataFrame
        A row for each instance: its name, the cost at first (``initial``) and found
        (``value``), the best ``published`` one, how far the value is above it
        (``distance``, relative), the proven ``bound``, ``gap`` as (value - bound) / value,
        processor ``seconds``, those ``to_near`` the published one (within 1 %; NaN: never),
        and the ``peak_memory_mb`` of the process so far.  ``attrs["traces"]`` holds
        (seconds, value) of all incumbents by instance.
    """
    found = folder_of(folder)
    rows, traces = [], {}
    for name in chosen(instances_in(found), instances or SELECTION, "machine reassignment"):
        row, traces[name] = _row(name, read_instance(found, name), seconds, seed, progress)
        rows.append(row)
        progress(f"{name}: {row['value']:,}, bound {row['bound']:,}, {row['seconds']:.0f} s")
    table = pd.DataFrame(rows)
    table.attrs["traces"] = traces
    return table


def _row(
    name: str, problem: Problem, seconds: float, seed: int, progress: Callable[[str], None]
) -> tuple[dict[str, object], list[tuple[float, int]]]:
    began = time.process_time()
    bound = lower_bound(problem, LINEAR_PROGRAM * seconds)
    bounding = time.process_time() - began
    effort = Effort(seconds=max(seconds - bounding, 0.0), clock=time.process_time)
    result = solve(problem, effort, seed, _teller(name, progress))
    verify(name, problem, result, bound)
    trace = [(bounding + at, value) for at, value in result.trace]
    published = PUBLISHED.get(name)
    return {
        "instance": name,
        "initial": result.trace[0][1],
        "value": result.value,
        "published": published,
        "distance": result.value / published - 1 if published else None,
        "bound": bound,
        "gap": (result.value - bound) / max(result.value, 1),
        "seconds": time.process_time() - began,
        "to_near": _to_near(trace, published),
        "peak_memory_mb": peak_memory_bytes() / 1e6,
    }, trace


def _teller(name: str, progress: Callable[[str], None]) -> Callable[[float, int], None]:
    told = [0]

    def tell(share: float, value: int) -> None:
        if int(share * 10) > told[0]:
            told[0] = int(share * 10)
            progress(f"{name}: {told[0] * 10} % of the time, {value:,}")

    return tell


def _to_near(trace: list[tuple[float, int]], published: int | None) -> float:
    if published is None:
        return float("nan")
    return next((at for at, v in trace if v <= published * (1 + NEAR)), float("nan"))


def verify(name: str, problem: Problem, result: Result, bound: int) -> None:
    """Check the assignment, its cost and the bound, independently of the search.

    Raises
    ------
    AssertionError
        If a rule is broken, the cost is another one, or the bound is above it.
    """
    broken = faults(problem, result.assignment)
    if broken:
        raise AssertionError(f"{name}: {broken[0]}")
    if recount(problem, result.assignment) != result.value:
        raise AssertionError(f"{name}: costs {recount(problem, result.assignment)}")
    if bound > result.value:
        raise AssertionError(f"{name}: the bound {bound} is above the cost {result.value}")


def picture(table: pd.DataFrame) -> Figure:
    """Return a figure of each search's gap to its proven bound over processor seconds."""
    figure = style.figure(7.5, 4.4)
    ax = figure.subplots()
    looks = style.styles(table["instance"])
    for name, bound, end in zip(table["instance"], table["bound"], table["seconds"], strict=True):
        seconds, values = zip(*table.attrs["traces"][name], strict=True)
        gaps = [(v - bound) / max(v, 1) for v in (*values, values[-1])]
        look = looks[name]
        ax.plot(
            [*seconds, end],
            [max(g, 1e-9) for g in gaps],
            look.dash,
            color=look.colour,
            drawstyle="steps-post",
            lw=1.4,
            label=name,
        )
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("processor seconds", fontsize=style.SIZE, color=style.INK)
    ax.set_ylabel("(value - bound) / value", fontsize=style.SIZE, color=style.INK)
    ax.legend(fontsize=style.SIZE - 1, frameon=False, labelcolor=style.INK, ncols=2)
    style.title(ax, "machine reassignment: gap to the proven bound")
    return figure


def summary(table: pd.DataFrame) -> str:
    """Return in a line how many costs are near the best published ones."""
    known = table["distance"].dropna().astype(float)
    near = int((known <= NEAR).sum())
    return f"within {NEAR:.0%} of the best published: {near} of {len(known)}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Solve the instances named on the command line and print a table."""
    takes = parser("machine_reassignment", ABOUT, "a2_*", 300.0)
    takes.add_argument("--json", action="store_true", help="print JSON instead of a table")
    takes.add_argument("--picture", type=Path, default=None, help="draw the gap over time")
    given = takes.parse_args(arguments)
    table = run(given.instances or None, given.seconds, given.seed, given.folder, _tell)
    if given.json:
        print(table.to_json(orient="records"))
    else:
        print(table.to_string(index=False, float_format=lambda x: f"{x:.4f}"))
        print(summary(table))
    if given.save is not None:
        table.to_csv(given.save, index=False)
    if given.picture is not None:
        picture(table).savefig(given.picture)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
