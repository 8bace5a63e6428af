"""``schedlab check``: hold a plugin, scheduler or workload source against its contract."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def check(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME|FILE...",
            help="Installed plugins, schedulers or workloads by name, or Python files, of which "
            "every class is checked.",
        ),
    ],
    args: Annotated[
        list[str] | None,
        typer.Option(
            "--arg", metavar="KEY=VALUE", help="An argument, its value as in TOML; repeatable."
        ),
    ] = None,
    plugin: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="A Python file whose classes have names too."),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Makes the random clusters.")] = 0,
    expect: Annotated[
        list[str] | None,
        typer.Option(metavar="CHECK", help="A check that is known to fail; repeatable."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CHECK|TAG",
            help="Only these checks, by name or tag (locality, shortcut, form, meaning, "
            "arguments, timing); repeatable.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Check that plugins keep their contract, above all the locality that they declare.

    The engine trusts a plugin's locality: it keeps answers for as long as they cannot have
    changed. This asks the plugin about random small clusters in all the ways in which the
    engine does, perturbs what the answer must not depend on, and says what differed and how
    to mend it. Exit code 1 if a check fails.

    Examples:

    \b
    schedlab check my_score.py
    schedlab check NodeResourcesFit TaintToleration
    schedlab check my_filter.py --arg percent=80 --seed 7
    schedlab check my_score.py --only locality
    schedlab check kubernetes --json
    """
    from schedlab.cli.checking import Wanted, check_all

    wanted = Wanted(what, args or [], plugin or [], seed, expect or [], only or [])
    if not check_all(wanted, as_json=json):
        raise typer.Exit(1)
