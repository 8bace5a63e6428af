"""Errors for people: what is wrong, where, what was expected, how to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from schedlab.model_keys import keys_at

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails


class InputError(ValueError):
    """The input is wrong in a way its author can mend; the message says how."""


def nearest(kind: str, name: str, known: Iterable[str]) -> str:
    """Return the message for an unknown name, with the nearest known one."""
    names = sorted(known)
    lowered = {n.lower(): n for n in names}
    close = get_close_matches(name.lower(), lowered, n=1, cutoff=0.5)
    hint = f"; did you mean {lowered[close[0]]!r}?" if close else ""
    return f"unknown {kind} {name!r}{hint} (known: {', '.join(names) or 'none'})"


def explain_validation(error: ValidationError, where: str, model: object = None) -> str:
    """Return a pydantic error as one line for each fault: file, path in it, expectation.

    ``model``, the class that was to be made, tells which keys there are.
    """
    return "\n".join(
        f"{where}: {_path(e['loc'])}{_say(e, model)}" for e in error.errors(include_url=False)
    )


def _path(location: tuple[int | str, ...]) -> str:
    """Return where a fault is, with a colon; nothing where it is the whole that is wrong."""
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return f"{path}: " if path else ""


def _say(fault: ErrorDetails, model: object) -> str:
    if fault["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        *outer, key = fault["loc"]
        return _unknown_key(str(key), keys_at(model, outer))
    if fault["type"] in ("missing", "missing_argument"):
        return "missing, and it has no default"
    message = fault["msg"].removeprefix("Value error, ")
    shown = repr(fault.get("input"))
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return message if " got " in message else f"{message}, got {shown}"


def _unknown_key(key: str, known: Sequence[str] | None) -> str:
    """Return what is wrong with a key, and the nearest of those that there are."""
    if known is None:
        return "unknown key"
    lowered = {k.lower(): k for k in known}
    close = get_close_matches(key.lower(), lowered, n=1, cutoff=0.5)
    hint = f"; did you mean {lowered[close[0]]!r}?" if close else ""
    return f"unknown key{hint} (known: {', '.join(known) or 'none'})"
