"""PersistentVolumes, PersistentVolumeClaims and StorageClasses."""

from __future__ import annotations

from schedlab.errors import InputError
from schedlab.model.manifests.fields import Field
from schedlab.model.manifests.objects import namespace_of
from schedlab.model.manifests.selectors import label_selector, node_selector_term
from schedlab.model.manifests.storage_pods import disk_volume
from schedlab.model.quantity import value
from schedlab.model.selectors import NodeSelectorTerm, Requirement
from schedlab.model.storage import (
    WAIT_FOR_FIRST_CONSUMER,
    ClaimKey,
    ClaimReference,
    CsiVolume,
    PersistentVolume,
    PersistentVolumeClaim,
    StorageClass,
)
from schedlab.model.volumes import DiskVolume

STORAGE = "storage"
MODES = ("Filesystem", "Block")
VOLUME_PHASES = ("Available", "Pending", "Bound", "Released", "Failed")
CLAIM_PHASES = ("Pending", "Bound", "Lost")
BETA_CLASS = "volume.beta.kubernetes.io/storage-class"
BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


def persistent_volume(volume: Field) -> PersistentVolume:
    """Return a PersistentVolume.

    One without a phase has just been written and counts as Available, which is what the
    controller makes of it.
    """
    metadata, spec = volume["metadata"], volume["spec"]
    return PersistentVolume(
        name=metadata["name"].text(),
        capacity=quantity(spec["capacity"][STORAGE]) or 0,
        access_modes=spec["accessModes"].texts(),
        storage_class=_class_name(volume),
        labels=metadata["labels"].strings(),
        node_affinity=_node_affinity(spec["nodeAffinity"]["required"]),
        claim=_claim_reference(spec["claimRef"]),
        source=_source(spec),
        phase=volume["status"]["phase"].choice(VOLUME_PHASES, "Available"),
        volume_mode=spec["volumeMode"].choice(MODES, "Filesystem"),
        attributes_class=spec["volumeAttributesClassName"].text(""),
        terminating=metadata["deletionTimestamp"].present,
    )


def persistent_volume_claim(claim: Field, default_class: str = "") -> PersistentVolumeClaim:
    """Return a PersistentVolumeClaim.

    One without a uid has not been created yet; where it names no class it gets
    ``default_class``, as the API server does.
    """
    metadata, spec = claim["metadata"], claim["spec"]
    annotations = metadata["annotations"].strings()
    stated = spec["storageClassName"].present or metadata["uid"].present
    return PersistentVolumeClaim(
        key=ClaimKey(namespace_of(metadata), metadata["name"].text()),
        uid=metadata["uid"].text(""),
        request=quantity(spec["resources"]["requests"][STORAGE]),
        access_modes=spec["accessModes"].texts(),
        storage_class=_class_name(claim) or ("" if stated else default_class),
        selector=label_selector(spec["selector"]),
        volume=spec["volumeName"].text(""),
        bind_completed=BIND_COMPLETED in annotations,
        selected_node=annotations.get(SELECTED_NODE),
        phase=claim["status"]["phase"].choice(CLAIM_PHASES, "Pending"),
        volume_mode=spec["volumeMode"].choice(MODES, "Filesystem"),
        attributes_class=spec["volumeAttributesClassName"].text(""),
        terminating=metadata["deletionTimestamp"].present,
        owner_uid=_controller_uid(metadata),
    )


def storage_class(field: Field) -> StorageClass:
    """Return a StorageClass; by default it binds claims at once."""
    modes = ("Immediate", WAIT_FOR_FIRST_CONSUMER)
    return StorageClass(
        name=field["metadata"]["name"].text(),
        provisioner=field["provisioner"].text(),
        binding_mode=field["volumeBindingMode"].choice(modes, "Immediate"),
        allowed_topologies=tuple(_topology(t) for t in field["allowedTopologies"].items()),
    )


def is_default(storage_class: Field) -> bool:
    """Say whether claims that name no class get this one."""
    return storage_class["metadata"]["annotations"].strings().get(DEFAULT_CLASS) == "true"


def quantity(field: Field) -> int | None:
    """Return a size in bytes, None if it is missing."""
    if not field.present:
        return None
    try:
        return value(field.value)
    except InputError as error:
        raise field.error(str(error)) from None


def _class_name(field: Field) -> str:
    """Return the class by annotation or field (component-helpers/storage/volume/helpers.go)."""
    annotated = field["metadata"]["annotations"].strings().get(BETA_CLASS)
    return annotated if annotated is not None else field["spec"]["storageClassName"].text("")


def _node_affinity(required: Field) -> tuple[NodeSelectorTerm, ...] | None:
    if not required.present:
        return None
    return tuple(node_selector_term(t) for t in required["nodeSelectorTerms"].items())


def _claim_reference(field: Field) -> ClaimReference | None:
    if not field.present:
        return None
    return ClaimReference(
        ClaimKey(namespace_of(field), field["name"].text()), field["uid"].text("")
    )


def _source(spec: Field) -> CsiVolume | DiskVolume | None:
    csi = spec["csi"]
    if csi.present:
        return CsiVolume(csi["driver"].text(), csi["volumeHandle"].text())
    return disk_volume(spec)


def _controller_uid(metadata: Field) -> str:
    owners = (o for o in metadata["ownerReferences"].items() if o["controller"].flag())
    return next((o["uid"].text("") for o in owners), "")


def _topology(term: Field) -> NodeSelectorTerm:
    return NodeSelectorTerm(tuple(_one_of(e) for e in term["matchLabelExpressions"].items()))


def _one_of(expression: Field) -> Requirement:
    values = expression["values"].texts()
    if not values:
        raise expression["values"].expected("at least one value")
    return Requirement(expression["key"].text(), "In", values)
