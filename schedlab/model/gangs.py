"""Gangs: pods of which so many run together, or none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np

from schedlab.errors import InputError

if TYPE_CHECKING:
    from schedlab.model.objects import PodSpec

GangName = tuple[str, str]
"""A gang's namespace and name: gangs of different namespaces are different ones."""

NO_QUORUM = np.iinfo(np.int64).max
"""How many pods of a gang must run together if nobody says: never enough."""


@dataclass(frozen=True, slots=True)
class Gang:
    """Pods of one namespace of which at least ``least`` run, or none (minCount of a Workload).

    Raises
    ------
    InputError
        For ``least`` below 1 or not whole.
    """

    name: str
    least: int = int(NO_QUORUM)

    def __post_init__(self) -> None:
        if not isinstance(self.least, Integral):
            raise InputError(
                f"Gang({self.name!r}): least: expected a whole number of pods, got {self.least!r}"
            )
        if self.least < 1:
            raise InputError(
                f"Gang({self.name!r}): least: expected at least 1, got {self.least}; "
                "a pod that waits for no other one is of no gang (gang=None)"
            )


def gang_of(spec: PodSpec) -> GangName | None:
    """Return the gang of a pod."""
    return None if spec.gang is None else (spec.namespace, spec.gang.name)


def gang_sizes(specs: Iterable[PodSpec]) -> dict[GangName, int]:
    """Return how many pods each gang takes at least.

    Raises
    ------
    InputError
        If pods of one gang do not agree on it.
    """
    sizes: dict[GangName, int] = {}
    for spec in specs:
        if spec.gang is not None:
            name, least = (spec.namespace, spec.gang.name), spec.gang.least
            if sizes.setdefault(name, least) != least:
                raise InputError(_disagreement(name, sizes[name], least))
    return sizes


def _disagreement(name: GangName, one: int, other: int) -> str:
    def told(least: int) -> str:
        return "no number" if least == NO_QUORUM else f"least={least}"

    return (
        f"gang {'/'.join(name)}: some of its pods state {told(one)}, others {told(other)}; "
        "give all pods of a gang, running ones included, the same least, or the gangs "
        "different names"
    )
