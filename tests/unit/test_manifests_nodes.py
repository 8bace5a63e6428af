"""Node objects: allocatable, taints, images, GPUs, and malformed ones."""

from __future__ import annotations

from typing import Any

import pytest

from schedlab.errors import InputError
from schedlab.model.manifests import node_from_manifest
from schedlab.model.objects import GPU_MILLI, GpuDevices, Taint


def manifest(**parts: Any) -> dict[str, Any]:
    status = {"allocatable": {"cpu": "1", "memory": "1Gi", "pods": "110"}}
    return {"metadata": {"name": "n0", "labels": {}}, "spec": {}, "status": status, **parts}


def test_allocatable_in_the_schedulers_units() -> None:
    status = {
        "allocatable": {"cpu": "7910m", "memory": "12e9", "pods": 30, "hugepages-2Mi": "0"},
        "capacity": {"cpu": "8", "memory": "13e9", "pods": "30"},
    }
    node = node_from_manifest(manifest(status=status))
    assert node.allocatable == {"cpu": 7910, "memory": 12_000_000_000, "pods": 30}


def test_allocatable_falls_back_to_capacity() -> None:
    node = node_from_manifest(manifest(status={"capacity": {"cpu": "8", "pods": "0"}}))
    assert node.allocatable == {"cpu": 8000, "pods": 0}


def test_labels_taints_and_images() -> None:
    taints = [{"key": "a", "effect": "NoSchedule"}]
    taints += [{"key": "b", "value": "c", "effect": "NoExecute", "timeAdded": "2026-01-01"}]
    images = [
        {"names": ["nginx:1", "nginx@sha256:0"], "sizeBytes": 23},
        {"names": ["nginx:1"], "sizeBytes": 42},
        {"names": None},
    ]
    node = node_from_manifest(
        manifest(
            metadata={"name": "n0", "labels": {"zone": "a"}},
            spec={"taints": taints, "unschedulable": True},
            status={"capacity": {"cpu": "1"}, "images": images},
        )
    )
    assert node.labels == {"zone": "a"}
    assert node.taints == (Taint("a"), Taint("b", "c", "NoExecute"))
    assert node.unschedulable
    assert node.images == {"nginx:1": 23, "nginx@sha256:0": 23}


def test_alibaba_gpus_become_devices() -> None:
    offered = {"cpu": "1", "alibabacloud.com/gpu-count": "2", "alibabacloud.com/gpu-milli": "1000"}
    labels = {"alibabacloud.com/gpu-card-model": "T4"}
    node = node_from_manifest(
        manifest(metadata={"name": "g", "labels": labels}, status={"allocatable": offered})
    )
    assert node.gpus == GpuDevices(2, "T4")
    assert node.allocatable == {"cpu": 1000, GPU_MILLI: 2000}


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"status": {}}, r"^Node n0: status\.allocatable: missing, expected what the node offers"),
        (
            {"status": {"allocatable": {"memory": "-1Gi"}}},
            r"^Node n0: status\.allocatable\.memory: '-1Gi' is negative",
        ),
        (
            {"status": {"allocatable": {"cpu": "10P"}}},
            r"^Node n0: status\.allocatable: cpu: .* too large",
        ),
        (
            {"spec": {"taints": [{"key": "a"}]}},
            r"^Node n0: spec\.taints\[0\]\.effect: missing, expected one of NoSchedule, ",
        ),
        ({"spec": {"unschedulable": "yes"}}, r"spec\.unschedulable: expected true or false"),
        (
            {"metadata": {"name": "n0", "labels": {"generation": 9}}},
            r"metadata\.labels\.generation: expected text \(put it in quotes\), got 9",
        ),
        ({"metadata": {}}, r"^Node: metadata\.name: missing, expected text"),
        ({"spec": ["taints"]}, r"^Node n0: spec: expected a mapping, got \['taints'\]"),
        (
            {"status": {"allocatable": {"alibabacloud.com/gpu-count": "64"}}},
            r"gpu-count: 64 devices, expected at most 62",
        ),
    ],
)
def test_malformed_nodes_say_where(parts: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        node_from_manifest(manifest(**parts))
