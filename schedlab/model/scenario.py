"""Scenario files: a cluster, what runs on it, and the pods to schedule in this order.

The format of the recorded answers of the real kube-scheduler: one JSON object whose lists
hold Kubernetes objects.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from schedlab.errors import InputError
from schedlab.model.manifests import SourcedObject, pod_from_manifest, workload_from_objects
from schedlab.model.manifests.fields import Field
from schedlab.model.manifests.objects import describe
from schedlab.model.manifests.reading import read_text
from schedlab.model.objects import PodBatch, PodSpec, Workload

KINDS = {
    "nodes": ("v1", "Node"),
    "namespaces": ("v1", "Namespace"),
    "pods": ("v1", "Pod"),
    "services": ("v1", "Service"),
    "persistentVolumes": ("v1", "PersistentVolume"),
    "persistentVolumeClaims": ("v1", "PersistentVolumeClaim"),
    "storageClasses": ("storage.k8s.io/v1", "StorageClass"),
    "csiNodes": ("storage.k8s.io/v1", "CSINode"),
    "csiDrivers": ("storage.k8s.io/v1", "CSIDriver"),
    "csiStorageCapacities": ("storage.k8s.io/v1", "CSIStorageCapacity"),
    "podDisruptionBudgets": ("policy/v1", "PodDisruptionBudget"),
}
"""The apiVersion and kind of the objects in each list, which they need not state."""

WAITING = ("pending", "nominated")
REMARKS = ("family", "name", "seed", "config", "mode")


@dataclass(frozen=True)
class Scenario:
    """A workload and how it is to be scheduled.

    ``config`` is a KubeSchedulerConfiguration as plain data, None for the defaults.
    ``preempts``: pods that fit nowhere may evict others, and are then tried again.
    ``recorded``: it comes from a scenario file, whose order of pods is that of the queue.
    """

    workload: Workload
    config: Mapping[str, Any] | None = None
    preempts: bool = False
    recorded: bool = False


def load_scenario(path: Path) -> Scenario:
    """Read a scenario file, plain or gzipped; raise InputError saying what is wrong where.

    A recorded answer beside the scenario (``{"scenario": ..., "expected": ...}``) is
    left alone.
    """
    try:
        content = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        where = f"{path}: line {error.lineno}, column {error.colno}"
        raise InputError(f"{where}: not JSON: {error.msg}") from None
    return scenario_from(content, str(path))


def is_scenario(content: Any) -> bool:
    """Say whether decoded JSON looks like a scenario rather than Kubernetes objects."""
    return isinstance(content, dict) and ("scenario" in content or "pending" in content)


def scenario_from(content: Any, where: str) -> Scenario:
    """Return the scenario in decoded JSON; raise InputError saying what is wrong where."""
    if not is_scenario(content):
        raise InputError(
            f"{where}: expected a scenario: a JSON object with the lists nodes, pods and pending"
        )
    data = content.get("scenario", content)
    root = Field(data, where)
    unknown = set(data) - {*KINDS, *WAITING, *REMARKS}
    if unknown:
        known = ", ".join((*KINDS, *WAITING, *REMARKS))
        raise InputError(f"{where}: unknown keys {sorted(unknown)} (known: {known})")
    return Scenario(
        workload=_workload(root, where),
        config=data.get("config"),
        preempts=root["mode"].choice(("", "preempt"), "") == "preempt",
        recorded=True,
    )


def _workload(root: Field, where: str) -> Workload:
    name = root["name"].text(Path(where).name.partition(".")[0])
    workload = workload_from_objects(list(_objects(root)), name, where)
    nominated = [_waiting(pod) for pod in root["nominated"].items()]
    row = {node.name: i for i, node in enumerate(workload.nodes)}
    rows = [row[_nominee(pod, row)] for pod in root["nominated"].items()]
    return replace(
        workload,
        pods=PodBatch.of(_waiting(pod) for pod in root["pending"].items()),
        nominated=PodBatch.of(nominated),
        nominated_node=np.array(rows, np.int32),
    )


def _objects(root: Field) -> Iterator[SourcedObject]:
    for key, (api_version, kind) in KINDS.items():
        for item in root[key].items():
            if not isinstance(item.value, dict):
                raise item.expected(f"a {kind}")
            manifest = {"apiVersion": api_version, "kind": kind, **item.value}
            yield SourcedObject(manifest, f"{item} ({describe(manifest)})")


def _waiting(item: Field) -> tuple[str, PodSpec]:
    """Return a waiting pod; one that names a node asks for it."""
    name, spec, node = pod_from_manifest(item.value, str(item))
    return name, replace(spec, node_name=node)


def _nominee(item: Field, known: Mapping[str, int]) -> str:
    node = item["status"]["nominatedNodeName"]
    return node.choice(tuple(known))
