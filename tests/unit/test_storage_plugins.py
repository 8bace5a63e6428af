"""What the volume plugins say of single pods and nodes, reason by reason.

The expected texts and codes are those of kube-scheduler 1.35 (plugins/volumebinding,
volumezone, volumerestrictions, nodevolumelimits).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from schedlab.api import Cluster, FilterPlugin
from schedlab.model.objects import HOSTNAME, NAME_FIELD, ZONE, Node, PodSpec
from schedlab.model.selectors import LabelSelector, NodeSelectorTerm, Requirement
from schedlab.model.storage import (
    NO_PROVISIONER,
    WAIT_FOR_FIRST_CONSUMER,
    ClaimKey,
    ClaimReference,
    CSINode,
    CsiVolume,
    PersistentVolume,
    PersistentVolumeClaim,
    Storage,
    StorageClass,
)
from schedlab.model.volumes import ClaimVolume, DiskVolume
from schedlab.registry import installed

LOCAL = StorageClass("local", NO_PROVISIONER, WAIT_FOR_FIRST_CONSUMER)
DYNAMIC = StorageClass("dynamic", "d.csi", WAIT_FOR_FIRST_CONSUMER)
IMMEDIATE = StorageClass("now", "d.csi")
CLASSES = (LOCAL, DYNAMIC, IMMEDIATE)

NO_AFFINITY = "node(s) didn't match PersistentVolume's node affinity"
NO_VOLUME = "node(s) didn't find available persistent volumes to bind"
FULL = "node(s) exceed max volume count"
NO_DISK = "node(s) had no available disk"
NO_ZONE = "node(s) had no available volume zone"
IN_USE = (
    "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode "
    "already in-use by another pod"
)


def node(number: int, **labels: str) -> Node:
    return Node(f"n{number}", {"pods": 10}, {HOSTNAME: f"n{number}", **labels})


def on(*hosts: str) -> tuple[NodeSelectorTerm, ...]:
    return (NodeSelectorTerm((Requirement(HOSTNAME, "In", hosts),)),)


def claim(name: str = "c", **rest: Any) -> PersistentVolumeClaim:
    return PersistentVolumeClaim(
        ClaimKey("default", name), **{"storage_class": "local", "uid": f"uid-{name}", **rest}
    )


def bound(name: str, volume: str, **rest: Any) -> PersistentVolumeClaim:
    return claim(name, volume=volume, bind_completed=True, **rest)


def local(name: str, capacity: int = 1, **rest: Any) -> PersistentVolume:
    return PersistentVolume(name, capacity, storage_class="local", **rest)


def using(*claims: str, **rest: Any) -> PodSpec:
    return PodSpec(volumes=tuple(ClaimVolume(c) for c in claims), **rest)


def cluster(
    volumes: Sequence[PersistentVolume] = (),
    claims: Sequence[PersistentVolumeClaim] = (),
    nodes: Sequence[Node] = (node(0), node(1)),
    **rest: Any,
) -> Cluster:
    storage = Storage(tuple(volumes), tuple(claims), rest.pop("classes", CLASSES), **rest)
    return Cluster(nodes, storage=storage)


def plugin(name: str) -> FilterPlugin:
    made = installed().make_plugin(name, {})
    assert isinstance(made, FilterPlugin)
    return made


def said(of: str, where: Cluster, spec: PodSpec) -> list[list[str]]:
    """Return the plugin's reasons against each node."""
    filter_ = plugin(of)
    pod = where.pod(where.signature(spec))
    if filter_.skips_filter(pod):
        return [[] for _ in where.nodes]
    verdict = filter_.filter(pod, where.view())
    reasons = filter_.reasons(pod)
    return [[r.text for i, r in enumerate(reasons) if bits >> i & 1] for bits in verdict.tolist()]


def before(of: str, where: Cluster, spec: PodSpec) -> str:
    """Return why the plugin rejects the pod before it looks at nodes; filter rejects, too."""
    filter_ = plugin(of)
    pod = where.pod(where.signature(spec))
    known = filter_.prefilter(pod, where.view())
    if known is None:
        return ""
    [reason] = known.reasons
    assert not reason.resolvable
    assert not filter_.skips_filter(pod)
    assert said(of, where, spec) == [[reason.text]] * len(where.nodes)
    return reason.text


def put(where: Cluster, spec: PodSpec, row: int) -> None:
    where.place(where.signature(spec), row)


def reserved(where: Cluster, spec: PodSpec, row: int) -> dict[str, str]:
    pod = where.pod(where.signature(spec))
    return dict(plugin("VolumeBinding").reserved(pod, where.view(np.array([row]))))


# -- VolumeBinding: before nodes are looked at ------------------------------------


@pytest.mark.parametrize(
    ("claims", "spec", "problem"),
    [
        ((), using("c"), 'persistentvolumeclaim "c" not found'),
        (
            (),
            PodSpec(volumes=(ClaimVolume("p-s", "p", "u"),)),
            'waiting for ephemeral volume controller to create the persistentvolumeclaim "p-s"',
        ),
        (
            (bound("c", "v", phase="Lost"),),
            using("c"),
            'persistentvolumeclaim "c" bound to non-existent persistentvolume "v"',
        ),
        ((claim(terminating=True),), using("c"), 'persistentvolumeclaim "c" is being deleted'),
        (
            (claim("p-s", owner_uid="x"),),
            PodSpec(volumes=(ClaimVolume("p-s", "p", "u"),)),
            "PVC default/p-s was not created for pod default/p (pod is not owner)",
        ),
        (
            (claim(storage_class="now"),),
            using("c"),
            "pod has unbound immediate PersistentVolumeClaims",
        ),
        (
            (claim(storage_class="unknown"),),
            using("c"),
            "pod has unbound immediate PersistentVolumeClaims",
        ),
        ((claim(volume="v"),), using("c"), "pod has unbound immediate PersistentVolumeClaims"),
        ((claim("a"), claim("b", terminating=True)), using("a"), ""),
    ],
)
def test_claims_that_rule_out_every_node(
    claims: Sequence[PersistentVolumeClaim], spec: PodSpec, problem: str
) -> None:
    assert before("VolumeBinding", cluster(claims=claims), spec) == problem


def test_claims_are_looked_for_in_the_pods_namespace() -> None:
    where = cluster([local("v")], [claim()])
    assert said("VolumeBinding", where, using("c")) == [[], []]
    elsewhere = before("VolumeBinding", where, using("c", namespace="other"))
    assert elsewhere == 'persistentvolumeclaim "c" not found'


# -- VolumeBinding: bound claims ---------------------------------------------------


def test_bound_volumes_admit_their_nodes() -> None:
    where = cluster([local("v", node_affinity=on("n1"))], [bound("c", "v")])
    assert said("VolumeBinding", where, using("c")) == [[NO_AFFINITY], []]
    assert reserved(where, using("c"), 1) == {}


def test_the_first_claim_with_a_conflict_decides() -> None:
    missing = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"
    volumes, claims = (
        [local("v", node_affinity=on("n1"))],
        [bound("a", "v"), bound("b", "gone")],
    )
    where = cluster(volumes, claims)
    assert said("VolumeBinding", where, using("a", "b")) == [[NO_AFFINITY], [missing]]
    assert said("VolumeBinding", where, using("b", "a")) == [[missing], [missing]]


def test_both_kinds_of_claims_tell_their_reasons() -> None:
    where = cluster([local("v", node_affinity=on("n1"))], [bound("a", "v"), claim("b", request=9)])
    assert said("VolumeBinding", where, using("a", "b")) == [[NO_AFFINITY, NO_VOLUME], [NO_VOLUME]]


@pytest.mark.parametrize(
    ("operator", "admits"), [("In", False), ("NotIn", True)], ids=["In", "NotIn"]
)
def test_node_fields_of_a_volume_are_compared_with_no_name(operator: str, admits: bool) -> None:
    term = NodeSelectorTerm(match_fields=(Requirement(NAME_FIELD, operator, ("n0",)),))
    where = cluster([local("v", node_affinity=(term,))], [bound("c", "v")])
    assert said("VolumeBinding", where, using("c")) == [[] if admits else [NO_AFFINITY]] * 2


def test_an_affinity_without_terms_admits_no_node() -> None:
    where = cluster([local("v", node_affinity=())], [bound("c", "v")])
    assert said("VolumeBinding", where, using("c")) == [[NO_AFFINITY]] * 2


# -- VolumeBinding: waiting claims -------------------------------------------------


@pytest.mark.parametrize(
    "unfit",
    [
        {"capacity": 4},
        {"storage_class": "other"},
        {"access_modes": ("ReadOnlyMany",)},
        {"volume_mode": "Block"},
        {"attributes_class": "gold"},
        {"phase": "Released"},
        {"terminating": True},
        {"labels": {"kind": "slow"}},
        {"claim": ClaimReference(ClaimKey("default", "other"))},
        {"claim": ClaimReference(ClaimKey("default", "c"), "another uid")},
    ],
    ids=lambda unfit: next(iter(unfit)),
)
def test_what_keeps_a_volume_from_a_claim(unfit: dict[str, Any]) -> None:
    fitting = local("v", 5, access_modes=("ReadWriteOnce", "ReadOnlyMany"), labels={"kind": "fast"})
    wish = claim(
        request=5, access_modes=("ReadWriteOnce",), selector=LabelSelector.of({"kind": "fast"})
    )
    assert said("VolumeBinding", cluster([fitting], [wish]), using("c")) == [[], []]
    where = cluster([replace(fitting, **unfit)], [wish])
    assert said("VolumeBinding", where, using("c")) == [[NO_VOLUME]] * 2


def test_a_volume_promised_to_the_claim_is_taken_whatever_its_phase_and_modes() -> None:
    promised = ClaimReference(ClaimKey("default", "c"))
    volumes = [local("small"), local("v", 9, claim=promised, phase="Released")]
    where = cluster(volumes, [claim(request=1, access_modes=("ReadWriteOnce",))])
    assert reserved(where, using("c"), 0) == {"default/c": "v"}


def test_a_promised_volume_out_of_reach_is_not_replaced() -> None:
    promised = ClaimReference(ClaimKey("default", "c"))
    volumes = [local("free"), local("v", claim=promised, node_affinity=on("n1"))]
    where = cluster(volumes, [claim()])
    assert said("VolumeBinding", where, using("c")) == [[NO_VOLUME], []]


def test_the_smallest_claim_takes_the_smallest_volume() -> None:
    volumes = [local("large", 10), local("small", 6), local("middle", 7)]
    where = cluster(volumes, [claim("a", request=6), claim("b", request=4)])
    assert reserved(where, using("a", "b"), 0) == {"default/a": "middle", "default/b": "small"}


def test_smallest_first_may_leave_a_claim_without() -> None:
    """Greedy as Kubernetes: the only volume for ``b`` goes to the smaller ``a``."""
    volumes = [local("fast", 5, labels={"kind": "fast"}), local("slow", 9)]
    fast = LabelSelector.of({"kind": "fast"})
    where = cluster(volumes, [claim("a", request=1), claim("b", request=2, selector=fast)])
    assert said("VolumeBinding", where, using("a", "b")) == [[NO_VOLUME]] * 2


def test_placed_pods_keep_their_volumes_even_when_they_go() -> None:
    where = cluster([local("v")], [claim("a"), claim("b")])
    put(where, using("a"), 1)
    assert said("VolumeBinding", where, using("b")) == [[NO_VOLUME]] * 2
    where.remove(where.signature(using("a")), 1)
    assert said("VolumeBinding", where, using("b")) == [[NO_VOLUME]] * 2
    assert reserved(where, using("a"), 0) == {"default/a": "v"}


def test_a_shared_claim_follows_the_first_pod() -> None:
    volumes = [local("v0", node_affinity=on("n0")), local("v1", node_affinity=on("n1"))]
    where = cluster(volumes, [claim("a"), claim("made", storage_class="dynamic")])
    put(where, using("a"), 1)
    assert said("VolumeBinding", where, using("a")) == [[NO_VOLUME], []]
    put(where, using("made"), 0)
    assert said("VolumeBinding", where, using("made")) == [[], [NO_VOLUME]]


def test_a_pod_that_was_placed_regardless_settles_nothing() -> None:
    where = cluster([local("v", node_affinity=on("n1"))], [claim()])
    put(where, using("c"), 0)
    assert said("VolumeBinding", where, using("c")) == [[NO_VOLUME], []]


def test_a_volume_being_provisioned_binds_the_claim_to_its_node() -> None:
    wishes = [
        claim("a", storage_class="dynamic", selected_node="n1"),
        claim("b", storage_class="dynamic", selected_node="gone"),
    ]
    where = cluster(claims=wishes)
    assert said("VolumeBinding", where, using("a")) == [[NO_VOLUME], []]
    assert said("VolumeBinding", where, using("b")) == [[NO_VOLUME]] * 2
    assert reserved(where, using("a"), 1) == {"default/a": "<provision>"}


# -- VolumeZone --------------------------------------------------------------------

BETA_ZONE = "failure-domain.beta.kubernetes.io/zone"
REGION = "topology.kubernetes.io/region"


@pytest.mark.parametrize(
    ("labels", "accepted"),
    [
        ({ZONE: "a"}, [True, False, False, True]),
        ({ZONE: "a__ b"}, [True] * 4),
        ({ZONE: "a____b"}, [True] * 4),
        ({BETA_ZONE: "a"}, [True, False, True, True]),
        ({REGION: "r"}, [False, False, False, True]),
        ({"zone": "x"}, [True] * 4),
    ],
)
def test_zones(labels: dict[str, str], accepted: list[bool]) -> None:
    """Nodes: zone a; zone b; zone b with the older label a; none at all."""
    nodes = [
        node(0, **{ZONE: "a"}),
        node(1, **{ZONE: "b"}),
        node(2, **{ZONE: "b", BETA_ZONE: "a"}),
        node(3),
    ]
    where = cluster([local("v", labels=labels)], [bound("c", "v")], nodes)
    assert said("VolumeZone", where, using("c")) == [[] if a else [NO_ZONE] for a in accepted]


@pytest.mark.parametrize(
    ("wish", "problem"),
    [
        (None, 'persistentvolumeclaim "c" not found'),
        (bound("c", "gone"), 'persistentvolume "gone" not found'),
        (
            claim(storage_class=""),
            "PersistentVolumeClaim had no pv name and storageClass name",
        ),
        (
            claim(storage_class="x"),
            'storageclass.storage.k8s.io "x" not found',
        ),
        (claim(storage_class="now"), "PersistentVolume had no name"),
        (claim(), ""),
    ],
)
def test_what_a_zone_cannot_be_told_of(wish: PersistentVolumeClaim | None, problem: str) -> None:
    where = cluster(claims=[] if wish is None else [wish])
    assert before("VolumeZone", where, using("c")) == problem


# -- VolumeRestrictions ------------------------------------------------------------

RBD = DiskVolume("rbd", "rbd/i", monitors=("a", "b"))


@pytest.mark.parametrize(
    ("one", "other", "quarrel"),
    [
        (DiskVolume("gcePersistentDisk", "d"), DiskVolume("gcePersistentDisk", "d"), True),
        (DiskVolume("gcePersistentDisk", "d"), DiskVolume("gcePersistentDisk", "e"), False),
        (DiskVolume("gcePersistentDisk", "d"), DiskVolume("gcePersistentDisk", "d", True), True),
        (DiskVolume("iscsi", "d", True), DiskVolume("iscsi", "d", True), False),
        (DiskVolume("iscsi", "d"), DiskVolume("gcePersistentDisk", "d"), False),
        (
            DiskVolume("awsElasticBlockStore", "d", True),
            DiskVolume("awsElasticBlockStore", "d", True),
            True,
        ),
        (DiskVolume("azureDisk", "d"), DiskVolume("azureDisk", "d"), False),
        (RBD, replace(RBD, monitors=("b", "c")), True),
        (RBD, replace(RBD, monitors=("c",)), False),
        (replace(RBD, read_only=True), replace(RBD, read_only=True), False),
        (RBD, replace(RBD, disk="rbd/j"), False),
    ],
)
def test_disks_for_one_pod_of_a_node(one: DiskVolume, other: DiskVolume, quarrel: bool) -> None:
    where = cluster()
    put(where, PodSpec(volumes=(other,)), 1)
    found = said("VolumeRestrictions", where, PodSpec(volumes=(one,)))
    assert found == [[], [NO_DISK] if quarrel else []]


def test_a_claim_for_one_pod() -> None:
    where = cluster(claims=[claim(access_modes=("ReadWriteOncePod",)), claim("other")])
    assert said("VolumeRestrictions", where, using("c")) == [[], []]
    put(where, using("other"), 0)
    put(where, using("c"), 1)
    assert said("VolumeRestrictions", where, using("c")) == [[IN_USE]] * 2
    assert said("VolumeRestrictions", where, using("other")) == [[], []]
    where.remove(where.signature(using("c")), 1)
    assert said("VolumeRestrictions", where, using("c")) == [[], []]


def test_a_disk_in_use_is_told_before_a_claim_in_use() -> None:
    disk = DiskVolume("iscsi", "d")
    both = PodSpec(volumes=(ClaimVolume("c"), disk))
    where = cluster(claims=[claim(access_modes=("ReadWriteOncePod",))])
    put(where, both, 0)
    assert said("VolumeRestrictions", where, both) == [[NO_DISK], [IN_USE]]


def test_missing_claims_are_told_of_named_ones_only() -> None:
    where = cluster()
    problem = before("VolumeRestrictions", where, using("c"))
    assert problem == 'persistentvolumeclaim "c" not found'
    ephemeral = PodSpec(volumes=(ClaimVolume("p-s", "p", "u"),))
    assert before("VolumeRestrictions", where, ephemeral) == ""


# -- NodeVolumeLimits --------------------------------------------------------------


def csi(name: str, handle: str = "") -> PersistentVolume:
    return PersistentVolume(name, 1, source=CsiVolume("d.csi", handle or name))


def test_limits_count_different_volumes() -> None:
    volumes = [csi("a"), csi("b"), csi("c")]
    claims = [bound(v.name, v.name) for v in volumes]
    where = cluster(volumes, claims, csi_nodes=(CSINode("n0", {"d.csi": 2}),))
    put(where, using("a"), 0)
    put(where, using("a"), 0)
    assert said("NodeVolumeLimits", where, using("b", "c")) == [[FULL], []]
    assert said("NodeVolumeLimits", where, using("a", "b")) == [[], []]
    put(where, using("b"), 0)
    assert said("NodeVolumeLimits", where, using("c")) == [[FULL], []]
    assert said("NodeVolumeLimits", where, using("a", "b")) == [[], []]
    where.remove(where.signature(using("a")), 0)
    assert said("NodeVolumeLimits", where, using("c")) == [[FULL], []]
    where.remove(where.signature(using("a")), 0)
    assert said("NodeVolumeLimits", where, using("c")) == [[], []]


def test_a_limit_of_nothing_and_other_drivers() -> None:
    limits = (CSINode("n0", {"d.csi": 0}), CSINode("n1", {"other.csi": 0}))
    where = cluster([csi("a")], [bound("a", "a")], csi_nodes=limits)
    assert said("NodeVolumeLimits", where, using("a")) == [[FULL], []]


def test_limits_of_nodes_that_are_not_here() -> None:
    where = cluster([csi("a")], [bound("a", "a")], csi_nodes=(CSINode("n9", {"d.csi": 0}),))
    assert said("NodeVolumeLimits", where, using("a")) == [[], []]


def test_volumes_to_be_provisioned_count_for_their_class() -> None:
    wishes = [claim("a", storage_class="dynamic"), claim("b", storage_class="dynamic")]
    where = cluster(claims=wishes, csi_nodes=(CSINode("n0", {"d.csi": 1}),))
    put(where, using("a"), 0)
    assert said("NodeVolumeLimits", where, using("a")) == [[], []]
    assert said("NodeVolumeLimits", where, using("b")) == [[FULL], []]


def test_a_claim_whose_volume_is_missing_counts_for_its_class() -> None:
    wish = bound("a", "gone", storage_class="dynamic")
    where = cluster(claims=[wish], csi_nodes=(CSINode("n0", {"d.csi": 0}),))
    assert said("NodeVolumeLimits", where, using("a")) == [[FULL], []]


def test_in_tree_disks_count_for_the_csi_driver_that_replaced_them() -> None:
    ebs = {"ebs.csi.aws.com": 1}
    disk = DiskVolume("awsElasticBlockStore", "aws://zone/vol-1")
    volumes = [PersistentVolume("a", 1, source=disk), csi("b")]
    where = cluster(
        volumes,
        [bound("a", "a")],
        csi_nodes=(CSINode("n0", ebs), CSINode("n1", {"other": 1})),
    )
    put(where, using("a"), 0)
    same = PodSpec(volumes=(DiskVolume("awsElasticBlockStore", "vol-1"),))
    another = PodSpec(volumes=(DiskVolume("awsElasticBlockStore", "vol-2"),))
    assert said("NodeVolumeLimits", where, same) == [[], []]
    assert said("NodeVolumeLimits", where, another) == [[FULL], []]


def test_missing_claims_are_not_for_preemption() -> None:
    where = cluster()
    pod = where.pod(where.signature(using("c")))
    text = 'looking up PVC default/c: persistentvolumeclaim "c" not found'
    assert said("NodeVolumeLimits", where, using("c")) == [[text]] * 2
    assert not plugin("NodeVolumeLimits").reasons(pod)[1].resolvable


# -- skipping ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["VolumeBinding", "VolumeZone", "VolumeRestrictions", "NodeVolumeLimits"]
)
def test_pods_without_volumes_are_skipped(name: str) -> None:
    where = cluster()
    assert plugin(name).skips_filter(where.pod(where.signature(PodSpec())))
