"""Decisions by groups of nodes, one by one and in runs, are those of the reference path."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedlab.api import PodBatch, ScorePlugin, Workload
from schedlab.core.ahead import runs
from schedlab.core.groups import cells, kinds, members, steps
from schedlab.core.profile import Profile
from schedlab.model.objects import (
    HOSTNAME,
    ZONE,
    LabelSelector,
    Node,
    NodeSelectorTerm,
    PodAffinityTerm,
    PodSpec,
    PreferredSchedulingTerm,
    Requirement,
    Service,
    TopologySpreadConstraint,
    WeightedPodAffinityTerm,
)
from schedlab.registry import installed

from .clusters import (
    APPS,
    NAMESPACES,
    affinity_terms,
    constraints,
    nodes,
    specs,
    taints,
    weighted_terms,
)
from .test_paths import assert_same, place

few = st.sampled_from([0, 0, 1, 2])


@st.composite
def concerned(draw: st.DrawFn) -> PodSpec:
    """Draw a spec that other pods concern, small enough for many to fit."""
    app = draw(st.sampled_from(APPS))
    return replace(
        draw(specs()),
        namespace=draw(st.sampled_from(["default", "default", "ns-a"])),
        labels=(("app", app),),
        requests=draw(st.sampled_from([(), (("cpu", 50),), (("cpu", 100), ("memory", 1 << 26))])),
        required_node_terms=None,
        spread=tuple(draw(st.lists(constraints, max_size=draw(few)))),
        required_affinity=tuple(draw(st.lists(affinity_terms, max_size=draw(few) // 2))),
        required_anti_affinity=tuple(draw(st.lists(affinity_terms, max_size=draw(few) // 2))),
        preferred_affinity=tuple(draw(st.lists(weighted_terms, max_size=draw(few)))),
        preferred_anti_affinity=tuple(draw(st.lists(weighted_terms, max_size=draw(few)))),
        terminating=draw(st.sampled_from([False] * 7 + [True])),
        host_ports=(),
        gpu=None,
    )


@st.composite
def roomy_nodes(draw: st.DrawFn, index: int) -> Node:
    """Draw a node on which several pods fit; nodes are often alike."""
    zone = draw(st.sampled_from(["z0", "z0", "z1", "z1", "z2", "", None]))
    rack = draw(st.sampled_from(["ssd", "ssd", "hdd", None]))
    labels = {HOSTNAME: f"n{index}", ZONE: zone, "disk": rack}
    return Node(
        f"n{index}",
        {
            "cpu": draw(st.sampled_from([400, 1000, 1000, 1500])),
            "memory": 4 << 30,
            "pods": draw(st.sampled_from([2, 5, 110])),
        },
        {key: value for key, value in labels.items() if value is not None},
        tuple(draw(st.lists(taints, max_size=draw(st.sampled_from([0, 0, 1]))))),
    )


@st.composite
def replicas(draw: st.DrawFn) -> Workload:
    """Draw a cluster and long runs of few specs that concern each other."""
    kinds = draw(st.lists(concerned(), min_size=1, max_size=3))
    lengths = draw(st.lists(st.integers(1, 16), min_size=1, max_size=4))
    order = [i % len(kinds) for i, length in enumerate(lengths) for _ in range(length)]
    size = draw(st.integers(1, 14))
    running = draw(st.lists(st.tuples(concerned(), st.integers(0, size - 1)), max_size=4))
    return Workload(
        name="replicas",
        nodes=tuple(draw(st.one_of(roomy_nodes(i), roomy_nodes(i), nodes(i))) for i in range(size)),
        pods=PodBatch.of((f"default/p{i}", kinds[k]) for i, k in enumerate(order)),
        bound=PodBatch.of((f"default/b{i}", spec) for i, (spec, _) in enumerate(running)),
        bound_node=np.array([row for _, row in running], np.int32),
        namespaces=NAMESPACES,
        services=tuple(
            Service("default", a, LabelSelector.of({"app": a}))
            for a in draw(st.lists(st.sampled_from(APPS), max_size=1))
        ),
    )


@st.composite
def wide_profiles(draw: st.DrawFn) -> Profile:
    """Draw a profile: Kubernetes' own, or random weights over some of its scores."""
    named = installed().make_profile(draw(st.sampled_from(["kubernetes", "most-allocated"])), {})
    everything = installed().make_profile("kubernetes", {})
    if draw(st.booleans()):
        return replace(everything, post_filter=None)
    pool = {s.name: s for s, _ in (*named.scores, *everything.scores)}
    wide: list[ScorePlugin] = [pool["PodTopologySpread"], pool["InterPodAffinity"]]
    others = [s for s in pool.values() if s not in wide]
    chosen = [*wide, *draw(st.lists(st.sampled_from(others), max_size=4, unique_by=id))]
    return Profile(
        name="drawn",
        filters=everything.filters,
        scores=tuple((plugin, draw(st.integers(1, 5))) for plugin in chosen),
        tie_break=draw(st.sampled_from(["lowest", "lowest", "random", "round-robin"])),
        queue_sort=draw(st.sampled_from(["PrioritySort", "Arrival"])),
    )


@contextmanager
def dealt_with(size: str) -> Iterator[None]:
    """Have blocks, steps and tables so small that a test's few nodes outgrow them."""

    class Small(runs.Shape):
        def __init__(self) -> None:
            self.rows, self.depth = 3, 2

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "SHORTEST", 2)
        if size != "usual":
            patch.setattr(cells, "BLOCK", 2)
            patch.setattr(runs, "Shape", Small)
            patch.setattr(steps, "SHORTEST", 1)
            patch.setattr(members, "SMALL", {"tables": 1 << 16, "outgrown": 48}.get(size, 0))
        if size in ("vectorised", "tables"):
            patch.setattr(members, "SINGLY", 0)
            patch.setattr(kinds, "SPAN", -1)
        if size == "outgrown":
            patch.setattr(cells, "FEW", 4)
            patch.setattr(kinds, "MOST", 4)
        yield


SIZES = ["usual", "small steps", "vectorised", "tables", "outgrown"]


def compare(size: str, workload: Workload, profile: Profile) -> None:
    with dealt_with(size):
        _, run = place(profile, "run", workload)
        _, incremental = place(profile, "incremental", workload)
    _, reference = place(profile, "reference", workload)
    assert_same(run, reference)
    assert_same(incremental, reference)


@pytest.mark.parametrize("size", SIZES)
@settings(max_examples=15, deadline=None)
@given(workload=replicas(), profile=wide_profiles())
def test_groups_decide_as_reference(size: str, workload: Workload, profile: Profile) -> None:
    compare(size, workload, profile)


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
@settings(max_examples=200, deadline=None)
@given(workload=replicas(), profile=wide_profiles())
def test_groups_decide_as_reference_at_length(
    size: str, workload: Workload, profile: Profile
) -> None:
    compare(size, workload, profile)


BLUE = LabelSelector.of({"app": "blue"})


def spread(when: str, key: str = ZONE, skew: int = 1) -> TopologySpreadConstraint:
    return TopologySpreadConstraint(skew, key, when, BLUE)


PLAIN = PodSpec(labels=(("app", "blue"),), requests=(("cpu", 100),))
REPLICAS = {
    "hard zone spread": replace(PLAIN, spread=(spread("DoNotSchedule"),)),
    "loose zone spread": replace(PLAIN, spread=(spread("DoNotSchedule", skew=5),)),
    "soft zone spread": replace(PLAIN, spread=(spread("ScheduleAnyway"),)),
    "hard zone and soft host spread": replace(
        PLAIN, spread=(spread("DoNotSchedule"), spread("ScheduleAnyway", HOSTNAME))
    ),
    "hard host spread": replace(PLAIN, spread=(spread("DoNotSchedule", HOSTNAME, 2),)),
    "host anti-affinity": replace(PLAIN, required_anti_affinity=(PodAffinityTerm(HOSTNAME, BLUE),)),
    "zone affinity": replace(PLAIN, required_affinity=(PodAffinityTerm(ZONE, BLUE),)),
    "preferred host affinity": replace(
        PLAIN, preferred_affinity=(WeightedPodAffinityTerm(50, PodAffinityTerm(HOSTNAME, BLUE)),)
    ),
    "Service": PLAIN,
}


def replicas_of(spec: PodSpec, racks: int = 1) -> Workload:
    """Return 400 pods for 30 nodes in three zones, where a node has room for a dozen or so."""
    rooms = np.random.default_rng(3).integers(8, 16, 30).tolist()
    return Workload(
        name="replicas",
        nodes=tuple(
            Node(
                f"n{i}",
                {"cpu": 100 * room, "memory": 1 << 33, "pods": 110},
                {HOSTNAME: f"n{i}", ZONE: f"z{i % 3}", "rack": f"r{i % racks}"},
            )
            for i, room in enumerate(rooms)
        ),
        pods=PodBatch.of((f"default/p{i}", spec) for i in range(400)),
        services=(Service("default", "blue", BLUE),) if spec is PLAIN else (),
    )


@pytest.mark.parametrize("name", REPLICAS)
def test_replicas_are_placed_in_runs(name: str) -> None:
    workload = replicas_of(REPLICAS[name])
    profile = installed().make_profile("kubernetes", {})
    _, run = place(profile, "run", workload)
    _, reference = place(profile, "reference", workload)
    assert_same(run, reference)
    placed = int((run.node >= 0).sum())
    assert placed >= 30
    # The first of its kind may go anywhere, the others not: it is placed by itself.
    assert run.info["pods_in_runs"] == placed - (name == "zone affinity")


def test_where_domains_are_many_pods_are_placed_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "FEW", 10)
    spec = replace(PLAIN, spread=(spread("DoNotSchedule", "rack"),))
    profile = installed().make_profile("kubernetes", {})
    _, run = place(profile, "run", replicas_of(spec, racks=15))
    _, reference = place(profile, "reference", replicas_of(spec, racks=15))
    assert_same(run, reference)
    assert run.info["pods_one_by_one (CLUSTER plugins)"] >= 30


def test_steps_learn_to_look_deeper_where_nodes_fill_up_one_after_the_other() -> None:
    spec = replace(PLAIN, required_affinity=(PodAffinityTerm(ZONE, BLUE),))
    profile = installed().make_profile("most-allocated", {})
    deep = replace(installed().make_profile("kubernetes", {}), scores=profile.scores)
    _, run = place(deep, "run", replicas_of(spec))
    _, reference = place(deep, "reference", replicas_of(spec))
    assert_same(run, reference)
    assert run.info["run_steps"] <= 12


def test_a_leap_ends_where_a_group_is_full_and_others_are_worth_more() -> None:
    """The most preferred of three nodes is full after one pod: the second is then worth 100.

    With 50 (and 10 rather than 20 for the third) the second pod would go to the emptier third.
    """
    weights = {"a": 100, "b": 50, "c": 10}
    nodes = [
        Node(name, {"cpu": cpu, "memory": 1000, "pods": pods}, {"name": name, ZONE: "z"})
        for name, cpu, pods in (("a", 10, 1), ("b", 2, 9), ("c", 10_000, 9))
    ]
    preferred = tuple(
        PreferredSchedulingTerm(weight, NodeSelectorTerm((Requirement("name", "In", (name,)),)))
        for name, weight in weights.items()
    )
    spec = replace(
        PLAIN,
        requests=(("cpu", 1),),
        nonzero=(1, 0),
        preferred_node_terms=preferred,
        spread=(spread("DoNotSchedule", skew=5),),
    )
    scores = {"scores": {"NodeAffinity": 1, "NodeResourcesFit": 2}}
    profile = installed().make_profile("kubernetes", scores)
    workload = Workload("three", tuple(nodes), PodBatch.of((f"p{i}", spec) for i in range(2)))
    with dealt_with("small steps"):
        _, run = place(profile, "run", workload)
    assert run.node.tolist() == [0, 1]
    assert run.info["pods_in_runs"] == 2
