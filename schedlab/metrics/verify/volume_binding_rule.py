"""The rule about claims that get a volume together with their pod's node."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from schedlab.metrics.verify.node_rules import matches_term
from schedlab.metrics.verify.rule import Rule, Scene, Turn
from schedlab.metrics.verify.volume_rules import claims_of, reachable
from schedlab.model.objects import Node
from schedlab.model.storage import ClaimKey, PersistentVolume, PersistentVolumeClaim


class VolumeBinding(Rule):
    """Waiting claims: a free volume for each, or one that can be made there.

    As kube-scheduler does it, the smallest claim first, each by the smallest volume; what
    it takes at a pod's turn is taken for those after it.
    """

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._owner: dict[str, ClaimKey] = {
            v.name: v.claim.key for v in scene.storage.volumes if v.claim is not None
        }
        self._selected: dict[ClaimKey, str] = {
            c.key: c.selected_node for c in scene.storage.claims if c.selected_node is not None
        }
        self._by_size = sorted(scene.storage.volumes, key=lambda v: v.capacity)

    def faults(self, turn: Turn) -> Iterator[str]:
        """Yield the claims that cannot be served on the node."""
        waiting = self._waiting(turn)
        chosen = self._choose(waiting, turn.node)
        for claim in waiting:
            selected = self._selected.get(claim.key)
            if selected not in (None, turn.node.name):
                yield f"a volume for claim {claim.key.name} is being made for node {selected}"
            elif claim.key not in chosen and not self._can_make(claim, turn.node):
                yield f"no volume for claim {claim.key.name} is free, and none can be made here"

    def place(self, turn: Turn) -> None:
        """Remember the volumes that are taken, and those that are to be made."""
        waiting = self._waiting(turn)
        chosen = self._choose(waiting, turn.node)
        for claim in waiting:
            if claim.key in chosen:
                self._owner[chosen[claim.key].name] = claim.key
            elif self._can_make(claim, turn.node):
                self._selected.setdefault(claim.key, turn.node.name)

    def _waiting(self, turn: Turn) -> list[PersistentVolumeClaim]:
        claims = (claim for _, claim in claims_of(self.scene, turn.spec) if claim is not None)
        return list(
            {c.key: c for c in claims if not c.volume and self.scene.storage.waits(c)}.values()
        )

    def _choose(
        self, waiting: Sequence[PersistentVolumeClaim], node: Node
    ) -> dict[ClaimKey, PersistentVolume]:
        chosen: dict[ClaimKey, PersistentVolume] = {}
        for claim in sorted(waiting, key=lambda c: c.size):
            if claim.key not in self._selected:
                taken = {v.name for v in chosen.values()}
                volume = self._smallest(claim, node, taken)
                if volume is not None:
                    chosen[claim.key] = volume
        return chosen

    def _smallest(
        self, claim: PersistentVolumeClaim, node: Node, taken: set[str]
    ) -> PersistentVolume | None:
        fitting = [v for v in self._by_size if _same_kind(v, claim) and v.name not in taken]
        mine = [v for v in fitting if self._is_owned(v, claim)]
        if mine:
            return mine[0] if reachable(mine[0], node) else None
        free = (
            v
            for v in fitting
            if v.name not in self._owner
            and v.phase == "Available"
            and all(mode in v.access_modes for mode in claim.access_modes)
            and (claim.selector is None or claim.selector.matches(v.labels))
            and reachable(v, node)
        )
        return next(free, None)

    def _is_owned(self, volume: PersistentVolume, claim: PersistentVolumeClaim) -> bool:
        stated = volume.claim
        uid_fits = stated is None or stated.uid in ("", claim.uid)
        return self._owner.get(volume.name) == claim.key and uid_fits

    def _can_make(self, claim: PersistentVolumeClaim, node: Node) -> bool:
        made_by = self.scene.storage.class_by_name[claim.storage_class]
        terms = made_by.allowed_topologies
        allowed = not terms or any(matches_term(t, node) for t in terms)
        return made_by.provisions and allowed and self._has_room(claim, made_by.provisioner, node)

    def _has_room(self, claim: PersistentVolumeClaim, driver: str, node: Node) -> bool:
        storage = self.scene.storage
        publishes = any(d.name == driver and d.storage_capacity for d in storage.csi_drivers)
        if claim.request is None or not publishes:
            return True
        return any(
            c.storage_class == claim.storage_class
            and c.limit is not None
            and c.limit >= claim.request
            and c.node_topology is not None
            and c.node_topology.matches(node.labels)
            for c in storage.capacities
        )


def _same_kind(volume: PersistentVolume, claim: PersistentVolumeClaim) -> bool:
    return (
        volume.storage_class == claim.storage_class
        and volume.volume_mode == claim.volume_mode
        and volume.attributes_class == claim.attributes_class
        and volume.capacity >= claim.size
        and not volume.terminating
    )
