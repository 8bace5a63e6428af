"""Random small clusters with volumes of every kind, and pods that use them."""

from __future__ import annotations

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

DRIVERS = ("block.csi", "cap.csi")
MODES = ("ReadWriteOnce", "ReadWriteMany")
SIZES = st.sampled_from([1, 2, 2, 3, 5])
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
WAITING = (*("local",) * 8, "block", "block", "cap", "z0-only", "now")

disks = st.builds(
    DiskVolume,
    st.sampled_from(["gcePersistentDisk", "awsElasticBlockStore", "iscsi", "rbd"]),
    st.sampled_from(["d0", "d1"]),
    st.booleans(),
    st.sampled_from([("a",), ("a", "b"), ("b",)]),
)
hosts = st.integers(0, 5).map(lambda i: Requirement(HOSTNAME, "In", (f"n{i}",)))
zones = st.sampled_from(ZONES).map(lambda z: Requirement(ZONE, "In", (z,)))
affinities = st.one_of(st.none(), st.one_of(hosts, zones).map(lambda r: (NodeSelectorTerm((r,)),)))


@st.composite
def nodes(draw: st.DrawFn, number: int) -> Node:
    """Draw a node with room for a few pods."""
    labels = {HOSTNAME: f"n{number}"}
    if draw(st.integers(0, 4)):
        labels[ZONE] = draw(st.sampled_from(ZONES))
    return Node(f"n{number}", {"cpu": 4000, "pods": 8}, labels)


@st.composite
def volumes(draw: st.DrawFn, number: int) -> PersistentVolume:
    """Draw a volume that is free, or meant for a claim."""
    meant = draw(st.sampled_from([None] * 30 + list(range(10))))
    driver = draw(st.sampled_from(DRIVERS))
    return PersistentVolume(
        name=f"v{number}",
        capacity=draw(SIZES),
        access_modes=draw(st.sampled_from([MODES, (*MODES, "ReadWriteOncePod"), MODES[:1]])),
        storage_class=draw(st.sampled_from(["local", "local", "block"])),
        labels=draw(st.sampled_from([{}, {}, {"kind": "fast"}, {ZONE: "z0__z1"}, {ZONE: "z1"}])),
        node_affinity=draw(affinities),
        claim=None if meant is None else ClaimReference(ClaimKey("default", f"c{meant}")),
        source=draw(st.sampled_from([None, CsiVolume(driver, f"h{number}")])),
        phase=draw(st.sampled_from(["Available"] * 9 + ["Released"])),
        volume_mode=draw(st.sampled_from(["Filesystem"] * 9 + ["Block"])),
    )


@st.composite
def claims(draw: st.DrawFn, number: int, volume_names: list[str]) -> PersistentVolumeClaim:
    """Draw a claim that is bound, or waits for a pod, or cannot be used at all."""
    bound = bool(volume_names) and draw(st.integers(0, 3)) == 0
    selector = st.sampled_from([None] * 5 + [LabelSelector.of({"kind": "fast"})])
    return PersistentVolumeClaim(
        key=ClaimKey("default", f"c{number}"),
        uid=f"uid-{number}",
        request=draw(SIZES),
        access_modes=draw(st.sampled_from([*(MODES[:1],) * 4, MODES, ("ReadWriteOncePod",)])),
        storage_class=draw(st.sampled_from(WAITING)),
        selector=draw(selector),
        volume=draw(st.sampled_from([*volume_names, "gone"])) if bound else "",
        bind_completed=bound and draw(st.integers(0, 9)) > 0,
        selected_node=draw(st.sampled_from([None] * 14 + ["n0", "n9"])),
        phase=draw(st.sampled_from(["Pending"] * 19 + ["Lost"])),
        owner_uid=draw(st.sampled_from([""] * 9 + ["other"])),
    )


@st.composite
def storages(draw: st.DrawFn, size: int) -> Storage:
    """Draw the storage of a cluster of ``size`` nodes."""
    made = tuple(draw(volumes(i)) for i in range(draw(st.integers(0, 12))))
    names = [v.name for v in made]
    limits = st.dictionaries(st.sampled_from(DRIVERS), st.integers(0, 3))
    csi_nodes = tuple(CSINode(f"n{i}", draw(limits)) for i in range(size) if draw(st.booleans()))
    return Storage(
        volumes=made,
        claims=tuple(draw(claims(i, names)) for i in range(10)),
        classes=CLASSES,
        csi_nodes=csi_nodes,
        csi_drivers=(CSIDriver("cap.csi", storage_capacity=True),),
        capacities=CAPACITIES,
    )


@st.composite
def specs(draw: st.DrawFn) -> PodSpec:
    """Draw a pod with up to three volumes, each claim once."""
    numbers = draw(st.lists(st.integers(0, 10), max_size=3, unique=True))
    owned = st.sampled_from([*(("", ""),) * 8, ("p", ""), ("p", "other")])
    held: list[PodVolume] = [ClaimVolume(f"c{n}", *draw(owned)) for n in numbers]
    held += draw(st.lists(disks, max_size=1))
    return PodSpec(requests=(("cpu", draw(st.sampled_from([0, 500]))),), volumes=tuple(held))


@st.composite
def workloads(draw: st.DrawFn) -> Workload:
    """Draw a cluster with storage, and pods of a few specs."""
    size = draw(st.integers(1, 6))
    kinds = draw(st.lists(specs(), min_size=1, max_size=8))
    order = draw(st.lists(st.integers(0, len(kinds) - 1), min_size=1, max_size=16))
    return Workload(
        name="volumes",
        nodes=tuple(draw(nodes(i)) for i in range(size)),
        pods=PodBatch.of((f"default/p{i}", kinds[k]) for i, k in enumerate(order)),
        storage=draw(storages(size)),
    )
