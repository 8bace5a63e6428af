"""The rule about how many volumes a node can attach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from schedlab.metrics.verify.rule import Rule, Scene, Turn
from schedlab.metrics.verify.volume_rules import claims_of, disks_of
from schedlab.model.objects import Node
from schedlab.model.storage import CsiVolume, PersistentVolumeClaim
from schedlab.model.volumes import DiskVolume

IN_TREE_DRIVERS = {
    "awsElasticBlockStore": "ebs.csi.aws.com",
    "azureDisk": "disk.csi.azure.com",
    "cinder": "cinder.csi.openstack.org",
    "gcePersistentDisk": "pd.csi.storage.gke.io",
    "portworxVolume": "pxd.portworx.com",
}


class VolumeLimits(Rule):
    """How many different volumes of a CSI driver a node can attach."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._csi_nodes = {n.name: n for n in scene.storage.csi_nodes}
        self._users: dict[int, Counter[tuple[str, str]]] = {}

    def faults(self, turn: Turn) -> Iterator[str]:
        """Yield the drivers whose limit the pod's volumes would exceed."""
        attached = {v for v, users in self._users.get(turn.row, Counter()).items() if users}
        new = self._volumes(turn) - attached
        for driver in sorted({d for d, _ in new}):
            limit = self._limits(turn.node).get(driver)
            count = sum(d == driver for d, _ in attached | new)
            if limit is not None and count > limit:
                yield f"{driver}: {count} volumes would be attached, the limit is {limit}"

    def place(self, turn: Turn) -> None:
        """Remember what the pod has attached."""
        self._users.setdefault(turn.row, Counter()).update(self._volumes(turn))

    def evict(self, turn: Turn) -> None:
        """Have the pod's volumes detached where no other pod uses them."""
        self._users[turn.row].subtract(self._volumes(turn))

    def _limits(self, node: Node) -> Mapping[str, int]:
        known = self._csi_nodes.get(node.name)
        return known.limits if known is not None else {}

    def _volumes(self, turn: Turn) -> set[tuple[str, str]]:
        disks = {_migrated(disk, "") for disk in disks_of(turn.spec)}
        claims = {
            self._source(claim)
            for _, claim in claims_of(self.scene, turn.spec)
            if claim is not None
        }
        return {(driver, handle) for driver, handle in disks | claims if driver}

    def _source(self, claim: PersistentVolumeClaim) -> tuple[str, str]:
        storage = self.scene.storage
        volume = storage.volume_by_name.get(claim.volume)
        if volume is None:
            made_by = storage.class_by_name.get(claim.storage_class)
            return ("" if made_by is None else made_by.provisioner, f"of {claim.key}")
        if isinstance(volume.source, CsiVolume):
            return volume.source.driver, volume.source.handle
        zone = volume.labels.get("topology.kubernetes.io/zone", "")
        return ("", "") if volume.source is None else _migrated(volume.source, zone)


def _migrated(disk: DiskVolume, zone: str) -> tuple[str, str]:
    handle = disk.disk.split("/")[-1] if disk.source == "awsElasticBlockStore" else disk.disk
    return IN_TREE_DRIVERS.get(disk.source, ""), f"{zone} {handle}".strip()
