"""Checks of arguments that several sources share."""

from __future__ import annotations

from schedlab.errors import InputError


def require_size(what: str, size: int, least: int, most: int) -> None:
    """Raise InputError unless ``size`` is from ``least`` to ``most``."""
    if not least <= size <= most:
        raise InputError(f"{what}: expected {least:,} to {most:,}, got {size:,}")
