"""Node affinity and pod (anti)affinity of a pod spec."""

from __future__ import annotations

from collections.abc import Mapping

from schedlab.model.manifests.fields import Field
from schedlab.model.manifests.selectors import label_selector, node_selector_term
from schedlab.model.objects import (
    LabelSelector,
    NodeSelectorTerm,
    PodAffinityTerm,
    PreferredSchedulingTerm,
    Requirement,
    WeightedPodAffinityTerm,
)

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def required_node_terms(affinity: Field) -> tuple[NodeSelectorTerm, ...] | None:
    """Return the node selector terms of which one must match, None if anything may."""
    required = affinity["nodeAffinity"][REQUIRED]
    if not required.present:
        return None
    terms = required["nodeSelectorTerms"].items()
    if not terms:
        raise required["nodeSelectorTerms"].expected("at least one term")
    return tuple(node_selector_term(t) for t in terms)


def preferred_node_terms(affinity: Field) -> tuple[PreferredSchedulingTerm, ...]:
    """Return the node selector terms that are worth something."""
    return tuple(
        PreferredSchedulingTerm(_weight(t), node_selector_term(t["preference"]))
        for t in affinity["nodeAffinity"][PREFERRED].items()
    )


def required_pod_terms(kind: Field, labels: Mapping[str, str]) -> tuple[PodAffinityTerm, ...]:
    """Return the required terms of a ``podAffinity`` or ``podAntiAffinity``.

    ``labels`` are the pod's own, from which the API server fills in matchLabelKeys.
    """
    return tuple(_pod_term(t, labels) for t in kind[REQUIRED].items())


def preferred_pod_terms(
    kind: Field, labels: Mapping[str, str]
) -> tuple[WeightedPodAffinityTerm, ...]:
    """Return the preferred terms of a ``podAffinity`` or ``podAntiAffinity``."""
    return tuple(
        WeightedPodAffinityTerm(_weight(t), _pod_term(t["podAffinityTerm"], labels))
        for t in kind[PREFERRED].items()
    )


def _weight(term: Field) -> int:
    return term["weight"].integer(low=1, high=100)


def _pod_term(term: Field, labels: Mapping[str, str]) -> PodAffinityTerm:
    return PodAffinityTerm(
        topology_key=term["topologyKey"].text(),
        selector=_with_label_keys(term, labels),
        namespaces=tuple(sorted(set(term["namespaces"].texts()))),
        namespace_selector=label_selector(term["namespaceSelector"]),
    )


def _with_label_keys(term: Field, labels: Mapping[str, str]) -> LabelSelector | None:
    """Merge (mis)matchLabelKeys into the selector (pkg/registry/core/pod/strategy.go).

    A dump already holds the merged selector; merging again adds nothing.
    """
    selector = label_selector(term["labelSelector"])
    if selector is None:
        return None
    merged = (
        Requirement(key, operator, (labels[key],))
        for keys, operator in (("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn"))
        for key in term[keys].texts()
        if key in labels
    )
    return LabelSelector(tuple(dict.fromkeys((*selector.requirements, *merged))))
