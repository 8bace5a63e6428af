"""Node affinity and tolerations of pod classes."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from schedlab.model.objects import (
    NodeSelectorTerm,
    PreferredSchedulingTerm,
    Requirement,
    as_integer,
)
from schedlab.model.objects import Toleration as PodToleration
from schedlab_workloads.synthetic_base import Key, Strict, fault
from schedlab_workloads.synthetic_pools import Effect

_VALUES_EXPECTED = {
    "In": (1, None, "at least one value"),
    "NotIn": (1, None, "at least one value"),
    "Exists": (0, 0, "no values"),
    "DoesNotExist": (0, 0, "no values"),
    "Gt": (1, 1, "one integer"),
    "Lt": (1, 1, "one integer"),
}


class Expression(Strict):
    """One requirement on a node's label."""

    key: Key
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]
    values: list[str] = []

    @model_validator(mode="after")
    def _values_match(self) -> Self:
        least, most, expected = _VALUES_EXPECTED[self.operator]
        many = len(self.values)
        if many < least or (most is not None and many > most):
            fault(("values",), f"expected {expected} with {self.operator}", self.values)
        if self.operator in ("Gt", "Lt") and as_integer(self.values[0]) is None:
            fault(("values", 0), "expected an integer as text", self.values[0])
        return self


class Term(Strict):
    """Expressions all of which must hold."""

    expressions: list[Expression] = Field(min_length=1)

    def term(self) -> NodeSelectorTerm:
        """Return the node selector term."""
        every = (Requirement(e.key, e.operator, tuple(e.values)) for e in self.expressions)
        return NodeSelectorTerm(tuple(every))


class PreferredTerm(Term):
    """Expressions worth ``weight`` where all of them hold."""

    weight: int = Field(ge=1, le=100)


class NodeAffinity(Strict):
    """Terms one of which must hold, and terms that rank nodes."""

    required: list[Term] = []
    preferred: list[PreferredTerm] = []

    def required_terms(self) -> tuple[NodeSelectorTerm, ...] | None:
        """Return the required terms, None if there are none."""
        return tuple(t.term() for t in self.required) or None

    def preferred_terms(self) -> tuple[PreferredSchedulingTerm, ...]:
        """Return the preferred terms with their weights."""
        return tuple(PreferredSchedulingTerm(t.weight, t.term()) for t in self.preferred)


class Toleration(Strict):
    """A toleration; an empty effect (or, with ``Exists``, key) stands for all of them."""

    key: str = ""
    operator: Literal["Equal", "Exists"] = "Equal"
    value: str = ""
    effect: Effect | Literal[""] = ""

    @model_validator(mode="after")
    def _meaningful(self) -> Self:
        if not self.key and self.operator != "Exists":
            fault(("key",), 'expected a key, or operator = "Exists"', self.key)
        if self.value and self.operator == "Exists":
            fault(("value",), "expected no value with Exists", self.value)
        return self

    def toleration(self) -> PodToleration:
        """Return the pod's toleration."""
        return PodToleration(self.key, self.operator, self.value, self.effect)
