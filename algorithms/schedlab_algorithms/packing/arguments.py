"""Checking the arguments that packing schedulers share."""

from __future__ import annotations

from collections.abc import Sequence

from schedlab.errors import InputError


def at_least_one(**numbers: int) -> None:
    """Raise InputError for an argument below 1."""
    for name, number in numbers.items():
        if number < 1:
            raise InputError(f"{name}: expected at least 1, got {number}")


def some_start(start: Sequence[str]) -> None:
    """Raise InputError where no profile is named to start from."""
    if not start:
        raise InputError("start: expected the name of at least one profile, got none")
