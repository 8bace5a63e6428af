"""What is decided before nodes are looked at one by one, and what is not scored."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from schedlab.api import Budget, Cluster, Failure
from schedlab.core.filter_score import FilterScore
from schedlab.core.profile import Profile
from schedlab.core.reference import Evaluation, evaluate
from schedlab.explain.answer import describe
from schedlab.model.objects import (
    NAME_FIELD,
    Node,
    NodeSelectorTerm,
    PodBatch,
    PodSpec,
    Requirement,
)
from schedlab.registry import installed

Path = Literal["reference", "incremental", "run"]


def nodes(*cordoned: int) -> list[Node]:
    offer = {"cpu": 1000, "memory": 1 << 30, "pods": 10}
    return [Node(f"n{i}", offer, unschedulable=i in cordoned) for i in range(3)]


def named(*names: str) -> NodeSelectorTerm:
    return NodeSelectorTerm(
        match_fields=tuple(Requirement(NAME_FIELD, "In", (name,)) for name in names)
    )


@pytest.fixture(scope="module")
def kubernetes() -> Profile:
    return installed().make_profile("kubernetes", {})


def asked(profile: Profile, spec: PodSpec, cluster: Cluster) -> Evaluation:
    return evaluate(profile, cluster, cluster.signature(spec))


def test_nodes_outside_the_named_ones_are_not_looked_at(kubernetes: Profile) -> None:
    """A cordoned node outside is reported as outside, not as cordoned."""
    cluster = Cluster(nodes(0))
    spec = PodSpec(required_node_terms=(named("n1"), named("n2")))
    found = asked(kubernetes, spec, cluster)
    assert found.narrowed_by == ("NodeAffinity",)
    assert found.narrowed.tolist() == [0]
    assert found.feasible.tolist() == [1, 2]
    told = describe("p", found, kubernetes, cluster.pod(cluster.signature(spec)))
    assert told["filtered"] == {"PreFilterResult": [0]}
    assert "reasons" not in told


def test_a_term_that_names_no_node_allows_any(kubernetes: Profile) -> None:
    terms = (named("n1"), NodeSelectorTerm((Requirement("disk", "DoesNotExist"),)))
    found = asked(kubernetes, PodSpec(required_node_terms=terms), Cluster(nodes()))
    assert found.narrowed_by == ()
    assert found.feasible.tolist() == [0, 1, 2]


def test_a_node_that_does_not_exist_narrows_to_nothing(kubernetes: Profile) -> None:
    found = asked(kubernetes, PodSpec(required_node_terms=(named("ghost"),)), Cluster(nodes()))
    assert found.rejected_by is None
    assert found.narrowed.tolist() == [0, 1, 2]


def test_terms_in_conflict_reject_the_pod(kubernetes: Profile) -> None:
    spec = PodSpec(required_node_terms=(named("n0", "n1"),))
    found = asked(kubernetes, spec, Cluster(nodes()))
    assert found.rejected_by is not None
    assert [(r.text, r.resolvable) for r in found.reasons] == [
        ("pod affinity terms conflict", False)
    ]
    assert not len(found.feasible)


def test_a_single_feasible_node_is_not_scored(kubernetes: Profile) -> None:
    found = asked(kubernetes, PodSpec(), Cluster(nodes(0, 2)))
    assert (found.feasible.tolist(), found.scores, found.best.tolist()) == ([1], {}, [1])


@pytest.mark.parametrize("path", ["reference", "incremental", "run"])
@pytest.mark.parametrize(
    ("spec", "failure"),
    [
        (
            PodSpec(scheduling_gates=("a", "b")),
            Failure("SchedulingGates", "waiting for scheduling gates: [a b]", 3, resolvable=False),
        ),
        (
            PodSpec(required_node_terms=(named("ghost"),)),
            Failure(
                "NodeAffinity",
                "node(s) didn't satisfy plugin(s) [NodeAffinity]",
                3,
                resolvable=False,
            ),
        ),
        (
            PodSpec(required_node_terms=(named("n0", "n1"),)),
            Failure("NodeAffinity", "pod affinity terms conflict", 3, resolvable=False),
        ),
        (
            PodSpec(resource_claims=("gpu",)),
            Failure(
                "DynamicResources", "resource claims are not modelled: gpu", 3, resolvable=False
            ),
        ),
    ],
)
def test_a_pod_that_is_left_says_why(
    kubernetes: Profile, path: Path, spec: PodSpec, failure: Failure
) -> None:
    cluster = Cluster(nodes())
    pods = PodBatch.of([("default/a", spec), ("default/b", PodSpec())])
    placement = FilterScore(profile=kubernetes, path=path).schedule(cluster, pods, Budget())
    np.testing.assert_array_equal(placement.node, [-1, 0])
    assert placement.failures[placement.failure[0]] == (failure,)
