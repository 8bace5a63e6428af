"""Rules about the volumes that pods bring: who may use them, and from where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from schedlab.metrics.verify.node_rules import matches_term
from schedlab.metrics.verify.rule import Rule, Scene, Turn
from schedlab.model.objects import Node, PodSpec
from schedlab.model.storage import (
    READ_WRITE_ONCE_POD,
    ClaimKey,
    PersistentVolume,
    PersistentVolumeClaim,
)
from schedlab.model.volumes import ClaimVolume, DiskVolume

ZONE_LABELS = {
    "topology.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region": "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
}
"""The zone and region labels of a volume, and the newer key that nodes may have instead."""


def claims_of(scene: Scene, spec: PodSpec) -> Iterator[tuple[str, PersistentVolumeClaim | None]]:
    """Yield the name of each claim of a pod, and the claim if there is one."""
    for volume in spec.volumes:
        if isinstance(volume, ClaimVolume):
            key = ClaimKey(spec.namespace, volume.claim)
            yield volume.claim, scene.storage.claim_by_key.get(key)


class VolumeClaims(Rule):
    """Claims that must exist, belong to the pod, and be bound unless they wait for it."""

    def faults(self, turn: Turn) -> Iterator[str]:
        """Yield what is wrong with each claim."""
        volumes = [v for v in turn.spec.volumes if isinstance(v, ClaimVolume)]
        for volume, (name, claim) in zip(volumes, claims_of(self.scene, turn.spec), strict=True):
            if claim is None:
                yield f"claim {name} is not there"
            elif claim.phase == "Lost" or claim.terminating:
                yield f"claim {name} is lost or being deleted"
            elif volume.pod and claim.owner_uid != volume.pod_uid:
                yield f"claim {name} was made for another pod"
            elif not claim.is_bound and (claim.volume or not self.scene.storage.waits(claim)):
                yield f"claim {name} is not bound, and does not wait for the pod"


class VolumeNodes(Rule):
    """The nodes from which bound volumes can be used: node affinity, zone, region.

    Kubernetes does not compare the zones of an ephemeral volume.
    """

    def faults(self, turn: Turn) -> Iterator[str]:
        """Yield the volumes that cannot be used from the node."""
        compared_by_zone = _shared_claims(turn.spec)
        for name, claim in claims_of(self.scene, turn.spec):
            if claim is None or not claim.volume:
                continue
            volume = self.scene.storage.volume_by_name.get(claim.volume)
            if volume is None:
                yield f"claim {name} is bound to volume {claim.volume}, which is not there"
            elif not reachable(volume, turn.node):
                yield f"the node affinity of volume {volume.name} does not admit the node"
            elif claim.key in compared_by_zone and not volume_zone_admits(volume, turn.node):
                yield f"volume {volume.name} is in another zone or region"


def reachable(volume: PersistentVolume, node: Node) -> bool:
    """Say whether the volume's node affinity admits the node, by its labels alone."""
    if volume.node_affinity is None:
        return True
    nameless = Node("", {}, node.labels)
    return any(matches_term(term, nameless) for term in volume.node_affinity)


def volume_zone_admits(volume: PersistentVolume, node: Node) -> bool:
    """Say whether the node is in one of the volume's zones and regions, if it is in any."""
    if not any(key in node.labels for key in ZONE_LABELS):
        return True
    for key, newer in ZONE_LABELS.items():
        zones = [z.strip() for z in volume.labels.get(key, "").split("__")]
        if all(zones) and node.labels.get(key, node.labels.get(newer)) not in zones:
            return False
    return True


class ExclusiveVolumes(Rule):
    """Disks that bear one writer on a node, and claims that bear one pod in the cluster."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._disks: dict[int, list[DiskVolume]] = {}
        self._claims: Counter[ClaimKey] = Counter()

    def faults(self, turn: Turn) -> Iterator[str]:
        """Yield the disks and claims that are in use."""
        for disk in disks_of(turn.spec):
            if any(_quarrel(disk, other) for other in self._disks.get(turn.row, ())):
                yield f"{disk.source} {disk.disk} is in use on the node"
        for key in _shared_claims(turn.spec):
            claim = self.scene.storage.claim_by_key.get(key)
            for_one_pod = claim is not None and READ_WRITE_ONCE_POD in claim.access_modes
            if for_one_pod and self._claims[key]:
                yield f"claim {key.name} is for one pod and in use"

    def place(self, turn: Turn) -> None:
        """Remember what the pod uses."""
        self._disks.setdefault(turn.row, []).extend(disks_of(turn.spec))
        self._claims.update(_shared_claims(turn.spec))

    def evict(self, turn: Turn) -> None:
        """Give back what the pod used."""
        for disk in disks_of(turn.spec):
            self._disks[turn.row].remove(disk)
        self._claims.subtract(_shared_claims(turn.spec))


def _shared_claims(spec: PodSpec) -> list[ClaimKey]:
    """Return the claims that other pods may name: an ephemeral volume's is its pod's own."""
    volumes = (v for v in spec.volumes if isinstance(v, ClaimVolume) and not v.is_ephemeral)
    return [ClaimKey(spec.namespace, v.claim) for v in volumes]


def disks_of(spec: PodSpec) -> list[DiskVolume]:
    """Return the disks that a pod names directly."""
    return [v for v in spec.volumes if isinstance(v, DiskVolume)]


def _quarrel(one: DiskVolume, other: DiskVolume) -> bool:
    same = one.source == other.source and one.disk == other.disk
    match one.source:
        case "awsElasticBlockStore":
            return same
        case "gcePersistentDisk" | "iscsi":
            return same and not (one.read_only and other.read_only)
        case "rbd":
            shares = any(m in other.monitors for m in one.monitors)
            return same and shares and not (one.read_only and other.read_only)
    return False
