"""Selectors by label: what a set of labels must be like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Requirement:
    """One expression of a selector: ``key operator values``.

    Operators: ``In``, ``NotIn``, ``Exists``, ``DoesNotExist``, ``Gt``, ``Lt``.
    """

    key: str
    operator: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """A conjunction of requirements; one without any matches everything."""

    requirements: tuple[Requirement, ...] = ()

    @classmethod
    def of(cls, labels: Mapping[str, str]) -> LabelSelector:
        """Return the selector that asks for exactly these labels (``matchLabels``)."""
        return cls(tuple(Requirement(k, "In", (v,)) for k, v in sorted(labels.items())))

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Say whether every requirement holds for ``labels``."""
        return all(matches_requirement(r, labels) for r in self.requirements)


def matches_requirement(requirement: Requirement, labels: Mapping[str, str]) -> bool:
    """Say whether one requirement holds (apimachinery/pkg/labels/selector.go)."""
    value = labels.get(requirement.key)
    match requirement.operator:
        case "In":
            return value is not None and value in requirement.values
        case "NotIn":
            return value is None or value not in requirement.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt" | "Lt":
            return _compares(requirement, value)
    raise ValueError(f"unknown selector operator {requirement.operator!r}")


def _compares(requirement: Requirement, value: str | None) -> bool:
    number, bound = as_integer(value), as_integer(requirement.values[0])
    if number is None or bound is None:
        return False
    return number > bound if requirement.operator == "Gt" else number < bound


def as_integer(text: str | None) -> int | None:
    """Parse what Go's ``strconv.ParseInt(text, 10, 64)`` would, else None."""
    if text is None:
        return None
    digits = text[1:] if text[:1] in "+-" else text
    if not (digits.isascii() and digits.isdigit()):
        return None
    number = int(text)
    return number if -(1 << 63) <= number < 1 << 63 else None


@dataclass(frozen=True, slots=True)
class NodeSelectorTerm:
    """Node label expressions and node field expressions, all of which must hold."""

    match_expressions: tuple[Requirement, ...] = ()
    match_fields: tuple[Requirement, ...] = ()
