"""The workloads of published experiments are what the papers and the documentation say."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedlab.api import Budget, Cluster, Workload, WorkloadSource
from schedlab.errors import InputError
from schedlab.registry import installed
from schedlab_workloads.dcm import DcmScale
from schedlab_workloads.fragmented import Fragmented
from schedlab_workloads.pod_rules import PodRules
from schedlab_workloads.priority_matters import PriorityMatters
from schedlab_workloads.slots import Slots

seeds = st.integers(0, 2**40)
RESOURCES = ("cpu", "memory")


def free(workload: Workload) -> np.ndarray:
    """Return the free cpu and memory of each node, shape (N, 2)."""
    cluster = Cluster.of(workload)
    columns = [cluster.resource(r) for r in RESOURCES]
    return (cluster.allocatable - cluster.requested)[:, columns]


def requests(workload: Workload) -> np.ndarray:
    """Return the cpu and memory that each kind of waiting pod requests, shape (S, 2)."""
    return np.array([[s.request(r) for r in RESOURCES] for s in workload.pods.specs])


def alike(one: Workload, other: Workload) -> bool:
    return (
        one.nodes == other.nodes
        and one.pods.specs == other.pods.specs
        and one.bound.specs == other.bound.specs
        and np.array_equal(one.pods.signature, other.pods.signature)
        and np.array_equal(one.bound.signature, other.bound.signature)
        and np.array_equal(one.bound_node, other.bound_node)
    )


@pytest.mark.parametrize(
    "source",
    [
        PriorityMatters(nodes=4),
        DcmScale(nodes=50, pods=40),
        PodRules(nodes=8),
        Slots(nodes=40, pods=300, classes=8),
        Fragmented(nodes=20, pods=5),
    ],
    ids=lambda s: s.name,
)
def test_a_seed_gives_one_workload_and_another_seed_another(source: WorkloadSource) -> None:
    assert alike(source.build(1), source.build(1))
    assert not alike(source.build(1), source.build(2))


@pytest.mark.parametrize(
    ("name", "args", "message"),
    [
        ("PriorityMatters", {"usage": 0.0}, "usage: expected a ratio above 0"),
        ("PriorityMatters", {"nodes": 0}, "nodes: expected 1 to"),
        ("PodRules", {"usage": 0.0}, "usage: expected a ratio above 0"),
        ("PodRules", {"pods_per_node": 0}, "pods_per_node: expected 1 to"),
        ("DcmScale", {"anti_affinity": 1.5}, "anti_affinity: expected 0 to 1"),
        ("Slots", {"classes": 3}, "priorities: expected 1 to 3, got 4"),
        ("Fragmented", {"nodes": -1}, "nodes: expected 1 to"),
    ],
)
def test_impossible_arguments_are_told(name: str, args: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        installed().make_workload(name, args)


# -- Priority Matters -------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(
    nodes=st.sampled_from([4, 8, 16]),
    per_node=st.sampled_from([4, 8]),
    priorities=st.sampled_from([1, 2, 4]),
    usage=st.sampled_from([0.9, 0.95, 1.0, 1.05]),
    seed=seeds,
)
def test_a_cell_of_priority_matters(
    nodes: int, per_node: int, priorities: int, usage: float, seed: int
) -> None:
    source = PriorityMatters(
        nodes=nodes, pods_per_node=per_node, priorities=priorities, usage=usage
    )
    workload = source.build(seed)
    assert (len(workload.nodes), len(workload.pods)) == (nodes, nodes * per_node)
    sizes = np.bincount(workload.pods.signature)
    assert sizes.min() >= 1
    assert sizes.max() <= 4
    cpu, memory = requests(workload).T
    assert 100 <= cpu.min() <= cpu.max() <= 1000
    assert 100e6 <= memory.min() <= memory.max() <= 1000e6
    assert {s.priority for s in workload.pods.specs} <= set(range(1, priorities + 1))
    for resource in RESOURCES:
        (capacity,) = {n.allocatable[resource] for n in workload.nodes}
        hundredths = 100 * int(workload.pods.column(resource).sum())
        assert capacity * nodes * round(100 * usage) >= hundredths
        assert (capacity - 1) * nodes * round(100 * usage) < hundredths


def test_the_sets_of_priority_matters_arrive_one_after_another() -> None:
    """Uniform sizes: a set has 2.5 pods on average; all numbers occur."""
    workload = PriorityMatters(nodes=500).build(0)
    assert (np.diff(workload.pods.signature) >= 0).all()
    sizes = Counter(np.bincount(workload.pods.signature).tolist())
    assert set(sizes) == {1, 2, 3, 4}
    assert 4000 / sizes.total() == pytest.approx(2.5, rel=0.05)


@pytest.mark.parametrize("seed", range(3))
def test_a_contested_instance_is_one_that_the_default_scheduler_cannot_place(seed: int) -> None:
    source = PriorityMatters(nodes=4, pods_per_node=4, usage=0.9, contested=True)
    arrival = {"queue_sort": "Arrival", "post_filter": ""}
    scheduler = installed().make_scheduler("kubernetes", arrival)
    workload = source.build(seed)
    placement = scheduler.schedule(Cluster.of(workload), workload.pods, Budget())
    assert (placement.node < 0).any()


def test_an_instance_that_is_never_contested_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schedlab_workloads.priority_matters.MOST_DRAWS", 3)
    with pytest.raises(InputError, match=r"usage 0\.1"):
        PriorityMatters(nodes=4, usage=0.1, contested=True).build(0)


# -- DCM --------------------------------------------------------------------------------


def test_dcm_nodes_are_half_to_almost_full_and_every_pod_fits_on_many() -> None:
    workload = DcmScale(nodes=400, pods=300).build(0)
    room = free(workload)
    share = room / [16_000, 64 << 30]
    assert share.min() >= 0.05 - 1e-9
    assert share.max() <= 0.5
    assert len(np.unique(share, axis=0)) > 200
    for asked in requests(workload):
        assert (asked <= room).all(axis=1).sum() > 0.25 * len(room)
    assert workload.pods.column("cpu").sum() < 0.5 * room[:, 0].sum()


def test_dcm_applications_are_small_and_half_of_them_spread_over_nodes() -> None:
    workload = DcmScale(nodes=10, pods=4000).build(0)
    sizes = np.bincount(workload.pods.signature)
    assert set(sizes.tolist()) == set(range(1, 11))
    apart = [spec for spec in workload.pods.specs if spec.required_anti_affinity]
    assert len(apart) / len(workload.pods.specs) == pytest.approx(0.5, abs=0.05)
    (term,) = apart[0].required_anti_affinity
    assert term.topology_key == "kubernetes.io/hostname"
    assert term.selector is not None
    assert [s for s in workload.pods.specs if term.selector.matches(dict(s.labels))] == [apart[0]]


# -- rules about one another -------------------------------------------------------------


def test_rules_are_about_pods_of_the_batch_and_come_in_their_shares() -> None:
    workload = PodRules(nodes=1000, usage=1.25, priorities=3).build(0)
    specs = workload.pods.specs
    ruled = {
        "apart or quiet": sum(bool(s.required_anti_affinity) for s in specs),
        "port": sum(bool(s.host_ports) for s in specs),
        "near or together": sum(bool(s.required_affinity) for s in specs),
        "loud": sum(("noise", "loud") in s.labels for s in specs),
    }
    expected = {"apart or quiet": 7, "port": 3, "near or together": 4, "loud": 2}
    shares = {name: round(20 * count / len(specs)) for name, count in ruled.items()}
    assert shares == expected
    for i, spec in enumerate(specs):
        for term in spec.required_affinity:
            assert term.selector is not None
            meant = [j for j, s in enumerate(specs) if term.selector.matches(dict(s.labels))]
            assert len(meant) == 1
            assert meant[0] <= i
    asked = np.bincount(workload.pods.signature) @ requests(workload)
    np.testing.assert_allclose(asked / free(workload).sum(axis=0), 1.25, rtol=1e-3)
    assert sorted({s.priority for s in specs}) == [0, 1, 2]
    assert (np.diff([s.priority for s in specs]) <= 0).all()


# -- slots ------------------------------------------------------------------------------


def test_every_pod_takes_one_slot() -> None:
    workload = Slots(nodes=400, pods=3000, classes=20).build(0)
    slots = [n.allocatable["pods"] for n in workload.nodes]
    assert set(slots) == set(range(8, 17))
    assert len({spec.requests for spec in workload.pods.specs}) == 1
    for node, count in zip(workload.nodes, slots, strict=True):
        assert node.allocatable["cpu"] // 1000 == node.allocatable["memory"] // (4 << 30) == count
    assert (len(workload.pods), len(workload.pods.specs)) == (3000, 20)


def test_half_the_classes_may_run_in_a_quarter_of_the_racks() -> None:
    workload = Slots(nodes=400, pods=3000, classes=20).build(0)
    assert {n.labels["rack"] for n in workload.nodes} == {f"r{i}" for i in range(40)}
    required = [s.required_node_terms for s in workload.pods.specs if s.required_node_terms]
    assert [len(t.match_expressions[0].values) for (t,) in required] == [10] * 10
    preferred = [s.preferred_node_terms for s in workload.pods.specs]
    assert [len(t.preference.match_expressions[0].values) for (t,) in preferred] == [4] * 20
    assert Counter(s.priority for s in workload.pods.specs) == dict.fromkeys(
        (0, 1000, 2000, 3000), 5
    )


# -- fragmented -------------------------------------------------------------------------


@settings(max_examples=10, deadline=None)
@given(seed=seeds)
def test_large_pods_fit_on_no_node_though_much_is_free(seed: int) -> None:
    workload = Fragmented(nodes=100, pods=10).build(seed)
    room, asked = free(workload), requests(workload)
    assert room.min() >= 0
    assert (asked > room.max(axis=0)).all()
    assert (asked <= [32_000, 128 << 30]).all()
    assert (asked.sum(axis=0) < room.sum(axis=0)).all()
    assert {spec.priority for spec in (*workload.pods.specs, *workload.bound.specs)} == {1000}


def test_a_fragmented_node_is_filled_to_its_level() -> None:
    share = 1 - free(Fragmented(nodes=500).build(0)) / [32_000, 128 << 30]
    fuller = share.max(axis=1)
    assert fuller.max() <= 0.95
    assert np.quantile(fuller, [0.05, 0.5]) == pytest.approx([0.70, 0.81], abs=0.03)
