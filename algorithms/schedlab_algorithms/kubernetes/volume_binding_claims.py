"""A pod's claims by what is left to do for them (plugins/volumebinding, PreFilter)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from schedlab.model.objects import PodSpec
from schedlab.model.storage import ClaimKey, PersistentVolumeClaim, Storage
from schedlab.model.volumes import ClaimVolume

UNBOUND_IMMEDIATE = "pod has unbound immediate PersistentVolumeClaims"


@dataclass(frozen=True, slots=True)
class PodClaims:
    """The claims of a pod.

    Attributes
    ----------
    bound : tuple of PersistentVolumeClaim
        Those whose volume is settled.
    waiting : tuple of PersistentVolumeClaim
        Those that get a volume together with the pod's node, in the pod's order.
    problem : str
        Why the pod cannot be placed on any node, "" if it may be.
    """

    bound: tuple[PersistentVolumeClaim, ...] = ()
    waiting: tuple[PersistentVolumeClaim, ...] = ()
    problem: str = ""

    @classmethod
    def of(cls, spec: PodSpec, storage: Storage) -> PodClaims:
        """Find the claims of ``spec`` in ``storage``."""
        problem = next((p for v in claim_volumes(spec) if (p := _problem(v, spec, storage))), "")
        if problem:
            return cls(problem=problem)
        claims = [storage.claim_by_key[key] for key in claim_keys(spec)]
        unbound = [c for c in claims if not c.is_bound]
        if not all(storage.waits(c) and not c.volume for c in unbound):
            return cls(problem=UNBOUND_IMMEDIATE)
        return cls(tuple(c for c in claims if c.is_bound), tuple(unbound))


def claim_volumes(spec: PodSpec) -> Iterator[ClaimVolume]:
    """Yield the volumes by claim of a pod, in order."""
    return (v for v in spec.volumes if isinstance(v, ClaimVolume))


def claim_keys(spec: PodSpec) -> list[ClaimKey]:
    """Return the namespace and name of every claim of a pod, in order."""
    return [ClaimKey(spec.namespace, v.claim) for v in claim_volumes(spec)]


def not_found(kind: str, name: str) -> str:
    """Return the message of the API machinery for a missing object."""
    return f'{kind} "{name}" not found'


def _problem(volume: ClaimVolume, spec: PodSpec, storage: Storage) -> str:
    claim = storage.claim_by_key.get(ClaimKey(spec.namespace, volume.claim))
    name = f'persistentvolumeclaim "{volume.claim}"'
    if claim is None and volume.is_ephemeral:
        return f"waiting for ephemeral volume controller to create the {name}"
    if claim is None:
        return not_found("persistentvolumeclaim", volume.claim)
    if claim.phase == "Lost":
        return f'{name} bound to non-existent persistentvolume "{claim.volume}"'
    if claim.terminating:
        return f"{name} is being deleted"
    if volume.is_ephemeral and claim.owner_uid != volume.pod_uid:
        pod = f"{spec.namespace}/{volume.pod}"
        return f"PVC {claim.key} was not created for pod {pod} (pod is not owner)"
    return ""
