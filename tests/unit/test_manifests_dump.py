"""How to dump a cluster, said everywhere alike, and what a dump lacks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from schedlab.cli.explain import explain
from schedlab.model.manifests import DUMP_COMMAND, load_manifests
from schedlab.model.manifests.load import READ
from schedlab_workloads.manifests import Manifests

DOCS = Path(__file__).parents[2] / "docs"

SHORT = {
    "nodes": "Node",
    "pods": "Pod",
    "services": "Service",
    "namespaces": "Namespace",
    "rs": "ReplicaSet",
    "sts": "StatefulSet",
    "rc": "ReplicationController",
    "pdb": "PodDisruptionBudget",
    "pc": "PriorityClass",
    "pv": "PersistentVolume",
    "pvc": "PersistentVolumeClaim",
    "sc": "StorageClass",
    "csinodes": "CSINode",
    "csidrivers": "CSIDriver",
    "csistoragecapacities": "CSIStorageCapacity",
}
"""The names by which ``kubectl api-resources`` knows the kinds."""

SPEAK_FOR_THEMSELVES = {"Deployment", "DaemonSet", "Job", "CronJob"}
"""Controllers whose pods (or ReplicaSets) a dump of a cluster holds."""

ALPHA = {"Workload"}
"""Kinds that most clusters do not have, so that kubectl would fail on their names."""


def test_the_command_lists_every_kind_that_is_read() -> None:
    listed = DUMP_COMMAND.split()[2].split(",")
    assert {SHORT[name] for name in listed} == READ - SPEAK_FOR_THEMSELVES - ALPHA


@pytest.mark.parametrize(
    "text",
    [
        (DOCS / "kubernetes.md").read_text(encoding="utf-8"),
        (DOCS / "workloads.md").read_text(encoding="utf-8"),
        explain.__doc__,
        Manifests.__doc__,
    ],
)
def test_one_command_everywhere(text: str) -> None:
    assert DUMP_COMMAND in text
    assert text.count("kubectl get nodes") == text.count(DUMP_COMMAND)


def owned(name: str, kind: str, owner: str, **labels: str) -> dict[str, Any]:
    api = "v1" if kind == "ReplicationController" else "apps/v1"
    reference = {"apiVersion": api, "kind": kind, "name": owner}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels, "ownerReferences": [reference]},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    }


def ignored(folder: Path, *objects: dict[str, Any]) -> dict[str, int]:
    node = {"metadata": {"name": "n"}, "status": {"allocatable": {"cpu": "4", "pods": "9"}}}
    file = folder / "dump.json"
    items = [{"apiVersion": "v1", "kind": "Node", **node}, *objects]
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    return dict(load_manifests([file]).ignored)


def test_owners_that_spreading_reads_are_missed(tmp_path: Path) -> None:
    pods = [
        owned("a", "ReplicaSet", "web-5d"),
        owned("b", "ReplicaSet", "web-5d"),
        owned("c", "StatefulSet", "db"),
        owned("d", "DaemonSet", "logs"),
    ]
    assert ignored(tmp_path, *pods) == {
        "ReplicaSet of a pod (not in the input)": 2,
        "StatefulSet of a pod (not in the input)": 1,
    }


@pytest.mark.parametrize(("kind", "name"), [("ReplicaSet", "web-5d"), ("Deployment", "web")])
def test_an_owner_in_the_input_is_not_missed(tmp_path: Path, kind: str, name: str) -> None:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": []}}
    spec = {"selector": {"matchLabels": {"app": "web"}}, "template": template}
    owner = {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
    pod = owned("a", "ReplicaSet", "web-5d", **{"pod-template-hash": "5d", "app": "web"})
    assert ignored(tmp_path, owner, pod) == {}
