"""Showing help without parsing arguments, which would import what parsing needs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

import typer

HELP = ("-h", "--help")


def show_help(root: Any, name: str, words: Sequence[str]) -> bool:
    """Print the help that ``words`` ask for, if they do, and say whether they did."""
    words = words[: words.index("--")] if "--" in words else words
    if not any(word in HELP for word in words):
        return False
    typer.echo(_context(root, name, words).get_help())
    return True


def _context(root: Any, name: str, words: Sequence[str]) -> Any:
    """Return the context of the command that the words before the first option lead to."""
    context = root.context_class(root, info_name=name, help_option_names=list(HELP))
    for word in takewhile(lambda w: not w.startswith("-"), words):
        group = context.command
        command = group.get_command(context, word) if hasattr(group, "get_command") else None
        if command is None:
            break
        context = command.context_class(command, info_name=word, parent=context)
    return context
