"""``schedlab``: the table of commands, and what happens to errors."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from schedlab import __version__
from schedlab.cli.help import HELP, show_help
from schedlab.errors import InputError, nearest

COMMANDS = {
    "run": "schedlab.cli.run:run",
    "compare": "schedlab.cli.compare:compare",
    "plot": "schedlab.cli.plot:plot",
    "bound": "schedlab.cli.bound:bound",
    "explain": "schedlab.cli.explain:explain",
    "list": "schedlab.cli.list:list_",
    "new": "schedlab.cli.new:app",
    "check": "schedlab.cli.check:check",
    "bench": "schedlab.cli.bench:bench",
    "experiment": "schedlab.cli.experiment:experiment",
}
"""Each command's function, or its Typer application if it has commands of its own.

Modules named here import at their top only what is light (typer, the standard library);
the rest inside functions, so that ``--help`` stays fast.
"""

BAD_INPUT = 2


class LazyCommands(TyperGroup):
    """The commands of :data:`COMMANDS`; only those that are looked at are imported."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the commands' names in the table's order."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command; raise InputError if there is no such one."""
        if cmd_name not in COMMANDS:
            raise InputError(nearest("command", cmd_name, COMMANDS))
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        return _command(cmd_name, getattr(import_module(module), attribute))


def _command(name: str, target: Any) -> Any:
    if not isinstance(target, typer.Typer):
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(name)(target)
        target = app
    command = typer.main.get_command(target)
    command.name = name
    return command


app = typer.Typer(
    cls=LazyCommands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": list(HELP)},
    rich_markup_mode=None,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"schedlab {__version__}")
        raise typer.Exit


@app.callback()
def schedlab(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Which scheduling algorithm places this workload best, and what does a decision cost?

    Examples:

    \b
    schedlab run quickstart                          compare ten schedulers in a minute
    schedlab new plugin MyScore                      write a plugin and its test
    schedlab run quickstart --plugin my_score.py     rank it among the built-ins
    schedlab list schedulers                         what there is
    """


def main() -> None:
    """Run the command line; bad input is one clear message and exit code 2."""
    try:
        if not show_help(typer.main.get_command(app), "schedlab", sys.argv[1:]):
            app(prog_name="schedlab")
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(BAD_INPUT)
    except BrokenPipeError:  # The reader of our output (head, less) has left: that is its right.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    main()
