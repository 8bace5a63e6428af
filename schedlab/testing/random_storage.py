"""A small set of volumes and claims, for pods to mount."""

from __future__ import annotations

from schedlab.model.objects import ZONE, NodeSelectorTerm, Requirement
from schedlab.model.storage import (
    READ_WRITE_ONCE_POD,
    WAIT_FOR_FIRST_CONSUMER,
    ClaimKey,
    ClaimReference,
    CSINode,
    CsiVolume,
    PersistentVolume,
    PersistentVolumeClaim,
    Storage,
    StorageClass,
)
from schedlab.model.volumes import ClaimVolume, DiskVolume, PodVolume

GI = 1 << 30
DRIVER = "csi.example.com"
LIMIT = 2
"""Volumes of the driver that may be attached to a node."""


POD_VOLUMES: tuple[PodVolume, ...] = (
    ClaimVolume("bound"),
    ClaimVolume("exclusive"),
    ClaimVolume("by-hand"),
    ClaimVolume("on-demand"),
    ClaimVolume("missing"),
    DiskVolume("awsElasticBlockStore", "vol-1"),
)
"""What a pod of namespace ``default`` may mount; the claim "missing" does not exist."""


def small_storage(nodes: int) -> Storage:
    """Return volumes in zones, claims bound and waiting, and limits for nodes n0, n1, ..."""
    return Storage(
        volumes=(
            _volume("pv-bound", "fast", "z0", "bound"),
            _volume("pv-exclusive", "fast", "z1", "exclusive", READ_WRITE_ONCE_POD),
            _volume("pv-1", "local", "z1"),
            _volume("pv-2", "local", "z2"),
        ),
        claims=(
            _claim("bound", "fast", "pv-bound"),
            _claim("exclusive", "fast", "pv-exclusive", READ_WRITE_ONCE_POD),
            _claim("by-hand", "local"),
            _claim("on-demand", "dynamic"),
        ),
        classes=(
            StorageClass("fast", DRIVER),
            StorageClass("local", "kubernetes.io/no-provisioner", WAIT_FOR_FIRST_CONSUMER),
            StorageClass("dynamic", DRIVER, WAIT_FOR_FIRST_CONSUMER, (_in_zone("z0"),)),
        ),
        csi_nodes=tuple(CSINode(f"n{i}", {DRIVER: LIMIT}) for i in range(nodes)),
    )


def _volume(
    name: str, storage_class: str, zone: str, claim: str = "", mode: str = "ReadWriteOnce"
) -> PersistentVolume:
    return PersistentVolume(
        name=name,
        capacity=10 * GI,
        access_modes=(mode,),
        storage_class=storage_class,
        labels={ZONE: zone},
        node_affinity=(_in_zone(zone),),
        claim=ClaimReference(ClaimKey("default", claim)) if claim else None,
        source=CsiVolume(DRIVER, name),
        phase="Bound" if claim else "Available",
    )


def _claim(
    name: str, storage_class: str, volume: str = "", mode: str = "ReadWriteOnce"
) -> PersistentVolumeClaim:
    return PersistentVolumeClaim(
        key=ClaimKey("default", name),
        request=5 * GI,
        access_modes=(mode,),
        storage_class=storage_class,
        volume=volume,
        bind_completed=bool(volume),
        phase="Bound" if volume else "Pending",
    )


def _in_zone(zone: str) -> NodeSelectorTerm:
    return NodeSelectorTerm((Requirement(ZONE, "In", (zone,)),))
