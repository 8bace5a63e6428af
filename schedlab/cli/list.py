"""``schedlab list``: what there is, by kind."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

KINDS = ("plugins", "schedulers", "workloads", "suites", "experiments", "metrics")


def list_(
    kind: Annotated[str, typer.Argument(metavar="|".join(KINDS), help="What to list.")],
    plugin: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="A Python file whose classes to list too; repeatable."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List plugins, schedulers and the like.

    Tells what each is, its arguments and their defaults, and of plugins what they extend
    and what their answer for a node depends on (locality).

    Examples:

    \b
    schedlab list schedulers
    schedlab list experiments
    schedlab list plugins --plugin my_score.py
    schedlab list metrics --json
    """
    from schedlab.errors import InputError, nearest

    if kind not in KINDS:
        raise InputError(nearest("kind", kind, KINDS))
    from schedlab.cli.catalogue import show_catalogue

    show_catalogue(kind, plugin or [], json)
