"""Checking the arguments that packing schedulers share."""

from __future__ import annotations

from collections.abc import Sequence

from schedlab.errors import InputError


def at_least(least: int, **numbers: int) -> None:
    """Raise InputError for an argument below ``least``."""
    for name, number in numbers.items():
        if number < least:
            raise InputError(f"{name}: expected at least {least}, got {number}")


def above_zero(**numbers: float) -> None:
    """Raise InputError for an argument that is not above 0."""
    for name, number in numbers.items():
        if not number > 0:
            raise InputError(f"{name}: expected more than 0, got {number}")


def some_start(start: Sequence[str]) -> None:
    """Raise InputError where no profile is named to start from."""
    if not start:
        raise InputError("start: expected the name of at least one profile, got none")
