"""The incremental path decides exactly as the reference path, whatever the profile."""

from __future__ import annotations

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
from schedlab.core import blocks
from schedlab.core.filter_score import FilterScore
from schedlab.core.profile import Profile
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


def assert_same(one: Placement, other: Placement) -> None:
    np.testing.assert_array_equal(one.node, other.node)
    np.testing.assert_array_equal(one.devices, other.devices)
    np.testing.assert_array_equal(one.failure < 0, other.failure < 0)
    for left, right in zip(one.failure, other.failure, strict=True):
        assert left < 0 or one.failures[left] == other.failures[right]


@pytest.mark.parametrize("block", [None, 2])
@settings(max_examples=150, deadline=None)
@given(workload=workloads(), profile=profiles())
def test_incremental_decides_as_reference(
    block: int | None, workload: Workload, profile: Profile
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if block:
            patch.setattr(blocks, "BLOCK", block)
            patch.setattr(blocks.BlockMaxima, "pays", staticmethod(lambda length: length > 0))
        _, incremental = place(profile, "incremental", workload)
    _, reference = place(profile, "reference", workload)
    assert_same(incremental, reference)


@settings(max_examples=60, deadline=None)
@given(workload=workloads(), profile=profiles())
def test_columns_are_what_the_placement_says(workload: Workload, profile: Profile) -> None:
    cluster, placement = place(profile, "incremental", workload)
    for row, node in enumerate(workload.nodes):
        there = [workload.pods.specs[s] for s in workload.pods.signature[placement.node == row]]
        assert cluster.pod_count[row] == len(there) <= node.allocatable["pods"]
        for column, resource in enumerate(cluster.resources):
            requested = sum(spec.request(resource) for spec in there)
            assert cluster.requested[row, column] == requested
            assert requested <= node.allocatable.get(resource, 0)


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
