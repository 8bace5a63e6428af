"""Rules that read the pod's and the node's specs alone."""

from __future__ import annotations

from collections.abc import Iterator

from schedlab.metrics.verify.rule import Rule, Turn
from schedlab.model.objects import (
    NAME_FIELD,
    Node,
    NodeSelectorTerm,
    PodSpec,
    Taint,
    Toleration,
    matches_requirement,
)

CORDON = Taint("node.kubernetes.io/unschedulable", effect="NoSchedule")
"""The taint whose toleration lets a pod onto a cordoned node (plugins/nodeunschedulable)."""


class NodeAffinity(Rule):
    """nodeSelector and required node affinity (component-helpers: corev1/nodeaffinity)."""

    def faults(self, turn: Turn) -> Iterator[str]:
        """Yield the selector pairs the node lacks, and that no required term matches."""
        for key, value in turn.spec.node_selector:
            if turn.node.labels.get(key) != value:
                given = turn.node.labels.get(key)
                yield f"nodeSelector asks for {key}={value}, the node has {given!r}"
        if not matches_required_terms(turn.spec, turn.node):
            yield "no term of the required node affinity matches the node"


class Taints(Rule):
    """Taints NoSchedule and NoExecute that the pod does not tolerate (plugins/tainttoleration)."""

    def faults(self, turn: Turn) -> Iterator[str]:
        """Yield each taint that keeps the pod off."""
        for taint in untolerated(turn.node.taints, turn.spec.tolerations):
            yield f"taint {taint.key}={taint.value}:{taint.effect} is not tolerated"


class Unschedulable(Rule):
    """Cordoned nodes (plugins/nodeunschedulable)."""

    def faults(self, turn: Turn) -> Iterator[str]:
        """Yield that the node is cordoned, unless the pod tolerates it."""
        if turn.node.unschedulable and untolerated((CORDON,), turn.spec.tolerations):
            yield "the node is unschedulable"


class NodeName(Rule):
    """spec.nodeName (plugins/nodename)."""

    def faults(self, turn: Turn) -> Iterator[str]:
        """Yield that the pod named another node."""
        if turn.spec.node_name and turn.spec.node_name != turn.node.name:
            yield f"the pod asks for node {turn.spec.node_name!r} by name"


class SchedulingGates(Rule):
    """Pods that are not to be scheduled yet (plugins/schedulinggates)."""

    def faults(self, turn: Turn) -> Iterator[str]:
        """Yield the gates that are still closed."""
        if turn.spec.scheduling_gates:
            yield f"the pod waits for scheduling gates {', '.join(turn.spec.scheduling_gates)}"


def selects_node(spec: PodSpec, node: Node) -> bool:
    """Say whether nodeSelector and required node affinity both accept ``node``."""
    selected = all(node.labels.get(k) == v for k, v in spec.node_selector)
    return selected and matches_required_terms(spec, node)


def matches_required_terms(spec: PodSpec, node: Node) -> bool:
    """Say whether one required term matches (none at all accept every node)."""
    terms = spec.required_node_terms
    return terms is None or any(matches_term(t, node) for t in terms)


def matches_term(term: NodeSelectorTerm, node: Node) -> bool:
    """Say whether all expressions and fields hold; a term without any matches nothing."""
    if not term.match_expressions and not term.match_fields:
        return False
    fields = {NAME_FIELD: node.name}
    return all(matches_requirement(r, node.labels) for r in term.match_expressions) and all(
        matches_requirement(r, fields) for r in term.match_fields
    )


def untolerated(taints: tuple[Taint, ...], tolerations: tuple[Toleration, ...]) -> list[Taint]:
    """Return the taints NoSchedule and NoExecute that no toleration covers."""
    return [
        taint
        for taint in taints
        if taint.effect in ("NoSchedule", "NoExecute")
        and not any(t.tolerates(taint) for t in tolerations)
    ]
