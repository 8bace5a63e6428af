"""Whether a class has every method that its kind must have."""

from __future__ import annotations

import inspect
from difflib import get_close_matches

from schedlab.errors import InputError


def require_whole(cls: type) -> None:
    """Raise InputError, with file and line, if a class lacks a method that it must have."""
    missing = sorted(getattr(cls, "__abstractmethods__", ()))
    if missing:
        told = ", ".join(_told(cls, name) for name in missing)
        raise InputError(f"{_place(cls)}: {cls.__name__} has no method {told}")


def _told(cls: type, method: str) -> str:
    signature = inspect.signature(getattr(cls, method))
    arguments = ", ".join(p for p in signature.parameters if p != "self")
    own = [name for name, value in vars(cls).items() if inspect.isfunction(value)]
    near = get_close_matches(method, own, n=1)
    return f"{method}({arguments})" + (f" (is {near[0]!r} meant to be it?)" if near else "")


def _place(cls: type) -> str:
    """Return the class's file and line, or its module where there is no source."""
    try:
        return f"{inspect.getsourcefile(cls)}:{inspect.getsourcelines(cls)[1]}"
    except (OSError, TypeError):
        return cls.__module__
