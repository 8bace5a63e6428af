"""What experiments on published instances share: which are meant, and the command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from schedlab.errors import InputError


def chosen(names: Sequence[str], patterns: Sequence[str], experiment: str) -> list[str]:
    """Return the names meant by some patterns, each once, in the order of the names.

    Raises
    ------
    InputError
        Naming the experiment, if one of the patterns means none.
    """
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            there = f"{len(names)} are there" + (f", such as {names[0]}" if names else "")
            raise InputError(f"{experiment}: no instance is called {pattern} ({there})")
    return [name for name in names if any(fnmatchcase(name, p) for p in patterns)]


def parser(program: str, about: str, example: str, seconds: float) -> argparse.ArgumentParser:
    """Return a parser of what every such experiment takes, ``seconds`` by default for each."""
    found = argparse.ArgumentParser(prog=program, description=about)
    found.add_argument("instances", nargs="*", help=f"names or patterns, such as {example!r}")
    found.add_argument("--seconds", type=float, default=seconds, help="processor seconds for each")
    found.add_argument("--seed", type=int, default=0)
    found.add_argument("--folder", type=Path, default=None)
    found.add_argument("--save", type=Path, default=None, help="write the table as CSV, too")
    return found
