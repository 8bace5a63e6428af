"""Storage objects and the volumes of pods: every field that scheduling reads."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from schedlab.errors import InputError
from schedlab.model.manifests import pod_from_manifest
from schedlab.model.manifests.fields import Field
from schedlab.model.manifests.storage import (
    persistent_volume,
    persistent_volume_claim,
    storage_class,
)
from schedlab.model.manifests.storage_csi import csi_driver, csi_node, csi_storage_capacity
from schedlab.model.objects import LabelSelector, NodeSelectorTerm, Requirement
from schedlab.model.storage import (
    ClaimKey,
    ClaimReference,
    CSIDriver,
    CSINode,
    CSIStorageCapacity,
    CsiVolume,
    PersistentVolume,
    PersistentVolumeClaim,
    StorageClass,
)
from schedlab.model.volumes import ClaimVolume, DiskVolume, PodVolume

GI = 1 << 30


def field(text: str) -> Field:
    return Field(yaml.safe_load(text), "dump.yaml")


def volumes(text: str, metadata: str = "{name: p}") -> tuple[PodVolume, ...]:
    spec = {"containers": [{"name": "c"}], "volumes": yaml.safe_load(text)}
    manifest: dict[str, Any] = {"metadata": yaml.safe_load(metadata), "spec": spec}
    return pod_from_manifest(manifest)[1].volumes


# -- PersistentVolumes -------------------------------------------------------------


def test_a_full_volume() -> None:
    volume = field(
        """
        metadata: {name: pv, labels: {kind: fast}, deletionTimestamp: 2026-01-01T00:00:00Z}
        spec:
          capacity: {storage: 5Gi}
          accessModes: [ReadWriteOnce]
          storageClassName: local
          volumeMode: Block
          volumeAttributesClassName: gold
          claimRef: {namespace: shop, name: db, uid: u1}
          csi: {driver: csi.example.com, volumeHandle: h}
          nodeAffinity:
            required:
              nodeSelectorTerms:
              - matchExpressions: [{key: zone, operator: In, values: [a]}]
        status: {phase: Bound}
        """
    )
    assert persistent_volume(volume) == PersistentVolume(
        name="pv",
        capacity=5 * GI,
        access_modes=("ReadWriteOnce",),
        storage_class="local",
        labels={"kind": "fast"},
        node_affinity=(NodeSelectorTerm((Requirement("zone", "In", ("a",)),)),),
        claim=ClaimReference(ClaimKey("shop", "db"), "u1"),
        source=CsiVolume("csi.example.com", "h"),
        phase="Bound",
        volume_mode="Block",
        attributes_class="gold",
        terminating=True,
    )


def test_a_volume_that_says_little_is_available_everywhere() -> None:
    volume = persistent_volume(field("{metadata: {name: pv}, spec: {local: {path: /mnt}}}"))
    assert volume == PersistentVolume("pv", 0)
    assert (volume.phase, volume.node_affinity, volume.source) == ("Available", None, None)


def test_the_class_by_annotation_wins() -> None:
    annotated = """
        metadata: {name: x, annotations: {volume.beta.kubernetes.io/storage-class: old}}
        spec: {storageClassName: new}
        """
    assert persistent_volume(field(annotated)).storage_class == "old"
    assert persistent_volume_claim(field(annotated)).storage_class == "old"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{spec: {}}", "metadata.name: missing"),
        (
            "{metadata: {name: pv}, spec: {capacity: {storage: 5GB}}}",
            "spec.capacity.storage: '5GB' is not a quantity",
        ),
        (
            "{metadata: {name: pv}, spec: {volumeMode: Raw}}",
            "spec.volumeMode: expected one of Filesystem, Block",
        ),
        ("{metadata: {name: pv}, spec: {csi: {driver: d}}}", "spec.csi.volumeHandle: missing"),
        ("{metadata: {name: pv}, status: {phase: Gone}}", "status.phase: expected one of"),
    ],
)
def test_broken_volumes_are_named_by_their_path(text: str, message: str) -> None:
    with pytest.raises(InputError, match=r"^dump.yaml: ") as raised:
        persistent_volume(field(text))
    assert message in str(raised.value)


# -- PersistentVolumeClaims --------------------------------------------------------


def test_a_full_claim() -> None:
    claim = field(
        """
        metadata:
          name: c
          namespace: shop
          uid: u1
          deletionTimestamp: 2026-01-01T00:00:00Z
          annotations:
            pv.kubernetes.io/bind-completed: "yes"
            volume.kubernetes.io/selected-node: n1
          ownerReferences:
          - {apiVersion: v1, kind: Thing, name: x, uid: other}
          - {apiVersion: v1, kind: Pod, name: p, uid: pod-uid, controller: true}
        spec:
          accessModes: [ReadWriteOncePod]
          resources: {requests: {storage: 1500m}}
          storageClassName: local
          selector: {matchLabels: {kind: fast}}
          volumeName: pv
          volumeMode: Block
          volumeAttributesClassName: gold
        status: {phase: Bound}
        """
    )
    assert persistent_volume_claim(claim) == PersistentVolumeClaim(
        key=ClaimKey("shop", "c"),
        uid="u1",
        request=2,
        access_modes=("ReadWriteOncePod",),
        storage_class="local",
        selector=LabelSelector.of({"kind": "fast"}),
        volume="pv",
        bind_completed=True,
        selected_node="n1",
        phase="Bound",
        volume_mode="Block",
        attributes_class="gold",
        terminating=True,
        owner_uid="pod-uid",
    )


def test_a_claim_is_bound_when_its_binding_is_complete() -> None:
    text = "{{metadata: {{name: c, annotations: {{{}}}}}, spec: {{volumeName: '{}'}}}}"
    done = 'pv.kubernetes.io/bind-completed: ""'
    assert persistent_volume_claim(field(text.format(done, "pv"))).is_bound
    assert not persistent_volume_claim(field(text.format("", "pv"))).is_bound
    assert not persistent_volume_claim(field(text.format(done, ""))).is_bound


@pytest.mark.parametrize(
    ("metadata", "spec", "expected"),
    [
        ("name: c", "", "standard"),
        ("name: c", "storageClassName: ''", ""),
        ("name: c", "storageClassName: fast", "fast"),
        ("{name: c, uid: u}", "", ""),
    ],
)
def test_the_default_class_goes_to_claims_to_be_created(
    metadata: str, spec: str, expected: str
) -> None:
    claim = Field({"metadata": yaml.safe_load(metadata), "spec": yaml.safe_load(spec)}, "c.yaml")
    assert persistent_volume_claim(claim, "standard").storage_class == expected


def test_a_claim_without_a_request_asks_for_any_size() -> None:
    claim = persistent_volume_claim(field("{metadata: {name: c}}"))
    assert (claim.request, claim.size, claim.key) == (None, 0, ClaimKey("default", "c"))


# -- classes and CSI objects -------------------------------------------------------


def test_classes() -> None:
    assert storage_class(field("{metadata: {name: s}, provisioner: p}")) == StorageClass("s", "p")
    waiting = storage_class(
        field(
            """
            metadata: {name: s}
            provisioner: kubernetes.io/no-provisioner
            volumeBindingMode: WaitForFirstConsumer
            allowedTopologies:
            - matchLabelExpressions: [{key: zone, values: [a, b]}]
            """
        )
    )
    assert waiting.waits
    assert not waiting.provisions
    term = NodeSelectorTerm((Requirement("zone", "In", ("a", "b")),))
    assert waiting.allowed_topologies == (term,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{metadata: {name: s}}", "provisioner: missing"),
        (
            "{metadata: {name: s}, provisioner: p, volumeBindingMode: Late}",
            "volumeBindingMode: expected one of Immediate, WaitForFirstConsumer, got 'Late'",
        ),
        (
            "{metadata: {name: s}, provisioner: p, allowedTopologies: "
            "[{matchLabelExpressions: [{key: zone}]}]}",
            "allowedTopologies[0].matchLabelExpressions[0].values: missing",
        ),
    ],
)
def test_broken_classes(text: str, message: str) -> None:
    with pytest.raises(InputError) as raised:
        storage_class(field(text))
    assert message in str(raised.value)


def test_csi_objects() -> None:
    node = field(
        """
        metadata: {name: n0}
        spec: {drivers: [{name: a, allocatable: {count: 0}}, {name: b}]}
        """
    )
    assert csi_node(node) == CSINode("n0", {"a": 0})
    assert csi_driver(field("{metadata: {name: d}, spec: {storageCapacity: true}}")) == CSIDriver(
        "d", storage_capacity=True
    )
    assert csi_driver(field("{metadata: {name: d}}")) == CSIDriver("d")


def test_the_largest_volume_is_the_limit_where_it_is_known() -> None:
    text = "{{storageClassName: s, nodeTopology: {{}}, {}}}"
    everywhere = LabelSelector()
    assert csi_storage_capacity(field(text.format("capacity: 10"))) == CSIStorageCapacity(
        "s", everywhere, 10
    )
    both = csi_storage_capacity(field(text.format("capacity: 10, maximumVolumeSize: 4")))
    assert both.limit == 4
    unknown = csi_storage_capacity(field("{storageClassName: s}"))
    assert (unknown.limit, unknown.node_topology) == (None, None)


# -- pods --------------------------------------------------------------------------


def test_volumes_by_claim() -> None:
    found = volumes(
        "[{name: a, persistentVolumeClaim: {claimName: data, readOnly: true}},"
        " {name: scratch, ephemeral: {volumeClaimTemplate: {spec: {}}}}]",
        "{name: p, uid: u}",
    )
    assert found == (ClaimVolume("data"), ClaimVolume("p-scratch", "p", "u"))


def test_disks() -> None:
    found = volumes(
        """
        - {name: a, gcePersistentDisk: {pdName: d, readOnly: true}}
        - {name: b, awsElasticBlockStore: {volumeID: vol-1}}
        - {name: c, iscsi: {iqn: iqn.x, targetPortal: t, lun: 1}}
        - {name: d, rbd: {monitors: [m2, m1], image: i}}
        - {name: e, azureDisk: {diskName: x, diskURI: /sub/x}}
        - {name: f, emptyDir: {}}
        - {name: g, csi: {driver: inline.example.com}}
        """
    )
    assert found == (
        DiskVolume("gcePersistentDisk", "d", read_only=True),
        DiskVolume("awsElasticBlockStore", "vol-1"),
        DiskVolume("iscsi", "iqn.x"),
        DiskVolume("rbd", "rbd/i", monitors=("m1", "m2")),
        DiskVolume("azureDisk", "/sub/x"),
    )


def test_volumes_are_part_of_the_signature() -> None:
    one = volumes("[{name: a, persistentVolumeClaim: {claimName: x}}]")
    assert one != volumes("[{name: a, persistentVolumeClaim: {claimName: y}}]")
    assert hash(one) == hash(volumes("[{name: other, persistentVolumeClaim: {claimName: x}}]"))


def test_a_claim_needs_a_name() -> None:
    with pytest.raises(
        InputError, match=r"volumes\[0\]\.persistentVolumeClaim\.claimName: missing"
    ):
        volumes("[{name: a, persistentVolumeClaim: {}}]")
