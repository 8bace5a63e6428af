"""Arguments that several sources share: what is checked of them, and what they come to."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import ceil

from schedlab.errors import InputError


def require_size(what: str, size: int, least: int, most: int) -> None:
    """Raise InputError unless ``size`` is from ``least`` to ``most``."""
    if not least <= size <= most:
        raise InputError(f"{what}: expected {least:,} to {most:,}, got {size:,}")


def require_crowd(nodes: int, pods_per_node: int, priorities: int, usage: float) -> None:
    """Raise InputError for what cannot be a batch that asks for ``usage`` of equal nodes."""
    require_size("nodes", nodes, 1, 100_000)
    require_size("pods_per_node", pods_per_node, 1, 1_000)
    require_size("priorities", priorities, 1, 1_000)
    if not 0 < usage <= 100:
        raise InputError(f"usage: expected a ratio above 0, got {usage}")


def capacity_of_each(nodes: int, usage: float, asked: Iterable[int]) -> list[int]:
    """Return what each of equal nodes offers of which all pods ask so much, rounded up."""
    offered = nodes * Fraction(str(usage))
    return [ceil(amount / offered) for amount in asked]
