"""The volumes of a pod."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from schedlab.model.manifests.fields import Field
from schedlab.model.volumes import ClaimVolume, DiskVolume, PodVolume

DISK_NAMES = {
    "gcePersistentDisk": "pdName",
    "awsElasticBlockStore": "volumeID",
    "iscsi": "iqn",
    "azureDisk": "diskURI",
    "cinder": "volumeID",
    "portworxVolume": "volumeID",
}
"""The sources that name a disk by one field, and that field."""


def pod_volumes(pod: Field) -> tuple[PodVolume, ...]:
    """Return the volumes of a pod that scheduling reads, in order."""
    return tuple(_volumes(pod))


def ephemeral_claim(pod: str, volume: Field) -> str:
    """Return the name of the claim of a generic ephemeral volume of ``pod``."""
    return f"{pod}-{volume['name'].text()}"


def of_pod(volumes: tuple[PodVolume, ...], pod: str) -> tuple[PodVolume, ...]:
    """Return the volumes of a pod for its twin of another name: ephemeral claims bear it."""
    return tuple(
        replace(v, claim=pod + v.claim.removeprefix(v.pod), pod=pod)
        if isinstance(v, ClaimVolume) and v.is_ephemeral
        else v
        for v in volumes
    )


def disk_volume(source: Field) -> DiskVolume | None:
    """Return the disk that a volume or a PersistentVolume's spec names, None if it names none."""
    for kind, name in DISK_NAMES.items():
        disk = source[kind]
        if disk.present:
            return DiskVolume(kind, disk[name].text(), disk["readOnly"].flag())
    return _rbd(source["rbd"]) if source["rbd"].present else None


def _volumes(pod: Field) -> Iterator[PodVolume]:
    metadata = pod["metadata"]
    for volume in pod["spec"]["volumes"].items():
        if volume["persistentVolumeClaim"].present:
            yield ClaimVolume(volume["persistentVolumeClaim"]["claimName"].text())
        elif volume["ephemeral"].present:
            name = metadata["name"].text()
            yield ClaimVolume(ephemeral_claim(name, volume), name, metadata["uid"].text(""))
        else:
            disk = disk_volume(volume)
            if disk is not None:
                yield disk


def _rbd(image: Field) -> DiskVolume:
    pool = image["pool"].text("") or "rbd"
    monitors = tuple(sorted(image["monitors"].texts()))
    name = f"{pool}/{image['image'].text()}"
    return DiskVolume("rbd", name, image["readOnly"].flag(), monitors)
