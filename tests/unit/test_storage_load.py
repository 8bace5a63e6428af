"""Storage in whole inputs: objects, claims that are to be made, and inputs without any."""

from __future__ import annotations

from pathlib import Path

import pytest

from schedlab.errors import InputError
from schedlab.model.manifests import load_manifests
from schedlab.model.objects import Workload
from schedlab.model.storage import NO_STORAGE, ClaimKey
from schedlab.model.volumes import ClaimVolume

NODES = """
{apiVersion: v1, kind: Node, metadata: {name: n0}, status: {allocatable: {cpu: 4, pods: 9}}}
---
{apiVersion: v1, kind: Node, metadata: {name: n1}, status: {allocatable: {cpu: 4, pods: 9}}}
---
"""
CLASS = """
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: standard, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}
provisioner: p
volumeBindingMode: WaitForFirstConsumer
---
"""
TEMPLATE = "{spec: {resources: {requests: {storage: 3}}}}"
EPHEMERAL = f"{{name: scratch, ephemeral: {{volumeClaimTemplate: {TEMPLATE}}}}}"
STATEFUL_SET = f"""
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: db, namespace: shop}}
spec:
  replicas: 2
  template:
    spec: {{containers: [{{image: db}}], volumes: [{EPHEMERAL}]}}
  volumeClaimTemplates:
  - metadata: {{name: data}}
    spec: {{storageClassName: fast, resources: {{requests: {{storage: 7}}}}}}
"""


def loaded(folder: Path, *documents: str) -> Workload:
    file = folder / "input.yaml"
    file.write_text(NODES + "\n---\n".join(documents), encoding="utf-8")
    return load_manifests([file])


def claim(name: str) -> str:
    return f"{{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {{name: {name}}}}}"


def pod(volumes: str, metadata: str = "name: p") -> str:
    spec = f"{{containers: [{{image: x}}], volumes: [{volumes}]}}"
    return f"{{apiVersion: v1, kind: Pod, metadata: {{{metadata}}}, spec: {spec}}}"


def test_objects_of_all_kinds_are_read(tmp_path: Path) -> None:
    storage_api = "apiVersion: storage.k8s.io/v1, kind"
    workload = loaded(
        tmp_path,
        CLASS,
        claim("c"),
        "{apiVersion: v1, kind: PersistentVolume, metadata: {name: v}, spec: {}}",
        f"{{{storage_api}: CSINode, metadata: {{name: n0}}, spec: {{drivers: []}}}}",
        f"{{{storage_api}: CSIDriver, metadata: {{name: d}}, spec: {{}}}}",
        f"{{{storage_api}: CSIStorageCapacity, metadata: {{name: x}}, storageClassName: s}}",
    )
    storage = workload.storage
    assert [len(x) for x in (storage.volumes, storage.csi_nodes, storage.csi_drivers)] == [1, 1, 1]
    assert len(storage.capacities) == 1
    assert storage.claim_by_key[ClaimKey("default", "c")].storage_class == "standard"
    assert workload.ignored == {}


def test_an_object_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="PersistentVolumeClaim 'c' is already at"):
        loaded(tmp_path, claim("c"), claim("c"))


def test_claims_are_made_for_pods_to_be_created(tmp_path: Path) -> None:
    workload = loaded(tmp_path, CLASS, STATEFUL_SET)
    made = {str(c.key): (c.storage_class, c.request) for c in workload.storage.claims}
    assert made == {
        "shop/data-db-0": ("fast", 7),
        "shop/data-db-1": ("fast", 7),
        "shop/db-0-scratch": ("standard", 3),
        "shop/db-1-scratch": ("standard", 3),
    }
    volumes = {n: spec.volumes for n, spec in workload.pods}
    expected = (ClaimVolume("db-0-scratch", "db-0"), ClaimVolume("data-db-0"))
    assert volumes["shop/db-0"] == expected


def test_a_pod_that_was_created_waits_for_its_claims(tmp_path: Path) -> None:
    fresh = loaded(tmp_path, CLASS, pod(EPHEMERAL))
    assert [str(c.key) for c in fresh.storage.claims] == ["default/p-scratch"]
    created = loaded(tmp_path, CLASS, pod(EPHEMERAL, "name: p, uid: u"))
    assert created.storage.claims == ()


def test_a_claim_of_the_input_is_not_made_again(tmp_path: Path) -> None:
    workload = loaded(tmp_path, CLASS, claim("p-scratch"), pod(EPHEMERAL))
    [kept] = workload.storage.claims
    assert kept.request is None


def test_each_daemon_has_its_own_claims(tmp_path: Path) -> None:
    daemons = (
        "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: d}, spec: "
        f"{{template: {{spec: {{containers: [{{image: x}}], volumes: [{EPHEMERAL}]}}}}}}}}"
    )
    workload = loaded(tmp_path, CLASS, daemons)
    claims = [v.claim for _, s in workload.pods for v in s.volumes if isinstance(v, ClaimVolume)]
    assert claims == ["d-ds-n0-scratch", "d-ds-n1-scratch"]
    assert sorted(c.key.name for c in workload.storage.claims) == claims


def test_an_input_that_says_nothing_of_storage_is_read_without_claims(tmp_path: Path) -> None:
    disk = "{name: d, iscsi: {iqn: x}}"
    workload = loaded(
        tmp_path, pod(f"{{name: a, persistentVolumeClaim: {{claimName: c}}}}, {disk}")
    )
    [(_, spec)] = workload.pods
    assert [type(v).__name__ for v in spec.volumes] == ["DiskVolume"]
    assert list(workload.ignored.values()) == [1]
    assert workload.storage == NO_STORAGE
