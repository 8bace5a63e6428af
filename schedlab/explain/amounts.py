"""Amounts of resources as people write them."""

from __future__ import annotations

from schedlab.model.objects import CPU, EPHEMERAL_STORAGE, MEMORY

BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")


def written(resource: str, amount: int) -> str:
    """Return an amount as a Kubernetes quantity: exactly, in the largest unit that allows it."""
    if resource == CPU:
        return f"{amount // 1000}" if amount % 1000 == 0 else f"{amount}m"
    if resource in (MEMORY, EPHEMERAL_STORAGE) or resource.startswith("hugepages-"):
        return _in_binary(amount)
    return str(amount)


def _in_binary(amount: int) -> str:
    unit = 0
    while amount and amount % 1024 == 0 and unit < len(BINARY) - 1:
        amount //= 1024
        unit += 1
    return f"{amount}{BINARY[unit]}"
