"""PersistentVolumes as columns, the smallest first (component-helpers: FindMatchingVolume)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

import numpy as np
from numpy.typing import NDArray

from schedlab.api import NodeView
from schedlab.model.selectors import LabelSelector
from schedlab.model.storage import ClaimKey, PersistentVolumeClaim
from schedlab_algorithms.kubernetes.volume_binding_reach import Reach

Mask = NDArray[np.bool_]


class VolumeColumns:
    """The PersistentVolumes by size and, where that is equal, by their place in the input.

    Attributes
    ----------
    volumes : tuple of PersistentVolume, length V
    reach : Reach
        From which nodes they can be used.
    free : bool, shape (V,)
        Which are available and promised to no claim, before anything is placed.
    promised : dict of ClaimKey to list of int
        The volumes that name a claim they are for.
    """

    def __init__(self, nodes: NodeView) -> None:
        self.volumes = tuple(sorted(nodes.storage.volumes, key=lambda v: v.capacity))
        self.index = {v.name: i for i, v in enumerate(self.volumes)}
        self.reach = Reach([v.node_affinity for v in self.volumes], nodes)
        free = [
            v.phase == "Available" and v.claim is None and not v.terminating for v in self.volumes
        ]
        self.free = np.array(free, np.bool_)
        self.promised: dict[ClaimKey, list[int]] = {}
        for i, volume in enumerate(self.volumes):
            if volume.claim is not None:
                self.promised.setdefault(volume.claim.key, []).append(i)
        self._capacity = np.array([v.capacity for v in self.volumes], np.int64)
        self._sort_by_kind()
        self._suitable: dict[Hashable, Mask] = {}

    def __len__(self) -> int:
        return len(self.volumes)

    def suitable(self, claim: PersistentVolumeClaim) -> Mask:
        """Return which volumes would do for the claim if they were free, shape (V,)."""
        kind = claim.storage_class, claim.volume_mode, claim.attributes_class, claim.access_modes
        key = *kind, claim.selector, claim.size
        if key not in self._suitable:
            suits = self._capacity >= claim.size
            suits &= self._of_kind(claim)
            suits &= self._selected(claim.selector)
            self._suitable[key] = suits
        return self._suitable[key]

    def promised_to(self, claim: PersistentVolumeClaim, also: Iterable[int]) -> int | None:
        """Return the volume that is bound to the claim already, None if there is none.

        ``also`` are volumes that this run has given to the claim.
        """
        stated = (i for i in self.promised.get(claim.key, ()) if self._means(i, claim))
        fitting = (i for i in (*also, *stated) if self._serves(i, claim))
        return min(fitting, default=None)

    def _means(self, index: int, claim: PersistentVolumeClaim) -> bool:
        reference = self.volumes[index].claim
        return reference is not None and reference.uid in ("", claim.uid)

    def _serves(self, index: int, claim: PersistentVolumeClaim) -> bool:
        volume = self.volumes[index]
        return (
            volume.storage_class == claim.storage_class
            and volume.capacity >= claim.size
            and volume.volume_mode == claim.volume_mode
            and volume.attributes_class == claim.attributes_class
            and not volume.terminating
        )

    def _sort_by_kind(self) -> None:
        index: dict[tuple[str, str, str, tuple[str, ...]], int] = {}
        codes = [
            index.setdefault(
                (v.storage_class, v.volume_mode, v.attributes_class, v.access_modes), len(index)
            )
            for v in self.volumes
        ]
        self._kind = np.array(codes, np.int64)
        self._kinds = tuple(index)

    def _of_kind(self, claim: PersistentVolumeClaim) -> Mask:
        wanted = claim.storage_class, claim.volume_mode, claim.attributes_class
        fits = [
            kind[:3] == wanted and set(claim.access_modes) <= set(kind[3]) for kind in self._kinds
        ]
        return np.array(fits, np.bool_)[self._kind]

    def _selected(self, selector: LabelSelector | None) -> Mask:
        if selector is None:
            return np.ones(len(self), np.bool_)
        return np.array([selector.matches(v.labels) for v in self.volumes], np.bool_)
