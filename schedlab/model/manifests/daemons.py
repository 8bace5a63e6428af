"""DaemonSets: one pod for each node that admits it, pinned there for the scheduler.

Sources: ``pkg/controller/daemon/daemon_controller.go`` (NodeShouldRunDaemonPod) and
``pkg/controller/daemon/util/daemonset_util.go``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from schedlab.model.manifests.objects import SourcedObject
from schedlab.model.manifests.priority import Classes
from schedlab.model.manifests.storage_pods import of_pod
from schedlab.model.manifests.templates import NamedPod, stamp, template_hash
from schedlab.model.objects import (
    NAME_FIELD,
    Node,
    NodeSelectorTerm,
    PodSpec,
    Requirement,
    Toleration,
    matches_requirement,
)


def daemon_pods(obj: SourcedObject, nodes: Sequence[Node], classes: Classes) -> list[NamedPod]:
    """Return a DaemonSet's pods, named after it and their node."""
    key, template = obj.key, obj.field["spec"]["template"]
    labels = {"controller-revision-hash": f"{key.name}-{template_hash(template)}"}
    [(base, spec, bound)] = stamp(template, key.namespace, [(f"{key.name}-ds", labels)], classes)
    spec = replace(
        spec, tolerations=_with_tolerations(spec, template["spec"]["hostNetwork"].flag())
    )
    return [
        (f"{base}-{node.name}", _pinned(spec, f"{key.name}-ds-{node.name}", node), bound)
        for node in nodes
        if bound in ("", node.name) and admits(node, spec)
    ]


def admits(node: Node, spec: PodSpec) -> bool:
    """Say whether the DaemonSet controller would make a pod of ``spec`` for ``node``."""
    return (
        all(node.labels.get(k) == v for k, v in spec.node_selector)
        and _matches_any(node, spec.required_node_terms)
        and all(
            any(t.tolerates(taint) for t in spec.tolerations)
            for taint in node.taints
            if taint.effect in ("NoSchedule", "NoExecute")
        )
    )


def _matches_any(node: Node, terms: Sequence[NodeSelectorTerm] | None) -> bool:
    return terms is None or any(_matches(node, t) for t in terms)


def _matches(node: Node, term: NodeSelectorTerm) -> bool:
    if not (term.match_expressions or term.match_fields):
        return False
    return _all_hold(term.match_expressions, node.labels) and _all_hold(
        term.match_fields, {NAME_FIELD: node.name}
    )


def _all_hold(requirements: Sequence[Requirement], values: Mapping[str, str]) -> bool:
    return all(matches_requirement(r, values) for r in requirements)


def _pinned(spec: PodSpec, name: str, node: Node) -> PodSpec:
    volumes = of_pod(spec.volumes, name)
    return replace(spec, required_node_terms=(_pin(node),), volumes=volumes)


def _pin(node: Node) -> NodeSelectorTerm:
    return NodeSelectorTerm(match_fields=(Requirement(NAME_FIELD, "In", (node.name,)),))


def _with_tolerations(spec: PodSpec, host_network: bool) -> tuple[Toleration, ...]:
    added = [
        ("not-ready", "NoExecute"),
        ("unreachable", "NoExecute"),
        ("disk-pressure", "NoSchedule"),
        ("memory-pressure", "NoSchedule"),
        ("pid-pressure", "NoSchedule"),
        ("unschedulable", "NoSchedule"),
    ]
    if host_network:
        added.append(("network-unavailable", "NoSchedule"))
    controllers = [Toleration(f"node.kubernetes.io/{k}", "Exists", "", e) for k, e in added]
    return tuple(dict.fromkeys((*spec.tolerations, *controllers)))
