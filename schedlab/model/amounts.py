"""Amounts are whole numbers of bounded size: arrays would cut off or overflow in silence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from numbers import Integral
from typing import TYPE_CHECKING, Any

from schedlab.errors import InputError

if TYPE_CHECKING:
    from schedlab.model.objects import PodBatch, PodSpec, Workload

MOST_AMOUNT = 2**53
"""The largest amount: 8 PiB of memory.

Scores multiply an amount by 100 in int64 and divide it as a float, which is exact up to here;
a column adds up more than a thousand such amounts before int64 overflows.
"""

Said = Iterable[tuple[str, Any]]


def refuse_broken_amounts(workload: Workload) -> None:
    """Raise InputError for the first request or allocatable that is no whole number in range."""
    for batch in (workload.pods, workload.bound, workload.nominated, workload.history):
        _refuse_in_pods(batch)
    if not _fine(chain.from_iterable(n.allocatable.values() for n in workload.nodes)):
        for node in workload.nodes:
            _refuse(f"node {node.name}: allocatable", node.allocatable.items())


def _refuse_in_pods(batch: PodBatch) -> None:
    if not _fine(amount for spec in batch.specs for _, amount in _said(spec)):
        for signature, spec in enumerate(batch.specs):
            pods = (n for n, s in zip(batch.names, batch.signature, strict=False) if s == signature)
            _refuse(f"pod {next(pods, '?')}: requests", _said(spec))


def _said(spec: PodSpec) -> Iterator[tuple[str, Any]]:
    """Yield the requests, then what scoring assumes in their place."""
    yield from spec.requests
    for assumed in (spec.nonzero, spec.nonzero_placed):
        yield from zip(("cpu", "memory"), assumed or (), strict=False)


def _refuse(where: str, amounts: Said) -> None:
    for resource, amount in amounts:
        if not _fine((amount,)):
            raise InputError(
                f"{where}.{resource} is {amount!r}: expected a whole number, 0 to {MOST_AMOUNT} "
                "(cpu in milli-cores, memory in bytes)"
            )


def _fine(amounts: Iterable[Any]) -> bool:
    """Say whether all are integers in range; types first, as there are few of them."""
    listed = list(amounts)
    integers = all(issubclass(kind, Integral) for kind in set(map(type, listed)))
    return integers and min(listed, default=0) >= 0 and max(listed, default=0) <= MOST_AMOUNT
