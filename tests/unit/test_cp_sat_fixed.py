"""Which pods CpSatPacking leaves where the greedy start put them, and which it never places."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from schedlab import engine
from schedlab.api import Budget, Cluster, FilterPlugin, NodeView, PodView, Verdict, Workload
from schedlab.metrics.verify import verify
from schedlab.model.objects import (
    HOSTNAME,
    ZONE,
    HostPort,
    LabelSelector,
    Node,
    PodAffinityTerm,
    PodBatch,
    PodSpec,
    Service,
    TopologySpreadConstraint,
)
from schedlab.model.volumes import DiskVolume
from schedlab_algorithms.cp_sat_packing import CpSatPacking
from schedlab_algorithms.kubernetes.pod_topology_spread import PodTopologySpread
from schedlab_algorithms.packing.rules import rules_of

ONE = (("cpu", 1),)
NODES = tuple(Node(f"n{i}", {"cpu": 4, "pods": 10}, {HOSTNAME: f"n{i}"}) for i in range(2))
WEB = PodSpec(labels=(("app", "web"),), requests=ONE)
DB = PodSpec(labels=(("app", "db"),), requests=ONE)


class Moody(FilterPlugin):
    """Accepts every node, for reasons of its own."""

    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        return np.ones(len(nodes), np.bool_)

    def skips_filter(self, pod: PodView) -> bool:
        return dict(pod.spec.labels).get("app") != "db"


def fixed(*specs: PodSpec, extra: tuple[FilterPlugin, ...] = ()) -> list[bool]:
    profile = engine.profile("kubernetes")
    profile = replace(profile, filters=(*profile.filters, *extra))
    found: NDArray[np.bool_] = rules_of(profile, Cluster(NODES, specs), specs).fixed
    return found.tolist()


def away_from(app: str) -> tuple[PodAffinityTerm, ...]:
    return (PodAffinityTerm(HOSTNAME, LabelSelector.of({"app": app})),)


def test_pods_without_rules_are_movable() -> None:
    assert fixed(WEB, DB) == [False, False]


def test_host_ports_and_terms_about_other_pods_fix_nobody() -> None:
    shy = replace(WEB, required_anti_affinity=away_from("db"))
    near = replace(WEB, required_affinity=away_from("db"))
    assert fixed(shy, near, DB, replace(WEB, host_ports=(HostPort(80),))) == [False] * 4


def test_volumes_fix_their_owner_and_whom_its_affinity_means() -> None:
    disk = replace(WEB, volumes=(DiskVolume("gcePersistentDisk", "d"),))
    near = replace(disk, required_affinity=away_from("db"))
    shy = replace(disk, required_anti_affinity=away_from("db"))
    assert fixed(disk, DB) == [True, False]
    assert fixed(near, DB, replace(WEB, labels=())) == [True, True, False]
    assert fixed(shy, DB) == [True, False]


def test_the_anti_affinity_of_a_running_pod_fixes_nobody() -> None:
    cluster = Cluster(NODES, [WEB, DB])
    cluster.place(cluster.signature(replace(DB, required_anti_affinity=away_from("web"))), 0)
    rules = rules_of(engine.profile("kubernetes"), cluster, (WEB, DB))
    assert rules.fixed.tolist() == [False, False]
    assert rules.loose.tolist() == [False, True]


def test_an_unknown_filter_that_asks_about_anybody_fixes_everybody() -> None:
    assert fixed(WEB, DB, extra=(Moody(),)) == [True, True]
    assert fixed(WEB, extra=(Moody(),)) == [False]


def test_gated_pods_are_left() -> None:
    gated = replace(WEB, scheduling_gates=("example.com/quota",))
    batch = PodBatch.of([("default/a", gated), ("default/b", WEB), ("default/c", gated)])
    workload = Workload(name="gates", nodes=NODES, pods=batch)
    placement = CpSatPacking().schedule(Cluster.of(workload), batch, Budget())
    assert (placement.node >= 0).tolist() == [False, True, False]
    assert verify(workload, placement) == []
    assert placement.failures[placement.failure[0]][0].plugin == "SchedulingGates"
    assert placement.info["bound"] == 1


def test_default_constraints_hold_and_fix_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five of a Service's pods fit evenly if the other pod leaves the small zone to one of them.

    First fit puts that pod there, and then two of them are all that the skew allows.
    """
    zones = {"c": 1, "a": 4, "b": 4}
    labelled = [Node(z, {"cpu": cpu, "pods": 9}, {ZONE: z}) for z, cpu in zones.items()]
    workload = Workload(
        name="defaults",
        nodes=(*labelled, Node("nowhere", {"cpu": 1, "pods": 9})),
        pods=PodBatch.of((f"default/p{i}", s) for i, s in enumerate([DB, *[WEB] * 8])),
        services=(Service("default", "web", LabelSelector.of({"app": "web"})),),
    )
    evenly = PodTopologySpread(
        default_constraints=(TopologySpreadConstraint(1, ZONE),), defaulting_type="List"
    )
    installed = engine.profile
    filters = tuple(
        evenly if f.name == "PodTopologySpread" else f for f in installed("kubernetes").filters
    )
    profile = replace(installed("kubernetes"), filters=filters)
    monkeypatch.setattr(engine, "profile", lambda n: profile if n == "evenly" else installed(n))
    scheduler = CpSatPacking(profile="evenly", start=("first-fit",))
    placement = scheduler.schedule(Cluster.of(workload), workload.pods, Budget(effort=1.0))
    assert placement.info["fixed_pods"] == 0
    assert placement.info["bound"] == 6
    assert np.bincount(placement.node[1:] + 1, minlength=5).tolist() == [3, 1, 2, 2, 0]
    assert placement.node[0] > 0
