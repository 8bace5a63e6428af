"""Errors for people: what is wrong, where, what was expected, how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


class InputError(ValueError):
    """The input is wrong in a way its author can mend; the message says how."""


def nearest(kind: str, name: str, known: Iterable[str]) -> str:
    """Return the message for an unknown name, with the nearest known one."""
    names = sorted(known)
    lowered = {n.lower(): n for n in names}
    close = get_close_matches(name.lower(), lowered, n=1, cutoff=0.5)
    hint = f"; did you mean {lowered[close[0]]!r}?" if close else ""
    return f"unknown {kind} {name!r}{hint} (known: {', '.join(names) or 'none'})"


def explain_validation(error: ValidationError, where: str) -> str:
    """Return a pydantic error as one line for each fault: file, path in it, expectation."""
    return "\n".join(
        f"{where}: {_path(e['loc'])}: {_say(e['msg'], e.get('input'))}"
        for e in error.errors(include_url=False)
    )


def _path(location: tuple[int | str, ...]) -> str:
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path or "(top level)"


def _say(message: str, given: object) -> str:
    shown = repr(given)
    return f"{message}, got {shown if len(shown) <= 60 else shown[:57] + '...'}"
