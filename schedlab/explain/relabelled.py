"""Labels that a node could be given so that the pod fits there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from schedlab.api import Cluster
from schedlab.explain.turn import Turn
from schedlab.model.objects import NAME_FIELD, Node, PodSpec

Label = tuple[str, str]


def wanted_labels(spec: PodSpec) -> Iterator[tuple[Label, PodSpec]]:
    """Yield each label that the pod asks of its node, and its spec without asking for it."""
    for i, (key, value) in enumerate(spec.node_selector):
        rest = (*spec.node_selector[:i], *spec.node_selector[i + 1 :])
        yield (key, value), replace(spec, node_selector=rest)
    terms = spec.required_node_terms or ()
    if len(terms) == 1 and not terms[0].match_fields:
        for requirement in terms[0].match_expressions:
            if requirement.operator == "In" and requirement.key != NAME_FIELD:
                others = tuple(r for r in terms[0].match_expressions if r is not requirement)
                left = (replace(terms[0], match_expressions=others),) if others else None
                label = (requirement.key, requirement.values[0])
                yield label, replace(spec, required_node_terms=left)


def with_label(turn: Turn, row: int, label: Label) -> Turn:
    """Return the turn in a cluster in which one node has one more label."""
    node = turn.cluster.nodes[row]
    changed = replace(node, labels={**node.labels, label[0]: label[1]})
    return replace(turn, cluster=_with_node(turn.cluster, row, changed))


def _with_node(cluster: Cluster, row: int, node: Node) -> Cluster:
    nodes = (*cluster.nodes[:row], node, *cluster.nodes[row + 1 :])
    fresh = Cluster(
        nodes,
        cluster.specs,
        services=cluster.services,
        namespaces=cluster.namespaces,
        storage=cluster.storage,
        history=cluster.history,
    )
    log = cluster.log
    changes = zip(log.rows(0).tolist(), log.signatures(0).tolist(), log.signs(0), strict=True)
    for where, signature, sign in changes:
        (fresh.place if sign > 0 else fresh.remove)(signature, where)
    fresh.device_free[:] = cluster.device_free
    fresh.nominated = cluster.nominated
    return fresh
