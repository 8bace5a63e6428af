"""PodTopologySpread (plugins/podtopologyspread/{common,filtering,scoring}.go)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from schedlab.api import (
    MAX_NODE_SCORE,
    CountsByDomain,
    FilterPlugin,
    FollowsDomainCount,
    FollowsLeast,
    Locality,
    NodeView,
    PodView,
    Reason,
    ScorePlugin,
    Scores,
    Stays,
    Verdict,
    WhatIf,
    first_verdict,
    sum_by_domain,
)
from schedlab.model.objects import HOSTNAME, ZONE, LabelSelector, TopologySpreadConstraint
from schedlab_algorithms.kubernetes.pod_topology_spread_what_if import verdict_what_if
from schedlab_algorithms.kubernetes.spread_constraints import (
    Constraint,
    SoftConstraint,
    bind_constraints,
    service_selector,
    soft_constraints,
)

Ints = NDArray[np.int64]

MISSING_LABEL, SKEW = 1, 2

SYSTEM_DEFAULTS = (
    TopologySpreadConstraint(3, HOSTNAME, "ScheduleAnyway"),
    TopologySpreadConstraint(5, ZONE, "ScheduleAnyway"),
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
        return first_verdict(self.verdict_by_domain(pod, nodes), nodes)

    def verdict_by_domain(self, pod: PodView, nodes: NodeView) -> Sequence[CountsByDomain]:
        """Return the bits by domain of each hard constraint, in their order."""
        return [_verdict(constraint) for constraint in self.hard(pod, nodes)]

    def filter_what_if(self, pod: PodView, nodes: WhatIf) -> Verdict:
        """Return the same bits for nodes with other pods than they have."""
        verdict = np.zeros(len(nodes), np.int64)
        for constraint in self.hard(pod, nodes):
            found = verdict_what_if(constraint, nodes, MISSING_LABEL, SKEW)
            verdict = np.where(verdict == 0, found, verdict)
        return verdict

    def hard(self, pod: PodView, nodes: NodeView) -> tuple[Constraint, ...]:
        """Return the constraints that the pod is held to, its own or the defaults."""
        return pod.memo(self, "hard", lambda: self._bind(pod, nodes, hard=True))

    def reasons(self, pod: PodView) -> tuple[Reason, ...]:
        """Return the two reasons; only skew could be resolved by preemption."""
        text = "node(s) didn't match pod topology spread constraints"
        return (Reason(f"{text} (missing required label)", resolvable=False), Reason(text))

    def skips_score(self, pod: PodView) -> bool:
        """Skip pods without soft constraints."""
        return all(c.is_hard for c in self._constraints(pod))

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        """Return the weighted counts of matching pods, fewer being better; see normalize."""
        return sum_by_domain(self.score_by_domain(pod, nodes), nodes)

    def score_by_domain(self, pod: PodView, nodes: NodeView) -> Sequence[CountsByDomain]:
        """Return count x ln(domains + 2) + maxSkew - 1 by domain of each soft constraint.

        The domains are those of the feasible nodes (initPreScoreState, scoreForCount).
        """
        soft = pod.memo(self, "soft", lambda: self._soft(pod, nodes))
        return [_costs(constraint, nodes) for constraint in soft]

    def normalize(self, raw: Scores, low: int, high: int) -> Scores:
        """Turn costs into scores: 100 x (max + min - cost) / max, 100 if all are 0."""
        if high == 0:
            return np.full_like(raw, MAX_NODE_SCORE)
        return MAX_NODE_SCORE * (high + low - raw) // high

    def _constraints(self, pod: PodView) -> tuple[TopologySpreadConstraint, ...]:
        """Return the pod's own constraints, or the defaults if it belongs to a Service."""
        if pod.spec.spread or self._service_selector(pod) is None:
            return pod.spec.spread
        return SYSTEM_DEFAULTS if self.defaulting_type == "System" else self.default_constraints

    def _bind(self, pod: PodView, nodes: NodeView, *, hard: bool) -> tuple[Constraint, ...]:
        constraints = [c for c in self._constraints(pod) if c.is_hard == hard]
        selector = None if pod.spec.spread else self._service_selector(pod)
        all_keys = hard or self._needs_all_keys(pod)
        return bind_constraints(constraints, pod, nodes.whole, all_keys=all_keys, selector=selector)

    def _service_selector(self, pod: PodView) -> LabelSelector | None:
        return pod.memo(self, "services", lambda: service_selector(pod.spec, pod.services))

    def _needs_all_keys(self, pod: PodView) -> bool:
        """Say whether scoring ignores nodes that lack a topology key: not under System defaults."""
        return bool(pod.spec.spread) or self.defaulting_type == "List"

    def _soft(self, pod: PodView, nodes: NodeView) -> tuple[SoftConstraint, ...]:
        constraints = self._bind(pod, nodes, hard=False)
        return soft_constraints(constraints, nodes.whole, all_keys=self._needs_all_keys(pod))


@dataclass(frozen=True)
class _Above:
    """Answers SKEW for domains with more pods than ``allowed``, else 0."""

    allowed: int

    def __call__(self, counts: Ints) -> Ints:
        return SKEW * (counts > self.allowed)


@dataclass(frozen=True)
class _Cost:
    """Answers count x ``weight`` + ``at_least`` (scoreForCount)."""

    weight: float
    at_least: int

    def __call__(self, counts: Ints) -> NDArray[np.float64]:
        return np.asarray(counts * self.weight + self.at_least, np.float64)


@dataclass(frozen=True)
class _CostAmong:
    """Returns the cost where the feasible nodes are in so many domains."""

    at_least: int

    def __call__(self, domains: int) -> _Cost:
        return _Cost(math.log(domains + 2), self.at_least)


def _verdict(constraint: Constraint) -> CountsByDomain:
    spare = constraint.max_skew - constraint.self_match
    above = _Above(spare + constraint.minimum(constraint.matching.current()))
    enough = len(constraint.domains) >= max(constraint.min_domains, 1)
    follows = FollowsLeast(constraint.domains, _Above(spare)) if enough else Stays()
    return CountsByDomain(constraint.codes, constraint.matching, above, MISSING_LABEL, follows)


def _costs(constraint: SoftConstraint, nodes: NodeView) -> CountsByDomain:
    cost = _CostAmong(constraint.max_skew - 1)
    answer = cost(nodes.domain_count(constraint.present, constraint.most))
    follows = FollowsDomainCount(constraint.present, constraint.most, cost)
    without = constraint.cost_without_key
    return CountsByDomain(constraint.codes, constraint.counts, answer, without, follows)
