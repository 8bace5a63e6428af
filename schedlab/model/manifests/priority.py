"""Pod priority and preemption policy, as the Priority admission plugin resolves them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from schedlab.errors import nearest
from schedlab.model.manifests.fields import Field

LOWEST, HIGHEST = -(1 << 31), (1 << 31) - 1
POLICIES = ("PreemptLowerPriority", "Never")


@dataclass(frozen=True, slots=True)
class PriorityClass:
    """What a PriorityClass gives to pods; a default one also to pods that name none."""

    value: int
    preemption_policy: str = POLICIES[0]
    is_default: bool = False


Classes = Mapping[str, PriorityClass]

SYSTEM_CLASSES: Classes = {
    "system-cluster-critical": PriorityClass(2_000_000_000),
    "system-node-critical": PriorityClass(2_000_001_000),
}
"""The classes that every cluster has."""


def priority_class(field: Field) -> PriorityClass:
    """Return what a PriorityClass object says."""
    return PriorityClass(
        field["value"].integer(low=LOWEST, high=HIGHEST),
        field["preemptionPolicy"].choice(POLICIES, POLICIES[0]),
        field["globalDefault"].flag(),
    )


def priority(spec: Field, classes: Classes) -> tuple[int, str]:
    """Return a pod's priority and preemption policy.

    ``spec.priority``, which the API server has filled in on every pod of a dump, wins.

    Raises
    ------
    InputError
        If there is only the name of a class, and no such class.
    """
    named = _class_of(spec, classes)
    value = spec["priority"].integer(named.value, LOWEST, HIGHEST)
    return value, spec["preemptionPolicy"].choice(POLICIES, named.preemption_policy)


def _class_of(spec: Field, classes: Classes) -> PriorityClass:
    name = spec["priorityClassName"].text("")
    if name in classes:
        return classes[name]
    if spec["priority"].present:
        return PriorityClass(0)
    if name:
        raise spec["priorityClassName"].error(
            f"{nearest('PriorityClass', name, classes)}; add the object, or set spec.priority"
        )
    defaults = (c for c in classes.values() if c.is_default)
    return min(defaults, key=lambda c: c.value, default=PriorityClass(0))
