"""Random small clusters with volumes of every kind, and pods that use them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from schedlab.model.objects import HOSTNAME, ZONE, Node, PodBatch, PodSpec, Workload
from schedlab.model.selectors import LabelSelector, NodeSelectorTerm, Requirement
from schedlab.model.storage import (
    NO_PROVISIONER,
    WAIT_FOR_FIRST_CONSUMER,
    ClaimKey,
    ClaimReference,
    CSIDriver,
    CSINode,
    CSIStorageCapacity,
    CsiVolume,
    PersistentVolume,
    PersistentVolumeClaim,
    Storage,
    StorageClass,
)
from schedlab.model.volumes import ClaimVolume, DiskVolume, PodVolume
from schedlab.testing.random_objects import Draw

DRIVERS = ("block.csi", "cap.csi")
MODES = ("ReadWriteOnce", "ReadWriteMany")
ZONES = ("z0", "z1")

CLASSES = (
    StorageClass("now", "block.csi"),
    StorageClass("local", NO_PROVISIONER, WAIT_FOR_FIRST_CONSUMER),
    StorageClass("block", "block.csi", WAIT_FOR_FIRST_CONSUMER),
    StorageClass("cap", "cap.csi", WAIT_FOR_FIRST_CONSUMER),
    StorageClass(
        "z0-only",
        "block.csi",
        WAIT_FOR_FIRST_CONSUMER,
        (NodeSelectorTerm((Requirement(ZONE, "In", ("z0",)),)),),
    ),
)
CAPACITIES = (
    CSIStorageCapacity("cap", LabelSelector.of({ZONE: "z0"}), 2),
    CSIStorageCapacity("cap", LabelSelector.of({HOSTNAME: "n1"}), 3),
    CSIStorageCapacity("cap", None, 9),
)

SOURCES = ("gcePersistentDisk", "awsElasticBlockStore", "iscsi", "rbd")
CLAIMS = 10


def random_node(draw: Draw, number: int) -> Node:
    """Return a node with room for a few pods; some are in no zone."""
    labels = {HOSTNAME: f"n{number}"}
    if draw.chance(80):
        labels[ZONE] = draw.one(ZONES)
    return Node(f"n{number}", {"cpu": 4000, "pods": 8}, labels)


def random_affinity(draw: Draw, nodes: int) -> tuple[NodeSelectorTerm, ...] | None:
    """Return an affinity to one of the nodes, to a zone, or none."""
    host = Requirement(HOSTNAME, "In", (f"n{draw.below(nodes)}",))
    zone = Requirement(ZONE, "In", (draw.one(ZONES),))
    wanted = draw.one((None, host, host, zone))
    return None if wanted is None else (NodeSelectorTerm((wanted,)),)


def random_volume(draw: Draw, number: int, nodes: int) -> PersistentVolume:
    """Return a volume; most are free, some are promised to a claim."""
    promised = ClaimReference(ClaimKey("default", f"c{draw.below(CLAIMS)}"))
    return PersistentVolume(
        name=f"v{number}",
        capacity=3 + draw.below(5),
        access_modes=draw.one((MODES, (*MODES, "ReadWriteOncePod"), MODES[:1])),
        storage_class=draw.one(("local", "local", "block")),
        labels=draw.one(({}, {}, {"kind": "fast"}, {ZONE: "z0__z1"}, {ZONE: "z1"})),
        node_affinity=random_affinity(draw, nodes),
        claim=promised if draw.chance(10) else None,
        source=draw.one((None, CsiVolume(draw.one(DRIVERS), f"h{number}"))),
        phase="Released" if draw.chance(8) else "Available",
        volume_mode="Block" if draw.chance(8) else "Filesystem",
    )


def random_claim(draw: Draw, number: int, volumes: Sequence[str]) -> PersistentVolumeClaim:
    """Return a claim that waits for a pod, or is bound; a few cannot be used at all."""
    bound = draw.chance(25)
    return PersistentVolumeClaim(
        key=ClaimKey("default", f"c{number}"),
        uid=f"uid-{number}",
        request=1 + draw.below(5),
        access_modes=draw.one((*(MODES[:1],) * 4, MODES, ("ReadWriteOncePod",))),
        storage_class=draw.one((*("local",) * 8, "block", "block", "cap", "z0-only", "now")),
        selector=LabelSelector.of({"kind": "fast"}) if draw.chance(15) else None,
        volume=draw.one((*volumes, "gone")) if bound else "",
        bind_completed=bound and draw.chance(95),
        selected_node=draw.one(("n0", "n1", "n9")) if draw.chance(8) else None,
        phase="Lost" if draw.chance(3) else "Pending",
        owner_uid="other" if draw.chance(5) else "",
    )


def random_storage(draw: Draw, nodes: int) -> Storage:
    """Return the storage of a cluster."""
    volumes = tuple(random_volume(draw, i, nodes) for i in range(4 + draw.below(9)))
    names = [v.name for v in volumes]
    limits = [{d: 1 + draw.below(3) for d in DRIVERS if draw.chance(60)} for _ in range(nodes)]
    return Storage(
        volumes=volumes,
        claims=tuple(random_claim(draw, i, names) for i in range(CLAIMS)),
        classes=CLASSES,
        csi_nodes=tuple(CSINode(f"n{i}", limits[i]) for i in range(nodes) if draw.chance(80)),
        csi_drivers=(CSIDriver("cap.csi", storage_capacity=True),),
        capacities=CAPACITIES,
    )


def random_spec(draw: Draw) -> PodSpec:
    """Return a pod with up to three claims, each once, and perhaps a disk."""
    numbers = draw.generator.permutation(CLAIMS + draw.chance(10))[: draw.below(4)].tolist()
    owner = draw.one((("p", ""), ("p", "other"))) if draw.chance(10) else ("", "")
    held: list[PodVolume] = [ClaimVolume(f"c{n}", *owner) for n in numbers]
    if draw.chance(25):
        monitors = draw.one((("a",), ("a", "b"), ("b",)))
        disk = draw.one(("d0", "d1"))
        held.append(DiskVolume(draw.one(SOURCES), disk, draw.chance(50), monitors))
    return PodSpec(requests=(("cpu", draw.one((0, 500))),), volumes=tuple(held))


def random_workload(seed: int) -> Workload:
    """Return a cluster with storage, and pods of a few specs."""
    draw = Draw(np.random.default_rng(seed))
    size = 2 + draw.below(4)
    kinds = [random_spec(draw) for _ in range(8)]
    return Workload(
        name="volumes",
        nodes=tuple(random_node(draw, i) for i in range(size)),
        pods=PodBatch.of((f"default/p{i}", draw.one(kinds)) for i in range(16)),
        storage=random_storage(draw, size),
    )


seeds = st.integers(0, 2**32 - 1)
workloads = seeds.map(random_workload)
"""A generator by seed covers more than drawing each choice, which favours small clusters."""
