"""The volumes of a pod that scheduling reads, as immutable values.

Others (emptyDir, configMap, secret, hostPath, inline csi, ...) keep a pod off no node
and are left out of its spec.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClaimVolume:
    """A volume by a PersistentVolumeClaim of the pod's namespace.

    ``pod`` and ``pod_uid`` are set for a generic ephemeral volume, whose claim is made for
    one pod and must be owned by it.
    """

    claim: str
    pod: str = ""
    pod_uid: str = ""

    @property
    def is_ephemeral(self) -> bool:
        """Whether the claim is made for this pod alone."""
        return bool(self.pod)


@dataclass(frozen=True, slots=True)
class DiskVolume:
    """A disk that a pod or a PersistentVolume names directly, by an in-tree source.

    Attributes
    ----------
    source : str
        The field's name: ``gcePersistentDisk``, ``awsElasticBlockStore``, ``iscsi``,
        ``rbd``, ``azureDisk``, ``cinder`` or ``portworxVolume``.
    disk : str
        What names the disk within its source (pdName, volumeID, iqn, pool/image, ...).
    read_only : bool
    monitors : tuple of str
        The Ceph monitors of an ``rbd`` image.
    """

    source: str
    disk: str
    read_only: bool = False
    monitors: tuple[str, ...] = ()


PodVolume = ClaimVolume | DiskVolume
