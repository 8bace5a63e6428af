"""Label selectors and node selector terms."""

from __future__ import annotations

from schedlab.model.manifests.fields import Field
from schedlab.model.objects import NAME_FIELD, LabelSelector, NodeSelectorTerm, Requirement

LABEL_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")
NODE_OPERATORS = (*LABEL_OPERATORS, "Gt", "Lt")
FIELD_OPERATORS = ("In", "NotIn")


def label_selector(field: Field) -> LabelSelector | None:
    """Return a LabelSelector; None (which matches nothing) if there is none."""
    if not field.present:
        return None
    labels = LabelSelector.of(field["matchLabels"].strings())
    expressions = field["matchExpressions"].items()
    return LabelSelector(
        (*labels.requirements, *(requirement(e, LABEL_OPERATORS) for e in expressions))
    )


def node_selector_term(field: Field) -> NodeSelectorTerm:
    """Return a node selector term; one without expressions matches no node."""
    return NodeSelectorTerm(
        tuple(requirement(e, NODE_OPERATORS) for e in field["matchExpressions"].items()),
        tuple(_field_requirement(e) for e in field["matchFields"].items()),
    )


def requirement(field: Field, operators: tuple[str, ...]) -> Requirement:
    """Return one expression of a selector, with as many values as its operator takes."""
    operator = field["operator"].choice(operators)
    values = field["values"].texts()
    if operator in ("In", "NotIn") and not values:
        raise field["values"].error(f"missing, expected at least one value for {operator}")
    if operator in ("Exists", "DoesNotExist") and values:
        raise field["values"].error(f"expected no values for {operator}")
    if operator in ("Gt", "Lt") and len(values) != 1:
        raise field["values"].error(f"expected exactly one value for {operator}")
    return Requirement(field["key"].text(), operator, values)


def _field_requirement(field: Field) -> Requirement:
    field["key"].choice((NAME_FIELD,))
    expression = requirement(field, FIELD_OPERATORS)
    if len(expression.values) != 1:
        raise field["values"].error("expected exactly one node name")
    return expression
