"""Stretches of unequal pods, placed in steps, go where the reference path places them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedlab.api import (
    Budget,
    Cluster,
    Locality,
    NodeView,
    Placement,
    PodsView,
    PodView,
    ScorePlugin,
    Scores,
)
from schedlab.core.ahead import mixed, runs, stretch
from schedlab.core.ahead.pairs import after_one_more
from schedlab.core.filter_score import FilterScore
from schedlab.core.profile import Profile
from schedlab.core.verdicts import accepts
from schedlab.model.objects import Node, NodeSelectorTerm, PodBatch, PodSpec, Requirement, Workload
from schedlab.registry import installed
from schedlab_algorithms.kubernetes.node_resources_balanced_allocation import (
    NodeResourcesBalancedAllocation,
)
from schedlab_algorithms.kubernetes.node_resources_fit import NodeResourcesFit, ScoringStrategy
from schedlab_algorithms.kubernetes.scoring import ResourceSpec

MI = 1 << 20
IMAGES = {"big:1": 900 * MI}
WIDGET = "example.com/widget"


class Huge(ScorePlugin):
    """A score of which some do not fit into 16 bits."""

    locality = Locality.NODE

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        return 30_000 + 900 * nodes.pod_count - int(pod.requests[0])

    def score_each(self, pods: PodsView, nodes: NodeView) -> Scores:
        return 30_000 + 900 * nodes.pod_count - pods.requests[:, 0]


class Below(ScorePlugin):
    """A score below 0, that cannot be asked about pairs."""

    locality = Locality.NODE

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        return -nodes.pod_count


@st.composite
def plain_nodes(draw: st.DrawFn, index: int) -> Node:
    """Draw a node; some lack a resource, or hold few pods."""
    cpu = draw(st.sampled_from([0, 1000, 1000, 2000, 4000]))
    memory = draw(st.sampled_from([512, 4096]))
    amounts = {"cpu": cpu, "memory": memory * MI, "pods": draw(st.sampled_from([2, 3, 110]))}
    labels = {"disk": draw(st.sampled_from(["ssd", "hdd"]))}
    images = IMAGES if draw(st.booleans()) else {}
    return Node(f"n{index}", amounts | {WIDGET: draw(st.integers(0, 2))}, labels, images=images)


@st.composite
def plain_specs(draw: st.DrawFn) -> PodSpec:
    """Draw a pod that says nothing of other pods; requests may be absent."""
    asked = {
        "cpu": draw(st.sampled_from([0, 1, 3, 50, 100, 250])),
        "memory": draw(st.sampled_from([0, 1, 2, 50, 100])) * MI,
        WIDGET: draw(st.sampled_from([0, 0, 0, 1])),
    }
    ssd = (NodeSelectorTerm((Requirement("disk", "In", ("ssd",)),)),)
    return PodSpec(
        requests=tuple((r, a) for r, a in asked.items() if a),
        required_node_terms=draw(st.sampled_from([None, None, ssd])),
        images=draw(st.sampled_from([(), ("big:1",)])),
    )


@st.composite
def plain_workloads(draw: st.DrawFn) -> Workload:
    """Draw some nodes, and more pods than kinds of them, shuffled."""
    nodes = tuple(draw(plain_nodes(i)) for i in range(draw(st.integers(1, 12))))
    kinds = draw(st.lists(plain_specs(), min_size=1, max_size=5, unique=True))
    seed, size = draw(st.integers(0, 1 << 16)), draw(st.integers(1, 40))
    order = np.random.default_rng(seed).integers(len(kinds), size=size).tolist()
    return Workload("mixed", nodes, PodBatch.of((f"p{i}", kinds[k]) for i, k in enumerate(order)))


@st.composite
def plain_profiles(draw: st.DrawFn) -> Profile:
    """Draw a profile whose scores look at nodes singly."""
    named = draw(st.sampled_from(["kubernetes", "most-allocated", "requested-to-capacity-ratio"]))
    profile = installed().make_profile(named, {})
    more = draw(st.lists(st.sampled_from([Huge(), Below()]), max_size=1))
    weights = st.sampled_from([1, 1, 3, 200])
    scores = tuple((s, draw(weights)) for s, _ in profile.scores)
    return replace(profile, scores=(*scores, *((s, 1) for s in more)))


@contextmanager
def small_steps(shared: int) -> Iterator[None]:
    """Have steps end, and pairs be asked about, in small portions."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("LONGEST", 6), ("SHORTEST", 1), ("PAUSE", 1), ("LONGEST_PAUSE", 1)):
            patch.setattr(mixed, name, value)
        patch.setattr(mixed, "PAIRS", 5)
        patch.setattr(stretch, "MOST_SHARED", shared)
        patch.setattr(runs, "SHORTEST", 4)
        yield


def place(profile: Profile, path: str, workload: Workload) -> Placement:
    scheduler = FilterScore(profile=profile, path=path)  # type: ignore[arg-type]
    return scheduler.schedule(Cluster.of(workload), workload.pods, Budget(seed=7))


@settings(max_examples=200, deadline=None)
@given(workload=plain_workloads(), profile=plain_profiles(), shared=st.sampled_from([0, 99]))
def test_steps_place_unequal_pods_as_the_reference_path(
    workload: Workload, profile: Profile, shared: int
) -> None:
    with small_steps(shared):
        fast = place(profile, "run", workload)
    slow = place(profile, "reference", workload)
    np.testing.assert_array_equal(fast.node, slow.node)
    for one, other in zip(fast.failure, slow.failure, strict=True):
        assert one < 0 or fast.failures[one] == slow.failures[other]


@pytest.mark.parametrize(("name", "steps"), [("kubernetes", 2), ("most-allocated", 1)])
def test_steps_are_taken_unless_most_pods_share_nodes(name: str, steps: int) -> None:
    kinds = [PodSpec(requests=(("cpu", 50 + i), ("memory", (90 - i) * MI))) for i in range(30)]
    nodes = tuple(Node(f"n{i}", {"cpu": 1000, "memory": 1000 * MI}) for i in range(100))
    pods = PodBatch.of((f"p{i}", kinds[i * 7 % 30]) for i in range(90))
    placement = place(installed().make_profile(name, {}), "run", Workload("w", nodes, pods))
    assert placement.info["mixed_steps"] == steps
    assert (placement.info["pods_in_mixed_steps"] == len(pods)) == (name == "kubernetes")


STRATEGIES = ("LeastAllocated", "MostAllocated", "RequestedToCapacityRatio")
THREE = (ResourceSpec("memory", 2), ResourceSpec("cpu"), ResourceSpec("ephemeral-storage", 5))


@settings(max_examples=150, deadline=None)
@given(
    workload=plain_workloads(),
    strategy=st.sampled_from(STRATEGIES),
    resources=st.sampled_from([ScoringStrategy().resources, THREE, THREE[:1], THREE[2:]]),
    ignored=st.sampled_from([(), (WIDGET,)]),
    hypothetical=st.booleans(),
)
def test_pairs_are_judged_as_pods_are(
    workload: Workload,
    strategy: str,
    resources: tuple[ResourceSpec, ...],
    ignored: tuple[str, ...],
    hypothetical: bool,
) -> None:
    how = ScoringStrategy(type=strategy, resources=resources)  # type: ignore[arg-type]
    fit = NodeResourcesFit(scoring_strategy=how, ignored_resources=ignored)
    balance = NodeResourcesBalancedAllocation(resources=resources)
    cluster = Cluster.of(workload)
    for pod, signature in enumerate(workload.pods.signature.tolist()):
        cluster.place(signature, pod % len(cluster))
    rows = np.arange(len(cluster)).repeat(len(cluster.specs))
    whose = np.tile(np.arange(len(cluster.specs)), len(cluster))
    pods = PodsView.of(cluster, whose)
    nodes = (
        after_one_more(cluster, rows, whose[::-1].copy()) if hypothetical else cluster.view(rows)
    )
    fits, scores = fit.filter_each(pods, nodes), fit.score_each(pods, nodes)
    balances = balance.score_each(pods, nodes)
    assert scores is not None
    assert balances is not None
    for i, (row, other) in enumerate(zip(rows.tolist(), whose[::-1].tolist(), strict=True)):
        asking, alone = cluster.pod(int(whose[i])), cluster.view(np.array([row]))
        if hypothetical:
            cluster.place(other, row)
        assert fits[i] == accepts(fit.filter(asking, alone))[0]
        assert scores[i] == fit.score(asking, alone)[0]
        assert balances[i] == balance.score(asking, alone)[0]
        if hypothetical:
            cluster.remove(other, row)
