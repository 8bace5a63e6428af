"""NodeAffinity (plugins/nodeaffinity/node_affinity.go): nodeSelector, required, preferred."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab.api import (
    FilterPlugin,
    Locality,
    NodeView,
    PodView,
    PreFilter,
    Reason,
    ScorePlugin,
    Scores,
    Verdict,
    normalize_max,
)
from schedlab.model.objects import (
    NAME_FIELD,
    NodeSelectorTerm,
    PreferredSchedulingTerm,
    Requirement,
)

Mask = NDArray[np.bool_]

CONFLICT = Reason("pod affinity terms conflict", resolvable=False)


class NodeAffinity(FilterPlugin, ScorePlugin):
    """Filters by nodeSelector and required node affinity; ranks by preferred terms.

    ``added_required`` and ``added_preferred`` are the configuration's addedAffinity, which
    every pod has to meet besides its own.
    """

    locality = Locality.SPEC

    added_required: tuple[NodeSelectorTerm, ...] | None = None
    added_preferred: tuple[PreferredSchedulingTerm, ...] = ()

    def skips_filter(self, pod: PodView) -> bool:
        """Skip pods that state nothing, where nothing is added."""
        spec = pod.spec
        own = bool(spec.node_selector) or spec.required_node_terms is not None
        return self.added_required is None and not own

    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        """Reject nodes outside the added affinity (bit 0) or the pod's own (bit 1)."""
        added = np.zeros(len(nodes), np.bool_)
        if self.added_required is not None:
            added = ~any_term(self.added_required, nodes)
        return added | (~added & ~required_node_affinity(pod, nodes)).astype(np.int64) << 1

    def prefilter(self, pod: PodView, nodes: NodeView) -> PreFilter | None:
        """Narrow the nodes to those named, where every required term names some."""
        names = named_nodes(pod.spec.required_node_terms or ())
        if names is None:
            return None
        return PreFilter(nodes=names) if names else PreFilter((CONFLICT,))

    def reasons(self, pod: PodView) -> tuple[Reason, ...]:
        """Return the two reasons, neither of which preemption can resolve."""
        return (
            Reason("node(s) didn't match scheduler-enforced node affinity", resolvable=False),
            Reason("node(s) didn't match Pod's node affinity/selector", resolvable=False),
        )

    def skips_score(self, pod: PodView) -> bool:
        """Skip pods without preferences, where none are added."""
        return not (pod.spec.preferred_node_terms or self.added_preferred)

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        """Return the summed weights of the preferred terms that hold."""
        total = np.zeros(len(nodes), np.int64)
        for preferred in (*self.added_preferred, *pod.spec.preferred_node_terms):
            total += preferred.weight * nodes.match_term(preferred.preference)
        return total

    def normalize(self, raw: Scores, low: int, high: int) -> Scores:
        """Scale to 0..100 by the maximum."""
        return normalize_max(raw, low, high)


def required_node_affinity(pod: PodView, nodes: NodeView) -> Mask:
    """Return which nodes match the pod's nodeSelector and required node affinity, shape (n,)."""
    matches = np.ones(len(nodes), np.bool_)
    for key, value in pod.spec.node_selector:
        matches &= nodes.match(Requirement(key, "In", (value,)))
    if pod.spec.required_node_terms is not None:
        matches &= any_term(pod.spec.required_node_terms, nodes)
    return matches


def any_term(terms: tuple[NodeSelectorTerm, ...], nodes: NodeView) -> Mask:
    """Return which nodes match at least one of the terms, shape (n,)."""
    matches = np.zeros(len(nodes), np.bool_)
    for term in terms:
        matches |= nodes.match_term(term)
    return matches


def named_nodes(terms: tuple[NodeSelectorTerm, ...]) -> frozenset[str] | None:
    """Return the only nodes that the terms allow by name, None if one allows any."""
    by_term = [_named_nodes(term) for term in terms]
    if not by_term or None in by_term:
        return None
    return frozenset().union(*(names for names in by_term if names is not None))


def _named_nodes(term: NodeSelectorTerm) -> frozenset[str] | None:
    named = [
        frozenset(r.values) for r in term.match_fields if r.key == NAME_FIELD and r.operator == "In"
    ]
    return frozenset.intersection(*named) if named else None
