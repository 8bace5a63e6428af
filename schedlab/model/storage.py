"""What scheduling reads of a cluster's storage: volumes, claims, classes, CSI objects.

Sizes are bytes.  Everything here is fixed for a run: which volumes the placements of the
run take is the scheduler's own account.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from schedlab.model.selectors import LabelSelector, NodeSelectorTerm
from schedlab.model.volumes import DiskVolume

READ_WRITE_ONCE_POD = "ReadWriteOncePod"
WAIT_FOR_FIRST_CONSUMER = "WaitForFirstConsumer"
NO_PROVISIONER = "kubernetes.io/no-provisioner"
"""The provisioner of classes whose volumes somebody makes by hand."""


@dataclass(frozen=True, slots=True)
class ClaimKey:
    """What names a PersistentVolumeClaim."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class ClaimReference:
    """The claim that a PersistentVolume is (to be) bound to; an empty ``uid`` fits any."""

    key: ClaimKey
    uid: str = ""


@dataclass(frozen=True, slots=True)
class CsiVolume:
    """A volume of a CSI driver, by the handle under which the driver knows it."""

    driver: str
    handle: str


@dataclass(frozen=True, slots=True)
class PersistentVolume:
    """A piece of storage.

    ``node_affinity`` None: reachable from every node.  ``source`` is None where attaching
    it counts against no limit (local, nfs, hostPath, ...).
    """

    name: str
    capacity: int
    access_modes: tuple[str, ...] = ()
    storage_class: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    node_affinity: tuple[NodeSelectorTerm, ...] | None = None
    claim: ClaimReference | None = None
    source: CsiVolume | DiskVolume | None = None
    phase: str = "Available"
    volume_mode: str = "Filesystem"
    attributes_class: str = ""
    terminating: bool = False


@dataclass(frozen=True, slots=True)
class PersistentVolumeClaim:
    """A pod's wish for storage.

    Attributes
    ----------
    request : int or None
        Bytes; None where the claim states none.
    volume : str
        The PersistentVolume it is bound to, or is to be bound to, "" if none.
    bind_completed : bool
        Whether the binding to ``volume`` is complete.
    selected_node : str or None
        The node for which a volume is being provisioned.
    phase : str
        ``Pending``, ``Bound`` or ``Lost``.
    owner_uid : str
        The uid of the object that controls it: the pod of a generic ephemeral volume.
    """

    key: ClaimKey
    uid: str = ""
    request: int | None = None
    access_modes: tuple[str, ...] = ()
    storage_class: str = ""
    selector: LabelSelector | None = None
    volume: str = ""
    bind_completed: bool = False
    selected_node: str | None = None
    phase: str = "Pending"
    volume_mode: str = "Filesystem"
    attributes_class: str = ""
    terminating: bool = False
    owner_uid: str = ""

    @property
    def is_bound(self) -> bool:
        """Whether the binding to its volume is complete."""
        return bool(self.volume) and self.bind_completed

    @property
    def size(self) -> int:
        """The bytes that its volume must have at least."""
        return self.request or 0


@dataclass(frozen=True, slots=True)
class StorageClass:
    """A kind of storage and who provisions it.

    ``allowed_topologies``: the nodes for which volumes can be provisioned; empty: all.
    """

    name: str
    provisioner: str
    binding_mode: str = "Immediate"
    allowed_topologies: tuple[NodeSelectorTerm, ...] = ()

    @property
    def waits(self) -> bool:
        """Whether claims are bound only when a pod that uses them has a node."""
        return self.binding_mode == WAIT_FOR_FIRST_CONSUMER

    @property
    def provisions(self) -> bool:
        """Whether volumes are made on demand."""
        return self.provisioner not in ("", NO_PROVISIONER)


@dataclass(frozen=True, slots=True)
class CSINode:
    """A node's CSI drivers: ``limits`` is how many volumes may be attached, by driver."""

    name: str
    limits: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CSIDriver:
    """A CSI driver, and whether it publishes how much storage is left where."""

    name: str
    storage_capacity: bool = False


@dataclass(frozen=True, slots=True)
class CSIStorageCapacity:
    """The largest volume that can be provisioned for the nodes of a topology segment.

    ``node_topology`` None: for no node; ``limit`` (bytes) None: not known, so none.
    """

    storage_class: str
    node_topology: LabelSelector | None
    limit: int | None


@dataclass(frozen=True)
class Storage:
    """All storage objects of a cluster."""

    volumes: tuple[PersistentVolume, ...] = ()
    claims: tuple[PersistentVolumeClaim, ...] = ()
    classes: tuple[StorageClass, ...] = ()
    csi_nodes: tuple[CSINode, ...] = ()
    csi_drivers: tuple[CSIDriver, ...] = ()
    capacities: tuple[CSIStorageCapacity, ...] = ()

    @cached_property
    def volume_by_name(self) -> Mapping[str, PersistentVolume]:
        """The PersistentVolumes by name."""
        return {v.name: v for v in self.volumes}

    @cached_property
    def claim_by_key(self) -> Mapping[ClaimKey, PersistentVolumeClaim]:
        """The PersistentVolumeClaims by namespace and name."""
        return {c.key: c for c in self.claims}

    @cached_property
    def class_by_name(self) -> Mapping[str, StorageClass]:
        """The StorageClasses by name."""
        return {c.name: c for c in self.classes}

    @cached_property
    def limited_drivers(self) -> frozenset[str]:
        """The CSI drivers that attach a limited number of volumes to some node."""
        return frozenset(driver for node in self.csi_nodes for driver in node.limits)

    def waits(self, claim: PersistentVolumeClaim) -> bool:
        """Say whether a claim's class binds only when a pod has a node (IsDelayBindingMode)."""
        storage_class = self.class_by_name.get(claim.storage_class)
        return storage_class is not None and storage_class.waits


NO_STORAGE = Storage()
