"""Kubernetes objects put together to a workload."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from schedlab.errors import InputError
from schedlab.model.manifests.controllers import CONTROLLERS, expand
from schedlab.model.manifests.disruption_budgets import disruption_budget
from schedlab.model.manifests.dump import DUMP_COMMAND, owners_missing
from schedlab.model.manifests.gangs import joined, pod_groups
from schedlab.model.manifests.nodes import node_from_manifest
from schedlab.model.manifests.objects import SourcedObject
from schedlab.model.manifests.owners import parents
from schedlab.model.manifests.pods import pod_from_manifest, started
from schedlab.model.manifests.priority import SYSTEM_CLASSES, Classes, priority_class
from schedlab.model.manifests.reading import read_objects
from schedlab.model.manifests.services import SELECTING, service
from schedlab.model.manifests.storage_load import (
    STORAGE_KINDS,
    storage,
    without_unknown_claims,
)
from schedlab.model.manifests.templates import NamedPod
from schedlab.model.objects import NOT_STARTED, Node, PodBatch, Service, Workload

READ = (
    CONTROLLERS
    | SELECTING
    | STORAGE_KINDS
    | {
        "Node",
        "Pod",
        "Namespace",
        "PriorityClass",
        "PodDisruptionBudget",
        "Workload",
    }
)
FINISHED = ("Succeeded", "Failed")
NAMESPACE_LABEL = "kubernetes.io/metadata.name"

SourcedPod = tuple[str, NamedPod]
"""Where a pod comes from, and the pod."""


def load_manifests(paths: Sequence[Path], name: str | None = None) -> Workload:
    """Read manifests or ``kubectl get`` dumps as one workload.

    Pods with a node are bound, the others wait, in the order of the input; controllers
    stand for the pods that they would create, unless some of theirs are in the input.
    What was left out is counted in ``Workload.ignored``: objects of kinds that do not
    matter, pods that are finished, being deleted before they ran, or on a node that is not
    in the input, the claims of pods where the input says nothing of storage, and the
    ReplicaSets and their like that own pods but are not in the input.

    Parameters
    ----------
    paths
        Files and folders, as :func:`read_objects` takes them.
    name
        The workload's name; by default the first file's.

    Raises
    ------
    InputError
        If a file cannot be read, a field is malformed, a node or pod is there twice, or
        there is no node; the message says where.
    """
    source = ", ".join(str(p) for p in paths)
    workload_name = name or (Path(paths[0]).name.partition(".")[0] if paths else "")
    objects = read_objects(paths)
    workload = workload_from_objects(objects, workload_name, source)
    return without_unknown_claims(workload, objects)


def workload_from_objects(objects: Sequence[SourcedObject], name: str, source: str) -> Workload:
    """Put Kubernetes objects together to one workload; see :func:`load_manifests`."""
    nodes = _nodes(objects, source)
    ignored = Counter(o.kind for o in objects if o.kind not in READ) + owners_missing(objects)
    sourced = list(_pods(objects, nodes, ignored))
    pods = _unique(sourced)
    row = {node.name: i for i, node in enumerate(nodes)}
    rows = [row[node] for _, _, node in pods if node]
    starts, nominations = _starts(objects), _nominations(objects, row)
    nominated = [(n, spec) for n, spec, node in pods if not node and n in nominations]
    return Workload(
        name=name,
        nodes=nodes,
        pods=PodBatch.of((n, spec) for n, spec, node in pods if not node),
        bound=PodBatch.of((n, spec) for n, spec, node in pods if node),
        bound_node=np.array(rows, np.int32),
        namespaces=_namespaces(objects, pods),
        services=_services(objects),
        storage=storage(objects, sourced),
        nominated=PodBatch.of(nominated),
        nominated_node=np.array([nominations[n] for n, _ in nominated], np.int32),
        bound_start=np.array([starts.get(n, NOT_STARTED) for n, _, node in pods if node], np.int64),
        disruption_budgets=tuple(
            disruption_budget(o) for o in _of_kind(objects, "PodDisruptionBudget")
        ),
        ignored=dict(sorted(ignored.items())),
        source=source,
    )


def _of_kind(objects: Iterable[SourcedObject], kind: str) -> Iterator[SourcedObject]:
    return (o for o in objects if o.kind == kind)


def _nodes(objects: Sequence[SourcedObject], source: str) -> tuple[Node, ...]:
    seen: dict[str, str] = {}
    nodes = []
    for obj in _of_kind(objects, "Node"):
        node = node_from_manifest(obj.manifest, obj.where)
        _once(seen, "node", node.name, obj.where)
        nodes.append(node)
    if not nodes:
        raise InputError(
            f"{source}: no Node in the input, so nothing to place pods on; "
            f"get a dump of a cluster by: {DUMP_COMMAND} > dump.json"
        )
    return tuple(nodes)


def _pods(
    objects: Sequence[SourcedObject], nodes: Sequence[Node], ignored: Counter[str]
) -> Iterator[SourcedPod]:
    classes, owners = _classes(objects), parents(objects)
    groups = pod_groups(_of_kind(objects, "Workload"))
    known = {node.name for node in nodes}
    for obj in objects:
        if obj.kind == "Pod":
            name, spec, node = pod_from_manifest(obj.manifest, obj.where, classes)
            pod = name, joined(spec, groups), node
            reason = _left_out(obj, pod, known)
            if reason:
                ignored[f"Pod ({reason})"] += 1
            else:
                yield obj.where, pod
        elif obj.kind in CONTROLLERS and obj.key not in owners:
            for name, spec, node in expand(obj, nodes, classes):
                yield obj.where, (name, joined(spec, groups), node)


def _starts(objects: Iterable[SourcedObject]) -> dict[str, int]:
    """Return when each pod started, by name."""
    return {_pod_name(o): started(o.field) for o in _of_kind(objects, "Pod")}


def _nominations(objects: Iterable[SourcedObject], row: Mapping[str, int]) -> dict[str, int]:
    """Return the row of the node on which preemption made room for a pod, by its name."""
    nodes = (
        (_pod_name(o), o.field["status"]["nominatedNodeName"].text(""))
        for o in _of_kind(objects, "Pod")
    )
    return {name: row[node] for name, node in nodes if node in row}


def _pod_name(obj: SourcedObject) -> str:
    return f"{obj.key.namespace}/{obj.key.name}"


def _left_out(obj: SourcedObject, pod: NamedPod, known: set[str]) -> str:
    """Return why a pod takes no part ("" if it does)."""
    _, spec, node = pod
    phase = obj.field["status"]["phase"].text("")
    if phase in FINISHED:
        return phase
    if node and node not in known:
        return "on a node that is not in the input"
    return "deleted while waiting" if spec.terminating and not node else ""


def _classes(objects: Iterable[SourcedObject]) -> Classes:
    stated = {o.key.name: priority_class(o.field) for o in _of_kind(objects, "PriorityClass")}
    return {**SYSTEM_CLASSES, **stated}


def _unique(pods: Iterable[SourcedPod]) -> list[NamedPod]:
    seen: dict[str, str] = {}
    unique = []
    for where, pod in pods:
        _once(seen, "pod", pod[0], where)
        unique.append(pod)
    return unique


def _once(seen: dict[str, str], what: str, name: str, where: str) -> None:
    if name in seen:
        raise InputError(
            f"{where}: {what} {name!r} is already at {seen[name]}; remove or rename one"
        )
    seen[name] = where


def _namespaces(
    objects: Iterable[SourcedObject], pods: Iterable[NamedPod]
) -> Mapping[str, Mapping[str, str]]:
    """Return each namespace's labels, those that only pods mention included."""
    stated = {
        o.key.name: o.field["metadata"]["labels"].strings() for o in _of_kind(objects, "Namespace")
    }
    names = dict.fromkeys((*stated, *(spec.namespace for _, spec, _ in pods)))
    return {n: {**stated.get(n, {}), NAMESPACE_LABEL: n} for n in names}


def _services(objects: Iterable[SourcedObject]) -> tuple[Service, ...]:
    found = (service(o) for o in objects if o.kind in SELECTING)
    return tuple(s for s in found if s is not None)
