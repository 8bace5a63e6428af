"""Explanations: the state at a pod's turn, and changes whose effect is known by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedlab.api import Cluster
from schedlab.core.profile import Profile
from schedlab.core.reference import filter_nodes
from schedlab.errors import InputError
from schedlab.explain.amounts import written
from schedlab.explain.counterfactual import Counterfactual, counterfactual
from schedlab.explain.report import headline, report
from schedlab.explain.source import find_pod
from schedlab.explain.turn import NOWHERE, Turn, at_turn
from schedlab.model.objects import (
    ZONE,
    HostPort,
    LabelSelector,
    Node,
    NodeSelectorTerm,
    PodAffinityTerm,
    PodBatch,
    PodSpec,
    Requirement,
    Taint,
    TopologySpreadConstraint,
    Workload,
)
from schedlab.registry import installed
from tests.property.clusters import workloads

GI = 1 << 30


@pytest.fixture(scope="module")
def profile() -> Profile:
    return installed().make_profile("kubernetes", {})


def node(name: str, cpu: int = 4000, **more: object) -> Node:
    return Node(name, {"cpu": cpu, "memory": 8 * GI, "pods": 10}, **more)  # type: ignore[arg-type]


def pod(cpu: int = 0, **more: object) -> PodSpec:
    return PodSpec(requests=(("cpu", cpu),) if cpu else (), **more)  # type: ignore[arg-type]


def turn_of(
    profile: Profile,
    nodes: Sequence[Node],
    spec: PodSpec,
    bound: Sequence[tuple[PodSpec, int]] = (),
) -> Turn:
    workload = Workload(
        "w",
        tuple(nodes),
        PodBatch.of([("default/it", spec)]),
        bound=PodBatch.of((f"default/b{i}", s) for i, (s, _) in enumerate(bound)),
        bound_node=np.array([row for _, row in bound], np.int32),
    )
    return at_turn(profile, workload, "default/it", now=False, seed=0)


def told(found: Counterfactual) -> list[tuple[str, tuple[int, ...]]]:
    return [(change.text, change.rows) for change in found.changes]


def test_the_largest_request_that_fits(profile: Profile) -> None:
    nodes = [node("a"), node("b", 2000)]
    turn = turn_of(profile, nodes, pod(3000), [(pod(1500), 0)])
    assert turn.chosen == NOWHERE
    changes = told(counterfactual(turn))
    assert changes[0] == ("lower the cpu request from 3 to 2500m", (0,))
    assert ("remove the pod default/b0 (priority 0) from a", (0,)) in changes


def test_a_taint_to_tolerate(profile: Profile) -> None:
    nodes = [node("a", taints=(Taint("gpu", "yes"),)), node("b", unschedulable=True)]
    changes = told(counterfactual(turn_of(profile, nodes, pod(100))))
    assert changes == [("tolerate the taint gpu=yes:NoSchedule", (0,)), ("uncordon the node", (1,))]


def test_a_label_that_is_missing(profile: Profile) -> None:
    nodes = [node("a"), node("b", 500), node("c", labels={"disk": "hdd"})]
    spec = pod(1000, node_selector=(("disk", "ssd"),))
    assert told(counterfactual(turn_of(profile, nodes, spec))) == [
        ("drop disk=ssd from the nodeSelector", (0, 2)),
        ("label the node a with disk=ssd", (0,)),
    ]


def test_one_expression_of_the_affinity(profile: Profile) -> None:
    expressions = Requirement("disk", "In", ("ssd", "nvme")), Requirement("old", "DoesNotExist")
    spec = pod(required_node_terms=(NodeSelectorTerm(expressions),))
    nodes = [node("a", labels={"disk": "ssd", "old": ""}), node("b", labels={"old": ""})]
    changes = told(counterfactual(turn_of(profile, nodes, spec)))
    assert changes == [
        ("drop old DoesNotExist from the required node affinity", (0,)),
        ("drop the required node affinity", (0, 1)),
    ]


def test_the_pod_in_the_way(profile: Profile) -> None:
    port = pod(100, host_ports=(HostPort(80),))
    turn = turn_of(profile, [node("a")], replace(port, priority=5), [(pod(100), 0), (port, 0)])
    assert told(counterfactual(turn)) == [
        ("do without the host port 80/TCP", (0,)),
        ("remove the pod default/b1 (priority 0) from a", (0,)),
    ]


def test_an_existing_pod_that_wants_no_neighbour(profile: Profile) -> None:
    term = PodAffinityTerm("kubernetes.io/hostname", LabelSelector.of({"app": "web"}))
    loner = PodSpec(required_anti_affinity=(term,))
    spec = PodSpec(labels=(("app", "web"),))
    nodes = [node("a", labels={"kubernetes.io/hostname": "a"})]
    changes = told(counterfactual(turn_of(profile, nodes, spec, [(loner, 0)])))
    assert changes == [("remove the pod default/b0 (priority 0) from a", (0,))]


def test_the_least_skew_that_fits(profile: Profile) -> None:
    web = (("app", "web"),)
    constraint = TopologySpreadConstraint(1, ZONE, selector=LabelSelector.of(dict(web)))
    nodes = [node("a", labels={ZONE: "z1"}), node("b", labels={ZONE: "z2"}, unschedulable=True)]
    spec = PodSpec(labels=web, spread=(constraint,))
    turn = turn_of(profile, nodes, spec, [(PodSpec(labels=web), 0)] * 3)
    assert (f"raise maxSkew over {ZONE} from 1 to 4", (0,)) in told(counterfactual(turn))


def test_gates_are_the_reason_and_the_remedy(profile: Profile) -> None:
    turn = turn_of(profile, [node("a")], PodSpec(scheduling_gates=("x",)))
    found = counterfactual(turn)
    assert told(found) == [("remove the scheduling gate x", (0,))]
    assert "gates" in headline(report(turn, found))


def test_no_single_change_names_all_obstacles(profile: Profile) -> None:
    nodes = [node("a", 1000, taints=(Taint("spot"),))]
    turn = turn_of(profile, nodes, pod(2000, node_selector=(("disk", "ssd"),)), [(pod(250), 0)])
    found = counterfactual(turn)
    assert found.changes == ()
    assert found.pairs == ()  # it takes three
    assert found.nearest[0].reasons == (
        ("TaintToleration", "node(s) had untolerated taint(s): spot:NoSchedule"),
        ("NodeAffinity", "node(s) didn't match Pod's node affinity/selector"),
        ("NodeResourcesFit", "Insufficient cpu (free 750m of 2)"),
    )


def test_two_changes_where_one_is_not_enough(profile: Profile) -> None:
    nodes = [node("a", 1000, taints=(Taint("spot"),)), node("b", 500, taints=(Taint("gpu"),))]
    found = counterfactual(turn_of(profile, nodes, pod(2000), [(pod(250), 0)]))
    assert found.changes == ()
    assert [(c.text, c.rows) for c in found.pairs] == [
        ("tolerate the taint spot:NoSchedule, and lower the cpu request from 2 to 750m", (0,)),
        ("tolerate the taint gpu:NoSchedule, and lower the cpu request from 2 to 500m", (1,)),
    ]


def test_two_requests_that_are_too_large(profile: Profile) -> None:
    spec = PodSpec(requests=(("cpu", 4000), ("memory", 16 * GI)))
    nodes = [node("a", 3000), Node("b", {"cpu": 1000, "memory": 15 * GI, "pods": 10})]
    found = counterfactual(turn_of(profile, nodes, spec))
    assert [(c.text, c.rows) for c in found.pairs] == [
        (
            "lower the cpu request from 4 to 3, and lower the memory request from 16Gi to 8Gi",
            (0,),
        )
    ]


def test_a_full_node_is_counted(profile: Profile) -> None:
    full = Node("a", {"cpu": 4000, "memory": 8 * GI, "pods": 1}, taints=(Taint("spot"),))
    found = counterfactual(turn_of(profile, [full], pod(100), [(pod(100), 0)]))
    assert found.nearest[0].reasons[1] == ("NodeResourcesFit", "Too many pods (1 of 1)")


def test_what_kubectl_would_say(profile: Profile) -> None:
    nodes = [node("a", 1000), node("b", taints=(Taint("spot"),)), node("c", 1000)]
    turn = turn_of(profile, nodes, pod(2000))
    assert headline(report(turn, counterfactual(turn))) == (
        "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu."
    )


def queue() -> Workload:
    """Return a node with room for one of three pods, of which the last is first in line."""
    pods = [("default/a", pod(600)), ("default/b", pod(600)), ("default/c", pod(600, priority=9))]
    return Workload("w", (node("n", 1000),), PodBatch.of(pods))


def test_pods_before_it_are_scheduled_first(profile: Profile) -> None:
    turn = at_turn(profile, queue(), "default/a", now=False, seed=0)
    assert (turn.before, turn.chosen) == (1, NOWHERE)
    assert told(counterfactual(turn))[-1][0] == "remove the pod default/c (priority 9) from n"
    assert at_turn(profile, queue(), "default/c", now=False, seed=0).chosen == 0
    assert at_turn(profile, queue(), "default/b", now=True, seed=0).chosen == 0


@pytest.mark.parametrize("scheduler", ["random", "round-robin", "best-fit"])
def test_the_choice_is_that_of_a_whole_run(scheduler: str) -> None:
    from schedlab.api import Budget
    from schedlab.core.filter_score import FilterScore

    ties = installed().make_profile(scheduler, {})
    pods = PodBatch.of((f"default/p{i}", pod(10 * (i % 2))) for i in range(8))
    workload = Workload("w", tuple(node(f"n{i}") for i in range(5)), pods)
    run = FilterScore(profile=ties).schedule(Cluster.of(workload), pods, Budget(seed=3))
    for i, name in enumerate(pods.names):
        assert at_turn(ties, workload, name, now=False, seed=3).chosen == run.node[i]


def test_a_running_pod_is_evaluated_without_itself(profile: Profile) -> None:
    workload = replace(
        queue(), bound=PodBatch.of([("default/old", pod(900))]), bound_node=np.zeros(1, np.int32)
    )
    turn = at_turn(profile, workload, "default/old", now=False, seed=0)
    assert (turn.home, turn.chosen) == (0, 0)
    assert turn.cluster.pod_count.tolist() == [0]


def test_finding_a_pod() -> None:
    pods = PodBatch.of([("a/web-0", PodSpec()), ("b/web-0", PodSpec()), ("b/db", PodSpec())])
    workload = Workload("w", (node("n"),), pods)
    assert find_pod("db", workload) == "b/db"
    assert find_pod("a/web-0", workload) == "a/web-0"
    with pytest.raises(InputError, match="several namespaces: a/web-0, b/web-0"):
        find_pod("web-0", workload)
    with pytest.raises(InputError, match="did you mean a/web-0"):
        find_pod("a/web-1", workload)


@pytest.mark.parametrize(
    ("resource", "amount", "text"),
    [
        ("cpu", 2500, "2500m"),
        ("cpu", 2000, "2"),
        ("memory", 3 * GI, "3Gi"),
        ("memory", 1000, "1000"),
        ("nvidia.com/gpu", 4, "4"),
    ],
)
def test_amounts(resource: str, amount: int, text: str) -> None:
    assert written(resource, amount) == text


@settings(max_examples=40, deadline=None)
@given(workload=workloads(), data=st.data())
def test_changes_hold_on_a_fresh_cluster(workload: Workload, data: st.DataObject) -> None:
    """What is told of requests and evictions is true of a cluster built anew, and tight."""
    kubernetes = installed().make_profile("kubernetes", {})
    name = data.draw(st.sampled_from(list(workload.pods.names)))
    turn = at_turn(kubernetes, workload, name, now=False, seed=0)
    if turn.chosen != NOWHERE:
        return
    before = turn.cluster.dynamic.copy()
    found = counterfactual(turn)
    np.testing.assert_array_equal(turn.cluster.dynamic, before)
    spec = turn.cluster.specs[turn.signature]
    for change in found.changes:
        if change.text.startswith("lower the cpu"):
            asked = round((1 - change.size) * spec.request("cpu"))
            assert _fits(turn, spec, asked) == list(change.rows)
            assert not _fits(turn, spec, asked + 1)


def _fits(turn: Turn, spec: PodSpec, cpu: int) -> list[int]:
    """Return where a pod with another cpu request fits, on a cluster replayed from the log."""
    changed = replace(spec, requests=(*(r for r in spec.requests if r[0] != "cpu"), ("cpu", cpu)))
    old = turn.cluster
    fresh = Cluster(old.nodes, old.specs, services=old.services, namespaces=old.namespaces)
    for number in range(len(old.log)):
        sign = fresh.place if old.log.signs(0)[number] > 0 else fresh.remove
        signature, row = int(old.log.signatures(0)[number]), int(old.log.rows(0)[number])
        sign(signature, row, old.log.devices.get(number, 0))
    rows = filter_nodes(turn.profile, fresh, fresh.signature(changed)).feasible
    found: list[int] = rows.tolist()
    return found
