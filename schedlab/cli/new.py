"""``schedlab new``: files to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


KINDS = ("score", "filter", "device")


@app.callback()
def new() -> None:
    """Write files to start from."""


@app.command()
def plugin(
    name: Annotated[str, typer.Argument(help="The class's name, such as MyScore.")],
    folder: Annotated[
        Path, typer.Option("--dir", metavar="DIR", help="Where to write the two files.")
    ] = Path(),
    kind: Annotated[
        str,
        typer.Option(
            metavar="|".join(KINDS),
            help="score ranks the nodes with room; filter rejects nodes; device chooses GPUs.",
        ),
    ] = "score",
) -> None:
    """Write a working plugin and its test, and say what to do next.

    Examples:

    \b
    schedlab new plugin MyScore
    schedlab new plugin KeepHeadroom --kind filter --dir plugins
    """
    from schedlab.errors import InputError, nearest

    if kind not in KINDS:
        raise InputError(nearest("kind", kind, KINDS))
    from schedlab.cli.new_plugin import write_plugin

    write_plugin(name, kind, folder)


@app.command()
def scheduler(
    name: Annotated[str, typer.Argument(help="The class's name, such as MyPacker.")],
    folder: Annotated[
        Path, typer.Option("--dir", metavar="DIR", help="Where to write the two files.")
    ] = Path(),
) -> None:
    """Write a working scheduler of whole batches and its test, and say what to do next.

    Examples:

    \b
    schedlab new scheduler MyPacker
    schedlab new scheduler LargestFirst --dir schedulers
    """
    from schedlab.cli.new_plugin import write_plugin

    write_plugin(name, "scheduler", folder)
