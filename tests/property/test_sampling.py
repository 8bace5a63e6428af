"""Both paths score the same sample of nodes, and it is the sample of a plain search."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedlab.core import sampling
from schedlab.core.sampling import Sampling, nodes_to_find, tree_order
from schedlab.model.objects import (
    REGION,
    ZONE,
    LabelSelector,
    Node,
    NodeSelectorTerm,
    PodBatch,
    PodSpec,
    PreferredSchedulingTerm,
    Requirement,
    TopologySpreadConstraint,
    Workload,
)
from schedlab.registry import installed

from .clusters import workloads
from .test_paths import assert_same, place


@pytest.mark.parametrize(
    ("percentage", "nodes", "found"),
    [(0, 10, 10), (0, 1000, 420), (40, 1000, 400), (0, 6000, 300), (40, 6000, 2400), (5, 200, 100)],
)
def test_how_many_are_enough(percentage: int, nodes: int, found: int) -> None:
    """The cases of kube-scheduler's TestNumFeasibleNodesToFind, and the least."""
    assert nodes_to_find(percentage, nodes) == found


def test_a_node_of_each_zone_in_turn() -> None:
    zones = ["a", "a", "b", "c", "b", "a", ""]
    nodes = [Node(f"n{i}", {}, {ZONE: z, REGION: "r"} if z else {}) for i, z in enumerate(zones)]
    assert tree_order(nodes).tolist() == [0, 2, 3, 6, 1, 4, 5]


@st.composite
def roomy(draw: st.DrawFn) -> Workload:
    """Draw a cluster in which most nodes fit most pods, so that the sample decides."""
    offers = draw(st.lists(st.sampled_from([1000, 2000, 4000]), min_size=3, max_size=8))
    disks = st.sampled_from(["ssd", "hdd"])
    nodes = [
        Node(f"n{i}", {"cpu": cpu, "pods": 20}, {ZONE: f"z{i % 2}", "disk": draw(disks)})
        for i, cpu in enumerate(offers)
    ]
    ssd = NodeSelectorTerm((Requirement("disk", "In", ("ssd",)),))
    web = (("app", "web"),)
    near = TopologySpreadConstraint(1, ZONE, "ScheduleAnyway", LabelSelector.of(dict(web)))
    kinds = [
        PodSpec(requests=(("cpu", 200),)),
        PodSpec(requests=(("cpu", 500),), labels=web, spread=(near,)),
        PodSpec(preferred_node_terms=(PreferredSchedulingTerm(5, ssd),)),
    ]
    order = draw(st.lists(st.sampled_from(kinds), min_size=2, max_size=20))
    return Workload("roomy", tuple(nodes), PodBatch.of((f"p{i}", k) for i, k in enumerate(order)))


@settings(max_examples=60, deadline=None)
@given(workload=st.one_of(roomy(), workloads()), enough=st.integers(1, 3))
def test_incremental_samples_as_reference(workload: Workload, enough: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sampling, "FEWEST", enough)
        kubernetes = installed().make_profile("kubernetes", {})
        sampled = replace(kubernetes, percentage_of_nodes_to_score=1)
        _, incremental = place(sampled, "incremental", workload)
        _, runs = place(sampled, "run", workload)
        _, reference = place(sampled, "reference", workload)
    assert_same(incremental, reference)
    assert_same(runs, reference)


@settings(max_examples=100, deadline=None)
@given(
    fits=st.lists(st.booleans(), min_size=1, max_size=12),
    enough=st.integers(1, 4),
    zones=st.integers(1, 3),
)
def test_the_search_goes_on_where_it_ended(fits: list[bool], enough: int, zones: int) -> None:
    """Against a search written as a loop."""
    nodes = [Node(f"n{i}", {}, {ZONE: f"z{i % zones}"}) for i in range(len(fits))]
    feasible, order = np.flatnonzero(fits), tree_order(nodes).tolist()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sampling, "FEWEST", enough)
        patch.setattr(sampling, "LEAST_PERCENTAGE", 0)
        rotation = Sampling(nodes, 1)
    start = 0
    for _ in range(5):
        found, looked_at = [], 0
        while looked_at < len(nodes) and len(found) < min(enough, len(nodes)):
            row = order[(start + looked_at) % len(nodes)]
            found += [row] if fits[row] else []
            looked_at += 1
        rows, went_through = rotation.first(feasible)
        assert (rows.tolist(), went_through) == (sorted(found), looked_at)
        rotation.advance(went_through)
        start = (start + looked_at) % len(nodes)
