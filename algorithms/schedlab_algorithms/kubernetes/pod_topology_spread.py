"""PodTopologySpread (plugins/podtopologyspread/{common,filtering,scoring}.go)."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from schedlab.api import (
    IGNORED,
    MAX_NODE_SCORE,
    FilterPlugin,
    Locality,
    NodeView,
    PodView,
    Reason,
    ScorePlugin,
    Scores,
    Verdict,
)
from schedlab.model.objects import HOSTNAME, ZONE, TopologySpreadConstraint
from schedlab_algorithms.kubernetes.spread_constraints import (
    Constraint,
    bind_constraints,
    service_selector,
)

MISSING_LABEL, SKEW = 1, 2

SYSTEM_DEFAULTS = (
    TopologySpreadConstraint(3, ZONE, "ScheduleAnyway"),
    TopologySpreadConstraint(5, HOSTNAME, "ScheduleAnyway"),
)


class PodTopologySpread(FilterPlugin, ScorePlugin):
    """Keeps matching pods balanced over topology domains.

    Pods without constraints of their own get the defaults, with the selectors of the
    Services that they belong to: Kubernetes' own (``System``) or ``default_constraints``
    (``List``).
    """

    locality = Locality.CLUSTER

    default_constraints: tuple[TopologySpreadConstraint, ...] = ()
    defaulting_type: Literal["System", "List"] = "System"

    def skips_filter(self, pod: PodView) -> bool:
        """Skip pods without hard constraints."""
        return not any(c.is_hard for c in self._constraints(pod))

    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        """Reject nodes without a topology key (bit 0) or beyond the skew (bit 1)."""
        verdict = np.zeros(len(nodes), np.int64)
        for constraint in pod.memo(self, "hard", lambda: self._bind(pod, nodes, hard=True)):
            found = _verdict(constraint, nodes)
            verdict = np.where(verdict == 0, found, verdict)
        return verdict

    def reasons(self, pod: PodView) -> tuple[Reason, ...]:
        """Return the two reasons; only skew could be resolved by preemption."""
        text = "node(s) didn't match pod topology spread constraints"
        return (Reason(f"{text} (missing required label)", resolvable=False), Reason(text))

    def skips_score(self, pod: PodView) -> bool:
        """Skip pods without soft constraints."""
        return all(c.is_hard for c in self._constraints(pod))

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        """Return the weighted counts of matching pods, fewer being better; see normalize."""
        constraints = pod.memo(self, "soft", lambda: self._bind(pod, nodes, hard=False))
        ignored = np.zeros(len(nodes), np.bool_)
        if pod.spec.spread:
            for constraint in constraints:
                ignored |= nodes.at(constraint.label.codes) < 0
        total = np.zeros(len(nodes))
        for constraint in constraints:
            total += _spread_cost(constraint, nodes, ignored)
        return np.where(ignored, IGNORED, np.floor(total + 0.5).astype(np.int64))

    def normalize(self, raw: Scores, low: int, high: int) -> Scores:
        """Turn costs into scores: 100 x (max + min - cost) / max, 100 if all are 0."""
        if high == 0:
            return np.full_like(raw, MAX_NODE_SCORE)
        return MAX_NODE_SCORE * (high + low - raw) // high

    def _constraints(self, pod: PodView) -> tuple[TopologySpreadConstraint, ...]:
        """Return the pod's own constraints, or the defaults if it belongs to a Service."""
        if pod.spec.spread or service_selector(pod.spec, pod.services) is None:
            return pod.spec.spread
        return SYSTEM_DEFAULTS if self.defaulting_type == "System" else self.default_constraints

    def _bind(self, pod: PodView, nodes: NodeView, *, hard: bool) -> tuple[Constraint, ...]:
        constraints = [c for c in self._constraints(pod) if c.is_hard == hard]
        if pod.spec.spread:
            return bind_constraints(constraints, pod, nodes.whole, all_keys=True)
        selector = service_selector(pod.spec, pod.services)
        return bind_constraints(constraints, pod, nodes.whole, all_keys=hard, selector=selector)


def _verdict(constraint: Constraint, nodes: NodeView) -> Verdict:
    counts = constraint.matching.current()
    skew = counts + constraint.self_match - constraint.minimum(counts)
    by_domain = np.append(np.where(skew > constraint.max_skew, SKEW, 0), MISSING_LABEL)
    return by_domain[nodes.at(constraint.label.codes)]


def _spread_cost(
    constraint: Constraint, nodes: NodeView, ignored: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return count x ln(domains + 2) + maxSkew - 1 for each node, 0 without the label."""
    codes = nodes.at(constraint.label.codes)
    if constraint.on_hostname:
        domains = len(codes) - int(ignored.sum())
        counts = nodes.at(constraint.on_node.current())
    else:
        domains = len(np.unique(codes[~ignored]))
        counts = constraint.matching.current()[codes]
    cost = counts * math.log(domains + 2) + (constraint.max_skew - 1)
    return np.where(codes >= 0, cost, 0.0)
