"""What the pods wished for: even spread over domains, preferred nodes."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from schedlab.api import NodeView
from schedlab.metrics.metric import metric
from schedlab.metrics.outcome import Outcome
from schedlab.metrics.verify.node_rules import untolerated
from schedlab.metrics.verify.spread import counts, effective_selector, eligibility_reads
from schedlab.model.objects import PodSpec, Requirement, TopologySpreadConstraint

Mask = NDArray[np.bool_]
Wish = tuple[PodSpec, TopologySpreadConstraint]


@metric("pods", "lower")
def spread_skew_mean(outcome: Outcome) -> float:
    """Mean final skew of the batch's topology spread constraints; NaN if there are none.

    The skew of a constraint, hard or soft, is the largest number of matching pods in an
    eligible domain minus the smallest (0 with fewer than minDomains), as the placement
    leaves them, bound pods included; domains and pods count as in Kubernetes'
    PodTopologySpread.  Constraints that say the same count once.
    """
    skews = spread_skews(outcome)
    return float(np.mean(skews)) if skews else math.nan


@metric("pods", "lower")
def spread_skew_max(outcome: Outcome) -> float:
    """Largest final skew of the batch's topology spread constraints; NaN if there are none."""
    return float(max(spread_skews(outcome), default=math.nan))


@metric("share", "higher")
def preferences_satisfied(outcome: Outcome) -> float:
    """Share, by weight, of the placed pods' preferred node affinity terms that hold; else NaN.

    Σ weight of the terms that hold on the chosen nodes / Σ weight of all terms of the
    placed pods.  Terms without expressions are no-ops and left out, as in Kubernetes.
    """
    pods, view = outcome.workload.pods, outcome.cluster.view()
    signature, rows = pods.signature[outcome.placed], outcome.placement.node[outcome.placed]
    held = wanted = 0
    for number, spec in enumerate(pods.specs):
        chosen = rows[signature == number]
        for term in spec.preferred_node_terms if len(chosen) else ():
            if term.preference.match_expressions or term.preference.match_fields:
                held += term.weight * int(view.match_term(term.preference)[chosen].sum())
                wanted += term.weight * len(chosen)
    return held / wanted if wanted else math.nan


@lru_cache(maxsize=1)  # The mean and the maximum are taken of one outcome after the other.
def spread_skews(outcome: Outcome) -> tuple[int, ...]:
    """Return the final skew of every distinct constraint that has an eligible domain."""
    skews = (_skew(outcome, wish) for wish in _wishes(outcome.workload.pods.specs))
    return tuple(skew for skew in skews if skew is not None)


def _wishes(specs: tuple[PodSpec, ...]) -> list[Wish]:
    distinct: dict[object, Wish] = {}
    for spec in specs:
        for constraint in spec.spread:
            selector = effective_selector(constraint, dict(spec.labels))
            reads = eligibility_reads(spec, constraint)
            says = (constraint.topology_key, constraint.min_domains, _keys(spec, constraint))
            distinct.setdefault((spec.namespace, selector, says, reads), (spec, constraint))
    return list(distinct.values())


def _keys(spec: PodSpec, constraint: TopologySpreadConstraint) -> frozenset[str]:
    """Return the topology keys a node needs to take part: those of all constraints of the kind."""
    return frozenset(c.topology_key for c in spec.spread if c.is_hard == constraint.is_hard)


def _skew(outcome: Outcome, wish: Wish) -> int | None:
    _, constraint = wish
    view = outcome.cluster.view()
    domain = np.where(_eligible(view, wish), view.label(constraint.topology_key).codes, -1)
    domains = np.unique(domain[domain >= 0])
    if not len(domains):
        return None
    numbers, rows = outcome.running
    there = domain[rows[_counted(outcome, wish)[numbers]]]
    found = np.bincount(there[there >= 0], minlength=int(domains.max()) + 1)[domains]
    lowest = 0 if len(domains) < constraint.min_domains else int(found.min())
    return int(found.max()) - lowest


def _counted(outcome: Outcome, wish: Wish) -> Mask:
    """Return which of the cluster's specs count for a constraint."""
    spec, constraint = wish
    selector = effective_selector(constraint, dict(spec.labels))
    return np.array([counts(spec.namespace, selector, s) for s in outcome.cluster.specs], np.bool_)


def _eligible(view: NodeView, wish: Wish) -> Mask:
    spec, constraint = wish
    eligible: Mask = np.logical_and.reduce([view.label(k).present for k in _keys(spec, constraint)])
    if constraint.node_affinity_policy == "Honor":
        eligible = eligible & _selected(view, spec)
    if constraint.node_taints_policy == "Honor":
        codes, sets = view.taint_sets
        free = np.array([not untolerated(s, spec.tolerations) for s in sets], np.bool_)
        eligible = eligible & free[codes]
    return eligible


def _selected(view: NodeView, spec: PodSpec) -> Mask:
    """Return which nodes nodeSelector and required node affinity accept, shape (N,)."""
    selected = np.ones(len(view), np.bool_)
    for key, value in spec.node_selector:
        selected &= view.match(Requirement(key, "In", (value,)))
    if spec.required_node_terms is not None:
        matches = [view.match_term(t) for t in spec.required_node_terms]
        selected &= np.logical_or.reduce([np.zeros(len(view), np.bool_), *matches])
    return selected
