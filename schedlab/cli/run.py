"""``schedlab run``: compare schedulers on workloads."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def run(
    suite: Annotated[
        str | None,
        typer.Argument(help="A suite's name (schedlab list suites) or the path of a TOML file."),
    ] = None,
    plugin: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="A Python file whose plugins compete too; repeatable."),
    ] = None,
    schedulers: Annotated[
        str | None,
        typer.Option(
            metavar="A,B",
            help="Only these: labels of the suite, or any names of schedlab list schedulers.",
        ),
    ] = None,
    workloads: Annotated[
        str | None,
        typer.Option(
            metavar="A,B",
            help="Only these: labels of the suite, names of schedlab list workloads, or files "
            "(.toml synthetic; .yaml, .json Kubernetes objects; a folder of nodes.csv, pods.csv).",
        ),
    ] = None,
    seeds: Annotated[
        str | None, typer.Option(metavar="SEEDS", help="Other seeds, such as 0,1,2 or 42-51.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="PATH=VALUE",
            help="Change a value: workloads.LABEL.key, schedulers.LABEL.key, or a key of the "
            "suite, such as budget.effort; repeatable.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The run folder, new or empty [runs/<suite>-<time>]."),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Go on with the run in this folder (then no SUITE)."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Trials at a time [one for each CPU]; 1 times best."),
    ] = None,
    profile: Annotated[
        bool,
        typer.Option("--profile", help="Also measure time by plugin and extension point."),
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print the summary as JSON instead of tables.")
    ] = False,
    quiet: Annotated[
        bool,
        typer.Option("--quiet", "-q", help="No progress, no tables: print the run folder."),
    ] = False,
) -> None:
    """Compare schedulers on workloads.

    Runs every workload x scheduler x seed of a suite, each in a process of its own, and
    ranks the schedulers by what they placed and how well, beside what a decision cost
    (scheduler logic only). Exit code: 0 all trials ended well, 1 some did
    not, 2 bad input.

    Examples:

    \b
    schedlab run quickstart
    schedlab run quickstart --plugin my_score.py --schedulers kubernetes,best-fit
    schedlab run openb --set workloads.openb.folder=traces/openb --out runs/openb
    schedlab run smoke --workloads cluster-dump.json --seeds 0-4
    schedlab run quickstart --schedulers kubernetes --seeds 0 --profile
    schedlab run --resume runs/openb
    """
    from schedlab.cli.running import Choice, go_on, report, start

    choice = Choice(suite, plugin or [], schedulers, workloads, seeds, set_ or [], out, profile)
    if resume is not None:
        finished = go_on(resume, choice, workers, quiet)
    else:
        finished = start(choice, workers, quiet)
    raise typer.Exit(report(finished, json, quiet))
