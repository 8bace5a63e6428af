"""``schedlab bench``: what a decision costs, by decision path."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def bench(
    cases: Annotated[
        str | None, typer.Option(metavar="A,B", help="Only these cases (see --list).")
    ] = None,
    nodes: Annotated[
        str, typer.Option(metavar="N,M", help="Cluster sizes, such as 500,5000,20000,100000.")
    ] = "500,5000",
    paths: Annotated[
        str | None,
        typer.Option(
            metavar="A,B", help="Decision paths [all]; ratios need the reference among them."
        ),
    ] = None,
    pods: Annotated[
        int, typer.Option(metavar="N", min=1, help="Pods to place in each case, at most.")
    ] = 5000,
    profile: Annotated[
        str, typer.Option(metavar="NAME", help="The profile that decides.")
    ] = "kubernetes",
    reference_seconds: Annotated[
        float,
        typer.Option(
            metavar="S", min=0.01, help="How long the reference path may take in each case."
        ),
    ] = 0.5,
    repeat: Annotated[
        int, typer.Option(metavar="N", min=1, help="Time so often, keep the fastest.")
    ] = 1,
    save: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Save the results as a baseline.")
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Compare with a saved baseline, by ratios."),
    ] = None,
    tolerance: Annotated[
        float, typer.Option(metavar="SHARE", min=0, max=1, help="How much of a ratio may be lost.")
    ] = 0.3,
    list_: Annotated[bool, typer.Option("--list", help="List the cases and leave.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Measure decisions per second on the cases of Kubernetes' scheduler_perf.

    Every decision path places the same pods; the reference path, which keeps nothing, places
    as many as its time allows, and the others are compared with it on these. Each case ends by
    verifying that all paths placed every pod on the same node. Exit code 1 if they did not, or
    if a ratio is worse than the baseline's by more than the tolerance.

    Times are of scheduler logic only: no API server, no binding.

    Examples:

    \b
    schedlab bench
    schedlab bench --cases basic,signatures --nodes 5000,100000 --pods 20000
    schedlab bench --save before.json
    schedlab bench --against before.json
    """
    from schedlab.cli.benching import Wanted, list_cases, run_bench

    if list_:
        list_cases(as_json=json)
        return
    wanted = Wanted(
        cases=cases,
        nodes=nodes,
        paths=paths,
        pods=pods,
        profile=profile,
        reference_seconds=reference_seconds,
        repeat=repeat,
        save=save,
        against=against,
        tolerance=tolerance,
    )
    if not run_bench(wanted, as_json=json):
        raise typer.Exit(1)
