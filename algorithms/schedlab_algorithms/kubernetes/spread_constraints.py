"""Topology spread constraints bound to a cluster: selectors merged, domains found, tables made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schedlab.api import DomainSums, NodeView, PodSpec, PodView, SparseWeigh
from schedlab.model.objects import (
    HOSTNAME,
    LabelSelector,
    Requirement,
    Service,
    TopologySpreadConstraint,
)
from schedlab_algorithms.kubernetes.node_affinity import required_node_affinity
from schedlab_algorithms.kubernetes.spec_index import SpecIndex, spec_index
from schedlab_algorithms.kubernetes.taint_toleration import tolerated

Mask = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Constraint:
    """One constraint of one pod on one cluster.

    ``codes`` is each node's domain, -1 without the topology key; ``domains`` those that
    eligible nodes have; ``matching`` counts matching pods by domain over eligible nodes (its
    last entry, which code -1 finds, stays 0); ``on_node`` counts them by node (likewise).
    ``counted`` is the domain of eligible nodes, -1 for others; pods count if they are of
    ``namespace`` and ``selector``.
    ``absent`` is the domain of nodes without the key where the constraint only scores: the
    one of the empty value, if there is one.
    """

    max_skew: int
    min_domains: int
    on_hostname: bool
    self_match: int
    codes: NDArray[np.int32]
    absent: int
    counted: NDArray[np.int32]
    namespace: str
    selector: LabelSelector | None
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
    eligible = counted & included(constraint, pod, nodes)
    absent = label.values.index("") if "" in label.values else -1
    codes = np.where(eligible, np.where(label.present, label.codes, absent), -1)
    match = _Matcher(pod.spec.namespace, selector, spec_index(nodes))
    return Constraint(
        max_skew=constraint.max_skew,
        min_domains=constraint.min_domains,
        on_hostname=constraint.topology_key == HOSTNAME,
        self_match=int(selector is not None and selector.matches(dict(pod.spec.labels))),
        codes=label.codes,
        absent=absent,
        counted=codes,
        namespace=pod.spec.namespace,
        selector=selector,
        domains=np.flatnonzero(np.bincount(codes[codes >= 0])),
        matching=nodes.sums_by_domain(codes, len(label.values) + 1, match),
        on_node=nodes.sums_by_domain(np.arange(len(nodes)), len(nodes) + 1, match),
    )


@dataclass(frozen=True)
class SoftConstraint:
    """What scoring needs of one constraint.

    Attributes
    ----------
    codes : integer, shape (N,)
        Each node's domain, -1 without the topology key; on the hostname key the node itself.
    counts : DomainSums
        Matching pods by domain; the last entry stays 0.
    cost_without_key : float
        What nodes without the key cost: 0, or -inf (ignored) where all keys are needed.
    present : integer, shape (N,)
        Each node's domain when the domains of the feasible nodes are counted (nodes without
        the key are one, together with those of the empty value), -1 for ignored nodes, and
        ``most``, their number.
    """

    max_skew: int
    codes: NDArray[np.integer]
    counts: DomainSums
    cost_without_key: float
    present: NDArray[np.integer]
    most: int


def soft_constraints(
    constraints: Sequence[Constraint], nodes: NodeView, *, all_keys: bool
) -> tuple[SoftConstraint, ...]:
    """Prepare constraints for scoring on all ``nodes`` of the cluster."""
    ignored = np.zeros(len(nodes), np.bool_)
    for constraint in constraints if all_keys else ():
        ignored |= constraint.codes < 0
    missing = -np.inf if all_keys else 0.0
    soft = (_on_hostname if c.on_hostname else _on_key for c in constraints)
    return tuple(
        make(c, nodes, ignored, missing) for make, c in zip(soft, constraints, strict=True)
    )


def _on_hostname(
    constraint: Constraint, nodes: NodeView, ignored: Mask, missing: float
) -> SoftConstraint:
    each = np.arange(len(nodes))

    def build() -> NDArray[np.integer]:
        return np.where(constraint.codes < 0, -1, each)

    return SoftConstraint(
        max_skew=constraint.max_skew,
        codes=nodes.shared("PodTopologySpread: nodes with a hostname", build),
        counts=constraint.on_node,
        cost_without_key=missing,
        present=np.where(ignored, -1, each),
        most=len(nodes),
    )


def _on_key(
    constraint: Constraint, nodes: NodeView, ignored: Mask, missing: float
) -> SoftConstraint:
    codes, size = constraint.codes, len(constraint.matching.current()) - 1
    absent = constraint.absent if constraint.absent >= 0 else size
    return SoftConstraint(
        max_skew=constraint.max_skew,
        codes=codes,
        counts=constraint.matching,
        cost_without_key=missing,
        present=np.where(ignored, -1, np.where(codes < 0, absent, codes)),
        most=size + 1,
    )


def included(constraint: TopologySpreadConstraint, pod: PodView, nodes: NodeView) -> Mask:
    """Return which nodes the constraint's node inclusion policies let take part."""
    included = np.ones(len(nodes), np.bool_)
    if constraint.node_affinity_policy == "Honor":
        included &= required_node_affinity(pod, nodes)
    if constraint.node_taints_policy == "Honor":
        included &= tolerated(pod, nodes)
    return included


@dataclass(frozen=True)
class _Matcher(SparseWeigh):
    """Weighs a placed pod 1 if it counts for a constraint, else 0 (countPodsMatchSelector)."""

    namespace: str
    selector: LabelSelector | None
    index: SpecIndex

    def candidates(self, since: int) -> Iterable[int]:
        """Return the specs that the selector may match."""
        return self.index.meant_by(self.selector, since)

    def __call__(self, spec: PodSpec) -> int:
        return counts_for(self.namespace, self.selector, spec)


def counts_for(namespace: str, selector: LabelSelector | None, spec: PodSpec) -> int:
    """Return 1 if a placed pod counts for a constraint of ``namespace``'s, else 0."""
    if selector is None or not selector.requirements:
        return 0
    if spec.terminating or spec.namespace != namespace:
        return 0
    return int(selector.matches(dict(spec.labels)))


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
        if service.namespace == spec.namespace and _selects(service.selector, labels)
        for requirement in service.selector.requirements
    }
    return LabelSelector(tuple(requirements)) if requirements else None


def _selects(selector: LabelSelector, labels: Mapping[str, str]) -> bool:
    """Say whether a selector that selects anything selects a pod; quick for those that do not."""
    if not selector.requirements:
        return False
    first = selector.requirements[0]
    if first.operator == "In" and labels.get(first.key) not in first.values:
        return False
    return selector.matches(labels)
