"""The incremental path decides exactly as the reference path, whatever the profile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import cycle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedlab.api import (
    Budget,
    Cluster,
    FilterPlugin,
    Locality,
    NodeView,
    Placement,
    PodView,
    ScorePlugin,
    Scores,
    Verdict,
    Workload,
    normalize_min_max,
)
from schedlab.core import answers, blocks, cells, clusterwide
from schedlab.core.ahead import runs
from schedlab.core.filter_score import FilterScore
from schedlab.core.incremental import IncrementalPath
from schedlab.core.profile import Profile
from schedlab.core.reference import ReferencePath
from schedlab.core.select import Lowest
from schedlab.model.objects import (
    EMPTY_BATCH,
    Node,
    NodeSelectorTerm,
    PodBatch,
    PodSpec,
    PreferredSchedulingTerm,
    Requirement,
)
from schedlab.registry import installed

from .clusters import workloads


class StretchedLoad(ScorePlugin):
    """A score that moves with the node and is normalised over the feasible ones."""

    locality = Locality.NODE

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        return nodes.requested[:, 0] % 977 - 3 * nodes.pod_count + int(pod.requests[0])

    def normalize(self, raw: Scores, low: int, high: int) -> Scores:
        return normalize_min_max(raw, low, high)


class OddRows(ScorePlugin):
    """A score that depends on which nodes are feasible."""

    locality = Locality.CLUSTER

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        return np.arange(len(nodes), dtype=np.int64) % 2 * 50 + len(nodes)


class AtMostTwice(FilterPlugin):
    """A filter that rejects by what the whole cluster holds."""

    locality = Locality.CLUSTER

    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        return nodes.pod_count <= nodes.whole.pod_count.min() + 2


NAMED = (
    "kubernetes",
    "random",
    "round-robin",
    "best-fit",
    "worst-fit",
    "dot-product",
    "dominant-share",
    "most-allocated",
    "requested-to-capacity-ratio",
)


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    """Draw a profile: a named one, or random weights over everything, with any tie-break."""
    named = installed().make_profile(draw(st.sampled_from(NAMED)), {})
    if draw(st.booleans()):
        return named
    pool = [
        *installed().make_profile("kubernetes", {}).scores,
        (StretchedLoad(), 1),
        (OddRows(), 1),
    ]
    chosen = draw(st.lists(st.sampled_from(pool), max_size=4, unique_by=lambda x: x[0].name))
    return Profile(
        name="drawn",
        filters=(*named.filters, *draw(st.sampled_from([(), (), (AtMostTwice(),)]))),
        scores=tuple((plugin, draw(st.integers(1, 5))) for plugin, _ in chosen),
        devices=named.devices,
        tie_break=draw(st.sampled_from(["lowest", "random", "round-robin"])),
        queue_sort=draw(st.sampled_from(["PrioritySort", "Arrival"])),
    )


def place(profile: Profile, path: str, workload: Workload) -> tuple[Cluster, Placement]:
    cluster = Cluster.of(workload)
    scheduler = FilterScore(profile=profile, path=path)  # type: ignore[arg-type]
    return cluster, scheduler.schedule(cluster, workload.pods, Budget(seed=7))


@contextmanager
def taken(size: str) -> Iterator[None]:
    """Have the few nodes of a test dealt with as a large cluster's are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "SHORTEST", 2)
        if size == "as if large":
            patch.setattr(blocks, "BLOCK", 2)
            patch.setattr(blocks.BlockMaxima, "pays", staticmethod(lambda values: len(values) > 0))
            for module in (answers, cells, clusterwide):
                patch.setattr(module, "MANY", 1)
        yield


def assert_same(one: Placement, other: Placement) -> None:
    np.testing.assert_array_equal(one.node, other.node)
    np.testing.assert_array_equal(one.devices, other.devices)
    np.testing.assert_array_equal(one.failure < 0, other.failure < 0)
    for left, right in zip(one.failure, other.failure, strict=True):
        assert left < 0 or one.failures[left] == other.failures[right]


@pytest.mark.parametrize("path", ["incremental", "run"])
@pytest.mark.parametrize("size", ["small", "as if large"])
@settings(max_examples=150, deadline=None)
@given(workload=workloads(), profile=profiles())
def test_incremental_decides_as_reference(
    size: str, path: str, workload: Workload, profile: Profile
) -> None:
    with taken(size):
        _, fast = place(profile, path, workload)
    _, reference = place(profile, "reference", workload)
    assert_same(fast, reference)


@settings(max_examples=60, deadline=None)
@given(workload=workloads(), profile=profiles())
def test_columns_are_what_the_placement_says(workload: Workload, profile: Profile) -> None:
    cluster, placement = place(profile, "incremental", workload)
    bound = [
        (spec, row) for (_, spec), row in zip(workload.bound, workload.bound_node, strict=True)
    ]
    before = Cluster.of(workload)
    for row, node in enumerate(workload.nodes):
        placed = [workload.pods.specs[s] for s in workload.pods.signature[placement.node == row]]
        there = placed + [spec for spec, held in bound if held == row]
        assert cluster.pod_count[row] == len(there)
        assert not placed or len(there) <= node.allocatable["pods"]
        for column, resource in enumerate(cluster.resources):
            requested = sum(spec.request(resource) for spec in there)
            assert cluster.requested[row, column] == requested
            most = max(node.allocatable.get(resource, 0), int(before.requested[row, column]))
            assert requested <= most


@settings(max_examples=40, deadline=None)
@given(workload=workloads(), profile=profiles())
def test_removing_everything_restores_the_cluster(workload: Workload, profile: Profile) -> None:
    cluster, placement = place(profile, "incremental", workload)
    fresh = Cluster.of(workload)
    for pod in np.flatnonzero(placement.node >= 0):
        spec = workload.pods.specs[workload.pods.signature[pod]]
        row, devices = int(placement.node[pod]), int(placement.devices[pod])
        cluster.remove(cluster.signature(spec), row, devices)
    np.testing.assert_array_equal(cluster.dynamic, fresh.dynamic)
    np.testing.assert_array_equal(cluster.device_free, fresh.device_free)


@pytest.mark.parametrize("size", ["small", "as if large"])
@settings(max_examples=150, deadline=None)
@given(
    workload=workloads(),
    profile=profiles(),
    steps=st.lists(st.none() | st.integers(0, 30), min_size=4, max_size=25),
)
def test_after_removals_decides_as_on_a_fresh_cluster(
    size: str, workload: Workload, profile: Profile, steps: list[int | None]
) -> None:
    """Pods come (None) and go (the k-th that is there); nothing remembers those that left."""
    with taken(size):
        _come_and_go(workload, profile, steps)


def _come_and_go(workload: Workload, profile: Profile, steps: list[int | None]) -> None:
    cluster = Cluster.of(replace(workload, pods=EMPTY_BATCH))  # it gets to know specs as they come
    coming = cycle(workload.pods.signature.tolist())
    incremental = IncrementalPath(profile, cluster, Lowest())
    there: list[tuple[int, int]] = []
    for step in steps:
        if step is None:
            signature = cluster.signature(workload.pods.specs[next(coming)])
            row = incremental.pick(signature)
            assert row == _pick_on_a_fresh_cluster(profile, workload, cluster, there, signature)
            if row >= 0 and cluster.specs[signature].gpu is None:
                cluster.place(signature, row)
                there.append((signature, row))
        elif there:
            cluster.remove(*there.pop(step % len(there)))


def _pick_on_a_fresh_cluster(
    profile: Profile,
    workload: Workload,
    cluster: Cluster,
    there: list[tuple[int, int]],
    signature: int,
) -> int:
    fresh = Cluster.of(replace(workload, pods=EMPTY_BATCH))
    for spec in cluster.specs:
        fresh.signature(spec)
    for placed, row in there:
        fresh.place(placed, row)
    return ReferencePath(profile, fresh, Lowest()).pick(signature)


def test_extremes_over_feasible_nodes_move_when_a_node_fills_up() -> None:
    """The most preferred of three nodes fills up: the second one is then worth 100, not 50.

    With 50 (and 10 rather than 20 for the third) the second pod would go to the emptier third.
    """
    weights = {"a": 100, "b": 50, "c": 10}
    nodes = [
        Node(name, {"cpu": cpu, "memory": 1000, "pods": pods}, {"name": name})
        for name, cpu, pods in (("a", 10, 1), ("b", 2, 9), ("c", 10_000, 9))
    ]
    preferred = tuple(
        PreferredSchedulingTerm(weight, NodeSelectorTerm((Requirement("name", "In", (name,)),)))
        for name, weight in weights.items()
    )
    spec = PodSpec(requests=(("cpu", 1),), nonzero=(1, 0), preferred_node_terms=preferred)
    profile = installed().make_profile(
        "kubernetes", {"scores": {"NodeAffinity": 1, "NodeResourcesFit": 2}}
    )
    workload = Workload("three", tuple(nodes), PodBatch.of((f"p{i}", spec) for i in range(2)))
    for path in ("reference", "incremental"):
        _, placement = place(profile, path, workload)
        assert placement.node.tolist() == [0, 1], path
