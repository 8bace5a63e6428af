"""InterPodAffinity (plugins/interpodaffinity/{plugin,filtering,scoring}.go)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from schedlab.api import (
    MAX_NODE_SCORE,
    CountsByDomain,
    FilterPlugin,
    Locality,
    NodeView,
    PodView,
    Reason,
    ScorePlugin,
    Scores,
    Verdict,
    WhatIf,
    first_verdict,
    sum_by_domain,
)
from schedlab_algorithms.kubernetes.inter_pod_affinity_counts import (
    AttractionTables,
    RequiredTables,
    lacking,
    occupied,
    weights,
)
from schedlab_algorithms.kubernetes.inter_pod_affinity_what_if import lacking_what_if, meets_any

AFFINITY, ANTI_AFFINITY, EXISTING_ANTI_AFFINITY = 1, 2, 4


class InterPodAffinity(FilterPlugin, ScorePlugin):
    """Places pods near to, or away from, other pods within topology domains.

    The filter obeys the pod's required terms, and the required anti-affinity of the pods
    that are placed already.  The score is symmetric: preferred terms of either side count,
    and required affinity terms of placed pods with ``hard_pod_affinity_weight``.
    """

    locality = Locality.CLUSTER

    hard_pod_affinity_weight: int = 1
    ignore_preferred_terms_of_existing_pods: bool = False

    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        """Reject by affinity (bit 0), own anti-affinity (bit 1), or that of placed pods (bit 2)."""
        return first_verdict(self.verdict_by_domain(pod, nodes), nodes)

    def verdict_by_domain(self, pod: PodView, nodes: NodeView) -> Sequence[CountsByDomain]:
        """Return the bits by domain of each topology key that concerns the pod."""
        tables = self._required(pod, nodes)
        existing = tables.existing_anti_affinity(nodes)
        return [
            *_affinity(tables),
            *(occupied(table, ANTI_AFFINITY) for table in tables.anti_affinity if table.matters),
            *(occupied(table, EXISTING_ANTI_AFFINITY) for table in existing),
        ]

    def filter_what_if(self, pod: PodView, nodes: WhatIf) -> Verdict:
        """Return the same bits for nodes with other pods than they have."""
        if self.skips_cycle(pod, nodes.whole):
            return np.ones(len(nodes), np.bool_)
        tables = self._required(pod, nodes)
        parts = (
            (lacking_what_if(tables, nodes), AFFINITY),
            (meets_any(tables.anti_affinity, nodes), ANTI_AFFINITY),
            (meets_any(tables.existing_anti_affinity(nodes), nodes), EXISTING_ANTI_AFFINITY),
        )
        verdict = np.zeros(len(nodes), np.int64)
        for rejected, bit in parts:
            verdict = np.where((verdict == 0) & rejected, bit, verdict)
        return verdict

    def skips_cycle(self, pod: PodView, nodes: NodeView) -> bool:
        """Say that neither the pod nor, as to this pod, a placed one requires anything."""
        if pod.spec.required_affinity or pod.spec.required_anti_affinity:
            return False
        existing = self._required(pod, nodes).existing_anti_affinity(nodes)
        return not any(table.counts().any() for table in existing)

    def reasons(self, pod: PodView) -> tuple[Reason, ...]:
        """Return the three reasons; only affinity cannot be resolved by preemption."""
        return (
            Reason("node(s) didn't match pod affinity rules", resolvable=False),
            Reason("node(s) didn't match pod anti-affinity rules"),
            Reason("node(s) didn't satisfy existing pods anti-affinity rules"),
        )

    def _required(self, pod: PodView, nodes: NodeView) -> RequiredTables:
        return pod.memo(self, "required", lambda: RequiredTables(pod, nodes))

    def skips_score(self, pod: PodView) -> bool:
        """Skip pods without preferences of their own, if those of placed pods are ignored."""
        own = pod.spec.preferred_affinity or pod.spec.preferred_anti_affinity
        return self.ignore_preferred_terms_of_existing_pods and not own

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        """Return the summed weights of the terms that hold in each node's domains."""
        return sum_by_domain(self.score_by_domain(pod, nodes), nodes)

    def score_by_domain(self, pod: PodView, nodes: NodeView) -> Sequence[CountsByDomain]:
        """Return the summed weights by domain of each topology key that concerns the pod."""
        tables = self._attraction(pod).tables(nodes)
        return [weights(table) for table in tables]

    def normalize(self, raw: Scores, low: int, high: int) -> Scores:
        """Stretch [low, high] to 0..100; all 0 if they are equal.

        In floating point and in this order, as the truncation shows it.
        """
        if high == low:
            return np.zeros_like(raw)
        return (MAX_NODE_SCORE * ((raw - low) / (high - low))).astype(np.int64)

    def ranks(self, pod: PodView, nodes: NodeView) -> bool:
        """Say whether any term holds between the pod and a placed one."""
        return any(t.counts().any() for t in self._attraction(pod).counts(nodes))

    def _attraction(self, pod: PodView) -> AttractionTables:
        weight = self.hard_pod_affinity_weight
        return pod.memo(self, "attraction", lambda: AttractionTables(pod, weight))


def _affinity(tables: RequiredTables) -> list[CountsByDomain]:
    """Return where required affinity fails: nodes without the key, domains without such pods.

    If no pod in the cluster is meant, one that means itself may go anywhere with the keys.
    """
    nobody = not any(table.counts().any() for table in tables.affinity)
    first = tables.first_of_its_kind and nobody
    return [lacking(table, AFFINITY, anywhere=first) for table in tables.affinity]
