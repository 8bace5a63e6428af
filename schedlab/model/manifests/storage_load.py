"""All storage objects of an input put together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from schedlab.errors import InputError
from schedlab.model.manifests.fields import Field
from schedlab.model.manifests.objects import Key, SourcedObject
from schedlab.model.manifests.storage import (
    is_default,
    persistent_volume,
    persistent_volume_claim,
    storage_class,
)
from schedlab.model.manifests.storage_csi import csi_driver, csi_node, csi_storage_capacity
from schedlab.model.manifests.storage_templates import template_claims
from schedlab.model.manifests.templates import NamedPod
from schedlab.model.objects import PodBatch, PodSpec, Workload
from schedlab.model.storage import ClaimKey, PersistentVolumeClaim, Storage
from schedlab.model.volumes import ClaimVolume

T = TypeVar("T")

STORAGE_KINDS = frozenset(
    {
        "PersistentVolume",
        "PersistentVolumeClaim",
        "StorageClass",
        "CSINode",
        "CSIDriver",
        "CSIStorageCapacity",
    }
)

UNKNOWN_CLAIMS = "Pod's claims (no PersistentVolumeClaim or other storage object in the input)"


def storage(objects: Sequence[SourcedObject], pods: Iterable[tuple[str, NamedPod]]) -> Storage:
    """Return the storage objects of the input, and the claims to be made for its pods.

    ``pods`` come with where they come from (:attr:`SourcedObject.where`).
    """
    by_kind: dict[str, list[Field]] = {kind: [] for kind in STORAGE_KINDS}
    for obj in objects:
        if obj.kind in STORAGE_KINDS:
            by_kind[obj.kind].append(obj.field)
    _refuse_repeats(objects)

    def read(kind: str, parse: Callable[[Field], T]) -> tuple[T, ...]:
        return tuple(parse(f) for f in by_kind[kind])

    default = default_class(objects)
    claims = read("PersistentVolumeClaim", lambda f: persistent_volume_claim(f, default))
    stated = {c.key for c in claims}
    made = _made(objects, pods, default)
    return Storage(
        volumes=read("PersistentVolume", persistent_volume),
        claims=(*claims, *(c for key, c in made.items() if key not in stated)),
        classes=read("StorageClass", storage_class),
        csi_nodes=read("CSINode", csi_node),
        csi_drivers=read("CSIDriver", csi_driver),
        capacities=read("CSIStorageCapacity", csi_storage_capacity),
    )


def default_class(objects: Iterable[SourcedObject]) -> str:
    """Return the class of claims that name none, "" if there is no default."""
    defaults = (o for o in objects if o.kind == "StorageClass" and is_default(o.field))
    return next((o.key.name for o in defaults), "")


def _made(
    objects: Iterable[SourcedObject], pods: Iterable[tuple[str, NamedPod]], default: str
) -> Mapping[ClaimKey, PersistentVolumeClaim]:
    sources = {o.where: o for o in objects}
    made = (c for where, pod in pods for c in template_claims(sources[where], pod[0], default))
    return {c.key: c for c in made}


def _refuse_repeats(objects: Iterable[SourcedObject]) -> None:
    seen: dict[Key, str] = {}
    for obj in objects:
        if obj.kind in STORAGE_KINDS:
            if obj.key in seen:
                raise InputError(
                    f"{obj.where}: {obj.kind} {obj.key.name!r} is already at {seen[obj.key]}; "
                    "remove or rename one"
                )
            seen[obj.key] = obj.where


def without_unknown_claims(workload: Workload, objects: Iterable[SourcedObject]) -> Workload:
    """Leave the pods' claims out, and count them, where the input says nothing of storage.

    A dump of nodes and pods alone would otherwise let no pod with a claim be placed.
    """
    if any(o.kind in STORAGE_KINDS for o in objects):
        return workload
    count = sum(_claims(spec) for batch in (workload.pods, workload.bound) for _, spec in batch)
    if not count:
        return workload
    return replace(
        workload,
        pods=_without_claims(workload.pods),
        bound=_without_claims(workload.bound),
        nominated=_without_claims(workload.nominated),
        storage=Storage(),
        ignored={**workload.ignored, UNKNOWN_CLAIMS: count},
    )


def _claims(spec: PodSpec) -> int:
    return sum(isinstance(v, ClaimVolume) for v in spec.volumes)


def _without_claims(batch: PodBatch) -> PodBatch:
    return PodBatch.of((name, _without(spec)) for name, spec in batch)


def _without(spec: PodSpec) -> PodSpec:
    kept = tuple(v for v in spec.volumes if not isinstance(v, ClaimVolume))
    return spec if kept == spec.volumes else replace(spec, volumes=kept)
