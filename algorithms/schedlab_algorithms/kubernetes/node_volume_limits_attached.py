"""Which volumes are attached to which node, as the scheduler counts them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schedlab.api import NodeView
from schedlab.model.objects import NAME_FIELD, PodSpec
from schedlab.model.storage import ClaimKey, CsiVolume, PersistentVolumeClaim, Storage
from schedlab.model.volumes import ClaimVolume, DiskVolume

Ints = NDArray[np.int64]

UNLIMITED = np.iinfo(np.int64).max

MIGRATED = {
    "awsElasticBlockStore": "ebs.csi.aws.com",
    "azureDisk": "disk.csi.azure.com",
    "cinder": "cinder.csi.openstack.org",
    "gcePersistentDisk": "pd.csi.storage.gke.io",
    "portworxVolume": "pxd.portworx.com",
}
"""The CSI driver that stands in for an in-tree source (csi-translation-lib).

Kubernetes counts such a volume only on nodes with a CSINode; others have no limit anyway.
"""

MIGRATED_PROVISIONERS = {
    "kubernetes.io/aws-ebs": MIGRATED["awsElasticBlockStore"],
    "kubernetes.io/azure-disk": MIGRATED["azureDisk"],
    "kubernetes.io/cinder": MIGRATED["cinder"],
    "kubernetes.io/gce-pd": MIGRATED["gcePersistentDisk"],
    "kubernetes.io/portworx-volume": MIGRATED["portworxVolume"],
}

ZONE_KEYS = ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A volume that takes one of a driver's places on a node, however many pods use it."""

    driver: str
    handle: str


class AttachedVolumes:
    """The volumes of placed pods by node, for the drivers that have a limit anywhere.

    Attributes
    ----------
    limits : dict of driver to int64, shape (N,)
        How many volumes may be attached.
    counts : dict of driver to int64, shape (N,)
        How many different ones are.
    """

    @classmethod
    def of(cls, nodes: NodeView) -> AttachedVolumes:
        """Return the one table of the cluster, brought up to date."""
        table = nodes.shared("attached volumes", lambda: cls(nodes.whole))
        table.follow(nodes)
        return table

    def __init__(self, nodes: NodeView) -> None:
        self._storage = nodes.storage
        limited = self._storage.limited_drivers
        self.limits = {driver: np.full(len(nodes), UNLIMITED) for driver in limited}
        row_of = nodes.label(NAME_FIELD).code_of
        for csi_node in self._storage.csi_nodes:
            row = row_of.get(csi_node.name)
            for driver, limit in csi_node.limits.items() if row is not None else ():
                self.limits[driver][row] = limit
        self.counts = {driver: np.zeros(len(nodes), np.int64) for driver in self.limits}
        self._users: dict[Attachment, dict[int, int]] = {}
        self._seen = 0

    def follow(self, nodes: NodeView) -> None:
        """Count the volumes of the pods that came and went since the last time."""
        rows, specs, signs = nodes.changes(self._seen)
        self._seen += len(rows)
        for row, spec, sign in zip(rows.tolist(), specs, signs.tolist(), strict=True):
            if spec.volumes:
                for volume in self.counted(spec):
                    self._count(volume, row, sign)

    def counted(self, spec: PodSpec) -> set[Attachment]:
        """Return what the pod needs attached by drivers that have a limit."""
        return {a for a in attachments(spec, self._storage) if a.driver in self.limits}

    def users(self, volume: Attachment, row: int) -> int:
        """Return how many pods of a node use the volume."""
        return self._users.get(volume, {}).get(row, 0)

    def missing(self, volume: Attachment) -> Ints:
        """Return 1 for each node where attaching the volume takes a further place, shape (N,)."""
        takes = np.ones(len(self.counts[volume.driver]), np.int64)
        users = self._users.get(volume, {})
        takes[np.fromiter(users, np.int64, len(users))] = 0
        return takes

    def _count(self, volume: Attachment, row: int, sign: int) -> None:
        users = self._users.setdefault(volume, {})
        left = users.get(row, 0) + sign
        if left and row not in users:
            self.counts[volume.driver][row] += 1
        users[row] = left
        if not left:
            self.counts[volume.driver][row] -= 1
            del users[row]


def attachments(spec: PodSpec, storage: Storage) -> Iterator[Attachment]:
    """Yield what a pod needs attached to its node (plugins/nodevolumelimits/csi.go)."""
    for volume in spec.volumes:
        if isinstance(volume, DiskVolume):
            yield from _of_disk(volume, "")
        else:
            claim = storage.claim_by_key.get(ClaimKey(spec.namespace, volume.claim))
            if claim is not None and _is_its_own(volume, claim):
                yield from _of_claim(claim, storage)


def _is_its_own(volume: ClaimVolume, claim: PersistentVolumeClaim) -> bool:
    return not volume.is_ephemeral or volume.pod_uid == claim.owner_uid


def _of_claim(claim: PersistentVolumeClaim, storage: Storage) -> Iterator[Attachment]:
    volume = storage.volume_by_name.get(claim.volume)
    if volume is None:
        yield from _of_class(claim, storage)
    elif isinstance(volume.source, CsiVolume):
        yield Attachment(volume.source.driver, volume.source.handle)
    elif volume.source is not None:
        zone = next((volume.labels[k] for k in ZONE_KEYS if k in volume.labels), "")
        yield from _of_disk(volume.source, zone)


def _of_class(claim: PersistentVolumeClaim, storage: Storage) -> Iterator[Attachment]:
    """Yield the volume that the claim's class would provision, by a name of its own."""
    storage_class = storage.class_by_name.get(claim.storage_class)
    if storage_class is not None:
        provisioner = storage_class.provisioner
        driver = MIGRATED_PROVISIONERS.get(provisioner, provisioner)
        yield Attachment(driver, f"for claim {claim.key}")


def _of_disk(disk: DiskVolume, zone: str) -> Iterator[Attachment]:
    driver = MIGRATED.get(disk.source)
    if driver is None:
        return
    handle = disk.disk
    if disk.source == "awsElasticBlockStore":
        handle = handle.rpartition("/")[2]
    if disk.source == "gcePersistentDisk":
        handle = f"{zone or 'UNSPECIFIED'}/{handle}"
    yield Attachment(driver, handle)
