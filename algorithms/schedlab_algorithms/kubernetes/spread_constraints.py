"""Topology spread constraints bound to a cluster: selectors merged, domains found, tables made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Column, DomainSums, NodeView, PodSpec, PodView
from schedlab.model.objects import (
    HOSTNAME,
    LabelSelector,
    Requirement,
    Service,
    TopologySpreadConstraint,
)
from schedlab_algorithms.kubernetes.node_affinity import required_node_affinity
from schedlab_algorithms.kubernetes.taint_toleration import tolerated

Mask = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Constraint:
    """One constraint of one pod on one cluster.

    ``label`` is the topology key over all nodes; ``domains`` the codes that eligible nodes
    have; ``matching`` counts matching pods by domain over eligible nodes; ``on_node``
    counts them by node.
    """

    max_skew: int
    min_domains: int
    on_hostname: bool
    self_match: int
    label: Column
    domains: Ints
    matching: DomainSums
    on_node: DomainSums

    def minimum(self, counts: Ints) -> int:
        """Return the fewest matching pods in any eligible domain (0 with too few domains)."""
        if len(self.domains) < self.min_domains:
            return 0
        return int(counts[self.domains].min())


def bind_constraints(
    constraints: Sequence[TopologySpreadConstraint],
    pod: PodView,
    nodes: NodeView,
    *,
    all_keys: bool,
    selector: LabelSelector | None = None,
) -> tuple[Constraint, ...]:
    """Bind the constraints of one kind (hard or soft) to all ``nodes`` of the cluster.

    With ``all_keys`` a node counts only where it has the topology keys of all of them.
    ``selector`` replaces the constraints' own (default constraints have none).
    """
    counted = np.ones(len(nodes), np.bool_)
    if all_keys:
        for constraint in constraints:
            counted &= nodes.label(constraint.topology_key).present
    return tuple(
        _bind(c, selector or merged_selector(c, pod.spec), pod, nodes, counted) for c in constraints
    )


def _bind(
    constraint: TopologySpreadConstraint,
    selector: LabelSelector | None,
    pod: PodView,
    nodes: NodeView,
    counted: Mask,
) -> Constraint:
    label = nodes.label(constraint.topology_key)
    eligible = counted & _included(constraint, pod, nodes)
    codes = np.where(eligible, label.codes, -1)
    match = _Matcher(pod.spec.namespace, selector)
    return Constraint(
        max_skew=constraint.max_skew,
        min_domains=constraint.min_domains,
        on_hostname=constraint.topology_key == HOSTNAME,
        self_match=int(selector is not None and selector.matches(dict(pod.spec.labels))),
        label=label,
        domains=np.unique(codes[codes >= 0]).astype(np.int64),
        matching=nodes.sums_by_domain(codes, len(label.values), match),
        on_node=nodes.sums_by_domain(np.arange(len(nodes)), len(nodes), match),
    )


def _included(constraint: TopologySpreadConstraint, pod: PodView, nodes: NodeView) -> Mask:
    """Return which nodes the constraint's node inclusion policies let take part."""
    included = np.ones(len(nodes), np.bool_)
    if constraint.node_affinity_policy == "Honor":
        included &= required_node_affinity(pod, nodes)
    if constraint.node_taints_policy == "Honor":
        included &= tolerated(pod, nodes)
    return included


@dataclass(frozen=True)
class _Matcher:
    """Weighs a placed pod 1 if it counts for a constraint, else 0 (countPodsMatchSelector)."""

    namespace: str
    selector: LabelSelector | None

    def __call__(self, spec: PodSpec) -> int:
        if self.selector is None or not self.selector.requirements:
            return 0
        if spec.terminating or spec.namespace != self.namespace:
            return 0
        return int(self.selector.matches(dict(spec.labels)))


def merged_selector(constraint: TopologySpreadConstraint, spec: PodSpec) -> LabelSelector | None:
    """Return the constraint's selector with its matchLabelKeys (mergeLabelSetWithSelector)."""
    labels = dict(spec.labels)
    keys = [k for k in constraint.match_label_keys if k in labels]
    if not keys:
        return constraint.selector
    own = () if constraint.selector is None else constraint.selector.requirements
    return LabelSelector((*(Requirement(k, "In", (labels[k],)) for k in sorted(keys)), *own))


def service_selector(spec: PodSpec, services: Iterable[Service]) -> LabelSelector | None:
    """Return the merged selectors of the Services that select the pod (DefaultSelector)."""
    labels = dict(spec.labels)
    requirements = {
        requirement: None
        for service in services
        if service.namespace == spec.namespace
        and service.selector.requirements
        and service.selector.matches(labels)
        for requirement in service.selector.requirements
    }
    return LabelSelector(tuple(requirements)) if requirements else None
