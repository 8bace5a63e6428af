"""verify names every planted fault, and only that; the legal twin of each passes."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from schedlab.api import Failure, Placement
from schedlab.errors import InputError
from schedlab.metrics.verify import HARD_CONSTRAINTS, replay, verify
from schedlab.model.objects import (
    HOSTNAME,
    NAME_FIELD,
    ZONE,
    GpuDevices,
    GpuRequest,
    HostPort,
    LabelSelector,
    Node,
    NodeSelectorTerm,
    PodAffinityTerm,
    PodBatch,
    PodSpec,
    Requirement,
    Taint,
    Toleration,
    TopologySpreadConstraint,
    Workload,
)

WEB = (("app", "web"),)
IS_WEB = LabelSelector.of({"app": "web"})


def node(name: str, zone: str = "a", **rest: object) -> Node:
    labels = {HOSTNAME: name, ZONE: zone}
    room = {"cpu": 1000, "memory": 1000, "pods": 10}
    return Node(**{"name": name, "allocatable": room, "labels": labels, **rest})  # type: ignore[arg-type]


def ask(cpu: int = 0, **rest: object) -> PodSpec:
    return PodSpec(requests=(("cpu", cpu),) if cpu else (), **rest)  # type: ignore[arg-type]


def scene(
    nodes: Sequence[Node],
    pods: Sequence[PodSpec],
    bound: Sequence[tuple[PodSpec, int]] = (),
    **rest: object,
) -> Workload:
    return Workload(
        name="scene",
        nodes=tuple(nodes),
        pods=PodBatch.of((f"default/p{i}", s) for i, s in enumerate(pods)),
        bound=PodBatch.of((f"default/b{i}", s) for i, (s, _) in enumerate(bound)),
        bound_node=np.array([row for _, row in bound], np.int32),
        **rest,  # type: ignore[arg-type]
    )


def put(*rows: int, devices: Sequence[int] = (), sequence: Sequence[int] = ()) -> Placement:
    placement = Placement.empty(len(rows))
    placement.node[:] = rows
    if devices:
        placement.devices[:] = devices
    if sequence:
        placement.sequence[:] = sequence
    return placement


def broken(workload: Workload, placement: Placement, **rest: object) -> list[tuple[str, str, str]]:
    found = verify(workload, placement, **rest)  # type: ignore[arg-type]
    return [(v.pod, v.node, v.constraint) for v in found]


def only(constraint: str, pod: int, node: str = "n0") -> list[tuple[str, str, str]]:
    return [(f"default/p{pod}", node, constraint)]


# -- capacity --------------------------------------------------------------------


def test_exactly_full_is_legal_and_one_unit_more_is_not() -> None:
    full = scene([node("n0")], [ask(400), ask(600)])
    over = scene([node("n0")], [ask(400), ask(601)])
    assert broken(full, put(0, 0)) == []
    assert broken(over, put(0, 0)) == only("capacity", 1)
    assert "cpu: asks for 601, free are 600" in verify(over, put(0, 0))[0].detail


def test_bound_pods_take_room() -> None:
    workload = scene([node("n0")], [ask(400)], bound=[(ask(601), 0)])
    assert broken(workload, put(0)) == only("capacity", 0)


def test_the_order_of_decisions_decides_whose_turn_is_illegal() -> None:
    workload = scene([node("n0")], [ask(400), ask(700)])
    assert broken(workload, put(0, 0)) == only("capacity", 1)
    assert broken(workload, put(0, 0, sequence=[1, 0])) == only("capacity", 0)


def test_pod_count() -> None:
    small = node("n0", allocatable={"cpu": 1000, "pods": 2})
    assert broken(scene([small], [ask()] * 2), put(0, 0)) == []
    assert broken(scene([small], [ask()] * 3), put(0, 0, 0)) == only("capacity", 2)


def test_nodes_that_state_no_pod_count_take_110() -> None:
    workload = scene([node("n0", allocatable={"cpu": 1})], [ask()] * 111)
    assert broken(workload, put(*[0] * 111)) == only("capacity", 110)


def test_resources_the_node_does_not_have() -> None:
    licence = PodSpec(requests=(("example.com/licence", 1),))
    assert broken(scene([node("n0")], [licence]), put(0)) == only("capacity", 0)


def test_an_overcommitted_resource_is_checked_only_if_asked_for() -> None:
    workload = scene([node("n0")], [PodSpec(requests=(("memory", 1), ("cpu", 0)))])
    full = replace(workload, bound=PodBatch.of([("default/b", ask(2000))]))
    assert broken(replace(full, bound_node=np.zeros(1, np.int32)), put(0)) == []


# -- devices ----------------------------------------------------------------------


def gpu_node(count: int = 2, model: str = "T4") -> Node:
    return node("n0", gpus=GpuDevices(count, model))


def share(milli: int, count: int = 1, models: tuple[str, ...] = ()) -> PodSpec:
    return PodSpec(gpu=GpuRequest(count, milli, models))


def test_shares_must_fit_on_one_device() -> None:
    workload = scene([gpu_node()], [share(600), share(401)])
    assert broken(workload, put(0, 0, devices=[0b01, 0b10])) == []
    assert broken(workload, put(0, 0, devices=[0b01, 0b01])) == only("devices", 1)
    fits = scene([gpu_node()], [share(600), share(400)])
    assert broken(fits, put(0, 0, devices=[0b01, 0b01])) == []


@pytest.mark.parametrize(
    ("mask", "says"),
    [(0b01, "takes 1"), (0b111, "takes 3"), (0b00, "takes 0"), (0b101, "takes device 2")],
)
def test_as_many_devices_as_asked_for_that_exist(mask: int, says: str) -> None:
    workload = scene([gpu_node()], [share(1000, count=2)])
    assert broken(workload, put(0, devices=[0b11])) == []
    found = verify(workload, put(0, devices=[mask]))
    assert {v.constraint for v in found} == {"devices"}
    assert any(says in v.detail for v in found)


def test_device_models() -> None:
    workload = scene([gpu_node(model="T4")], [share(10, models=("A10", "T4"))])
    assert broken(workload, put(0, devices=[1])) == []
    other = scene([gpu_node(model="P100")], [share(10, models=("A10", "T4"))])
    assert broken(other, put(0, devices=[1])) == only("devices", 0)


def test_devices_taken_for_nothing() -> None:
    assert broken(scene([gpu_node()], [ask(1)]), put(0, devices=[1])) == only("devices", 0)


def test_a_node_without_devices() -> None:
    found = broken(scene([node("n0")], [share(10)]), put(0, devices=[1]))
    assert {c for _, _, c in found} == {"devices", "capacity"}


def test_bound_pods_hold_the_lowest_devices_with_room() -> None:
    bound = [(share(700), 0), (share(400), 0)]
    workload = scene([gpu_node()], [share(600)], bound=bound)
    assert broken(workload, put(0, devices=[0b10])) == []
    assert broken(workload, put(0, devices=[0b01])) == only("devices", 0)


# -- the specs of pod and node ------------------------------------------------------


def test_node_selector() -> None:
    nodes = [node("n0"), node("n1", labels={"disk": "ssd"}), node("n2", labels={"disk": "hdd"})]
    workload = scene(nodes, [PodSpec(node_selector=(("disk", "ssd"),))])
    assert broken(workload, put(1)) == []
    assert broken(workload, put(0)) == only("node-affinity", 0)
    assert broken(workload, put(2)) == only("node-affinity", 0, "n2")


def term(*expressions: Requirement, fields: tuple[Requirement, ...] = ()) -> NodeSelectorTerm:
    return NodeSelectorTerm(expressions, fields)


CORES = node("n0", labels={"cores": "8", "arch": "arm64"})


@pytest.mark.parametrize(
    ("terms", "legal"),
    [
        (None, True),
        ((), False),
        ((term(),), False),
        ((term(Requirement("cores", "Gt", ("7",))),), True),
        ((term(Requirement("cores", "Gt", ("8",))),), False),
        ((term(Requirement("cores", "Lt", ("9",))),), True),
        ((term(Requirement("arch", "Gt", ("1",))),), False),
        ((term(Requirement("arch", "In", ("amd64", "arm64"))),), True),
        ((term(Requirement("gpu", "NotIn", ("yes",))),), True),
        ((term(Requirement("gpu", "Exists")),), False),
        ((term(Requirement("gpu", "DoesNotExist")),), True),
        ((term(Requirement("cores", "Exists"), Requirement("gpu", "Exists")),), False),
        ((term(Requirement("gpu", "Exists")), term(Requirement("cores", "Exists"))), True),
        ((term(fields=(Requirement(NAME_FIELD, "In", ("n0",)),)),), True),
        ((term(fields=(Requirement(NAME_FIELD, "NotIn", ("n0",)),)),), False),
        (
            (term(Requirement("gpu", "Exists"), fields=(Requirement(NAME_FIELD, "In", ("n0",)),)),),
            False,
        ),
    ],
)
def test_required_node_affinity(terms: tuple[NodeSelectorTerm, ...] | None, legal: bool) -> None:
    workload = scene([CORES], [PodSpec(required_node_terms=terms)])
    assert broken(workload, put(0)) == ([] if legal else only("node-affinity", 0))


@pytest.mark.parametrize("effect", ["NoSchedule", "NoExecute"])
@pytest.mark.parametrize(
    ("tolerations", "legal"),
    [
        ((), False),
        ((Toleration("team", "Equal", "a"),), True),
        ((Toleration("team", "Equal", "b"),), False),
        ((Toleration("team", "Exists"),), True),
        ((Toleration("", "Exists"),), True),
        ((Toleration("other", "Exists"),), False),
        ((Toleration("team", "Exists", effect="PreferNoSchedule"),), False),
    ],
)
def test_taints(effect: str, tolerations: tuple[Toleration, ...], legal: bool) -> None:
    tainted = node("n0", taints=(Taint("team", "a", effect),))
    workload = scene([tainted], [PodSpec(tolerations=tolerations)])
    assert broken(workload, put(0)) == ([] if legal else only("taints", 0))


def test_a_soft_taint_is_no_fault() -> None:
    workload = scene([node("n0", taints=(Taint("team", "a", "PreferNoSchedule"),))], [ask()])
    assert broken(workload, put(0)) == []


def test_cordoned_nodes() -> None:
    cordoned = [node("n0", unschedulable=True)]
    allowed = PodSpec(tolerations=(Toleration("node.kubernetes.io/unschedulable", "Exists"),))
    assert broken(scene(cordoned, [allowed]), put(0)) == []
    assert broken(scene(cordoned, [ask()]), put(0)) == only("unschedulable", 0)


def test_node_name() -> None:
    workload = scene([node("n0"), node("n1")], [PodSpec(node_name="n1")])
    assert broken(workload, put(1)) == []
    assert broken(workload, put(0)) == only("node-name", 0)


def test_scheduling_gates() -> None:
    workload = scene([node("n0")], [PodSpec(scheduling_gates=("example.com/quota",))])
    assert broken(workload, put(-1)) == []
    assert broken(workload, put(0)) == only("scheduling-gates", 0)


@pytest.mark.parametrize(
    ("one", "other", "legal"),
    [
        (HostPort(80), HostPort(80), False),
        (HostPort(80), HostPort(81), True),
        (HostPort(80), HostPort(80, "UDP"), True),
        (HostPort(80, host_ip="10.0.0.1"), HostPort(80, host_ip="10.0.0.2"), True),
        (HostPort(80, host_ip="10.0.0.1"), HostPort(80, host_ip="10.0.0.1"), False),
        (HostPort(80, host_ip="10.0.0.1"), HostPort(80), False),
        (HostPort(80), HostPort(80, host_ip="10.0.0.1"), False),
        (HostPort(80, host_ip=""), HostPort(80, host_ip="10.0.0.1"), False),
    ],
)
def test_host_ports(one: HostPort, other: HostPort, legal: bool) -> None:
    pods = [PodSpec(host_ports=(p,)) for p in (one, other)]
    workload = scene([node("n0"), node("n1")], pods)
    assert broken(workload, put(0, 0)) == ([] if legal else only("host-ports", 1))
    assert broken(workload, put(0, 1)) == []


# -- topology spread ---------------------------------------------------------------


def zones(*names: str) -> list[Node]:
    return [node(f"n{i}", zone) for i, zone in enumerate(names)]


def spreading(**rest: object) -> PodSpec:
    given = {"max_skew": 1, "topology_key": ZONE, "selector": IS_WEB, **rest}
    return PodSpec(labels=WEB, spread=(TopologySpreadConstraint(**given),))  # type: ignore[arg-type]


def test_spread_is_held_at_its_turn_not_at_the_end() -> None:
    workload = scene(zones("a", "b"), [spreading()] * 4)
    assert broken(workload, put(0, 1, 0, 1)) == []
    assert broken(workload, put(0, 0, 1, 1)) == only("spread", 1)
    assert broken(workload, put(0, 0, 1, 1, sequence=[0, 2, 1, 3])) == []


def test_spread_counts_bound_pods_and_reports_the_sum() -> None:
    workload = scene(zones("a", "b"), [spreading()], bound=[(spreading(), 0)])
    [fault] = verify(workload, put(0))
    assert "1 matching pods + 1 (itself) - 0 (global minimum) = skew 2 > maxSkew 1" in fault.detail


def test_spread_of_a_pod_that_its_own_selector_does_not_match() -> None:
    stranger = replace(spreading(), labels=(("app", "db"),))
    one, two = [(spreading(), 0)], [(spreading(), 0)] * 2
    assert broken(scene(zones("a", "b"), [stranger], bound=one), put(0)) == []
    assert broken(scene(zones("a", "b"), [stranger], bound=two), put(0)) == only("spread", 0)


def test_spread_with_an_empty_selector_counts_only_the_pod_itself() -> None:
    everything = spreading(selector=LabelSelector())
    assert broken(scene(zones("a", "b"), [everything] * 3), put(0, 0, 0)) == []


def test_spread_without_a_selector_counts_nothing() -> None:
    nothing = spreading(selector=None)
    assert broken(scene(zones("a", "b"), [nothing] * 3), put(0, 0, 0)) == []


def test_spread_skips_terminating_pods_and_other_namespaces() -> None:
    leaving = replace(spreading(), terminating=True)
    elsewhere = replace(spreading(), namespace="other")
    workload = scene(zones("a", "b"), [spreading()], bound=[(leaving, 0), (elsewhere, 0)])
    assert broken(workload, put(0)) == []


def test_spread_needs_the_topology_key() -> None:
    nodes = [*zones("a"), node("n1", labels={})]
    assert broken(scene(nodes, [spreading()]), put(1)) == only("spread", 0, "n1")


def test_spread_soft_constraints_do_not_bind() -> None:
    soft = spreading(when_unsatisfiable="ScheduleAnyway")
    assert broken(scene(zones("a", "b"), [soft] * 3), put(0, 0, 0)) == []


def test_spread_min_domains() -> None:
    first = [(spreading(), 0), (spreading(), 1)]
    for min_domains, legal in ((1, True), (2, True), (3, False)):
        workload = scene(zones("a", "b"), [spreading(min_domains=min_domains)], bound=first)
        assert broken(workload, put(0)) == ([] if legal else only("spread", 0))


def test_spread_domains_outside_the_node_affinity_do_not_hold_the_minimum_down() -> None:
    nodes = [*zones("a", "b"), node("n2", "c", labels={ZONE: "c", "disk": "hdd"})]
    nodes[:2] = [replace(n, labels={**n.labels, "disk": "ssd"}) for n in nodes[:2]]
    chosen = replace(spreading(), node_selector=(("disk", "ssd"),))
    assert broken(scene(nodes, [chosen] * 3), put(0, 1, 0)) == []
    ignoring = replace(spreading(node_affinity_policy="Ignore"), node_selector=(("disk", "ssd"),))
    assert broken(scene(nodes, [ignoring] * 3), put(0, 1, 0)) == only("spread", 2)


def test_spread_node_taints_policy() -> None:
    nodes = [*zones("a", "b"), node("n2", "c", taints=(Taint("full"),))]
    ignored, honoured = spreading(), spreading(node_taints_policy="Honor")
    assert broken(scene(nodes, [ignored] * 3), put(0, 1, 0)) == only("spread", 2)
    assert broken(scene(nodes, [honoured] * 3), put(0, 1, 0)) == []


def test_spread_pods_on_nodes_that_are_not_eligible_do_not_count() -> None:
    nodes = [*zones("a", "b"), node("n2", "a", labels={ZONE: "a"})]
    both = (
        TopologySpreadConstraint(1, ZONE, selector=IS_WEB),
        TopologySpreadConstraint(5, HOSTNAME, selector=IS_WEB),
    )
    pod = PodSpec(labels=WEB, spread=both)
    plain = PodSpec(labels=WEB)
    assert broken(scene(nodes, [pod], bound=[(plain, 2)]), put(0)) == []
    assert broken(scene(nodes, [pod], bound=[(plain, 0)]), put(0)) == only("spread", 0)


def test_spread_match_label_keys() -> None:
    def version(v: str, keys: tuple[str, ...]) -> PodSpec:
        return replace(spreading(match_label_keys=keys), labels=(*WEB, ("version", v)))

    for keys, legal in (((), False), (("version",), True), (("absent",), False)):
        workload = scene(zones("a", "b"), [version("1", keys), version("2", keys)])
        assert broken(workload, put(0, 0)) == ([] if legal else only("spread", 1))


# -- pod affinity --------------------------------------------------------------------


def near(*keys: str, labels: tuple[tuple[str, str], ...] = (), **rest: object) -> PodSpec:
    terms = tuple(PodAffinityTerm(k, IS_WEB, **rest) for k in keys)  # type: ignore[arg-type]
    return PodSpec(labels=labels, required_affinity=terms)


def away(labels: tuple[tuple[str, str], ...] = (), **rest: object) -> PodSpec:
    given = {"topology_key": ZONE, "selector": IS_WEB, **rest}
    return PodSpec(labels=labels, required_anti_affinity=(PodAffinityTerm(**given),))  # type: ignore[arg-type]


WEB_POD = PodSpec(labels=WEB)


def test_affinity_wants_a_match_in_the_domain() -> None:
    workload = scene(zones("a", "a", "b"), [near(ZONE)], bound=[(WEB_POD, 0)])
    assert broken(workload, put(1)) == []
    assert broken(workload, put(2)) == only("pod-affinity", 0, "n2")


def test_affinity_needs_the_topology_key() -> None:
    nodes = [node("n0", labels={}), *zones("a")]
    workload = scene(nodes, [near(ZONE)], bound=[(WEB_POD, 1)])
    assert broken(workload, put(0)) == only("pod-affinity", 0)


def test_affinity_of_the_first_pod_of_its_group() -> None:
    grouped, lonely = near(ZONE, labels=WEB), near(ZONE)
    assert broken(scene(zones("a", "b"), [grouped]), put(1)) == []
    assert broken(scene(zones("a", "b"), [lonely]), put(1)) == only("pod-affinity", 0, "n1")
    assert broken(scene(zones("a", "b"), [grouped] * 2), put(1, 1)) == []
    assert broken(scene(zones("a", "b"), [grouped] * 2), put(1, 0)) == only("pod-affinity", 1)


def test_affinity_counts_only_pods_that_match_all_terms() -> None:
    db = LabelSelector.of({"tier": "db"})
    both = PodSpec(required_affinity=(PodAffinityTerm(ZONE, IS_WEB), PodAffinityTerm(ZONE, db)))
    web, dual = WEB_POD, PodSpec(labels=(*WEB, ("tier", "db")))
    other = PodSpec(labels=(("tier", "db"),))
    apart = scene(zones("a"), [both], bound=[(web, 0), (other, 0)])
    assert broken(apart, put(0)) == only("pod-affinity", 0)
    assert broken(scene(zones("a"), [both], bound=[(dual, 0)]), put(0)) == []


def test_affinity_namespaces() -> None:
    elsewhere = replace(WEB_POD, namespace="shop")
    labels = {"shop": {"team": "a"}}

    def legal(**rest: object) -> bool:
        bound = [(elsewhere, 0)]
        pods = [near(ZONE, **rest)]
        return not broken(scene(zones("a"), pods, bound=bound, namespaces=labels), put(0))

    assert not legal()
    assert legal(namespaces=("shop",))
    assert legal(namespace_selector=LabelSelector.of({"team": "a"}))
    assert not legal(namespace_selector=LabelSelector.of({"team": "b"}))
    assert legal(namespace_selector=LabelSelector())


def test_affinity_namespace_selectors_range_over_known_namespaces() -> None:
    unlabelled = LabelSelector((Requirement("team", "DoesNotExist"),))
    bound = [(replace(WEB_POD, namespace="shop"), 0)]
    workload = scene(zones("a"), [near(ZONE, namespace_selector=unlabelled)], bound=bound)
    assert broken(workload, put(0)) == only("pod-affinity", 0)
    assert broken(replace(workload, namespaces={"shop": {}}), put(0)) == []


def test_anti_affinity_of_the_pod_itself() -> None:
    workload = scene(zones("a", "a", "b"), [away()], bound=[(WEB_POD, 0)])
    assert broken(workload, put(2)) == []
    assert broken(workload, put(1)) == only("pod-anti-affinity", 0, "n1")


def test_anti_affinity_of_the_pods_that_are_there() -> None:
    workload = scene(zones("a", "a", "b"), [WEB_POD], bound=[(away(), 0)])
    assert broken(workload, put(2)) == []
    assert broken(workload, put(1)) == only("pod-anti-affinity", 0, "n1")


def test_anti_affinity_between_replicas_breaks_in_both_directions() -> None:
    found = broken(scene(zones("a", "a"), [away(labels=WEB)] * 2), put(0, 1))
    assert found == only("pod-anti-affinity", 1, "n1") * 2


def test_anti_affinity_is_free_where_the_node_lacks_the_key() -> None:
    nodes = [*zones("a"), node("n1", labels={})]
    assert broken(scene(nodes, [away()], bound=[(WEB_POD, 0)]), put(1)) == []
    assert broken(scene(nodes, [WEB_POD], bound=[(away(), 1)]), put(0)) == []


def test_anti_affinity_namespace_selector_of_placed_pods() -> None:
    there = away(namespace_selector=LabelSelector((Requirement("team", "DoesNotExist"),)))
    workload = scene(zones("a"), [WEB_POD], bound=[(there, 0)])
    assert broken(workload, put(0)) == only("pod-anti-affinity", 0)
    known = replace(workload, namespaces={"default": {"team": "a"}})
    assert broken(known, put(0)) == []


# -- the placement as data -----------------------------------------------------------

TWO = scene([node("n0")], [ask(1), ask(1)])


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("node", np.zeros(2, np.int64)),
        ("node", np.zeros(3, np.int32)),
        ("node", np.zeros((2, 1), np.int32)),
        ("node", [0, 0]),
        ("node", None),
        ("devices", np.zeros(2, np.float64)),
        ("sequence", np.zeros(1, np.int64)),
        ("failure", np.full(2, -1, np.int64)),
        ("latency_ns", np.zeros(1, np.int64)),
        ("failures", ()),
    ],
)
def test_wrong_columns_are_named(column: str, value: object) -> None:
    placement = put(0, 0)
    setattr(placement, column, value)
    [fault] = verify(TWO, placement)
    assert (fault.pod, fault.node, fault.constraint) == ("", "", "placement")
    assert fault.detail.startswith(f"{column} is a")
    assert "expected" in fault.detail


@pytest.mark.parametrize("row", [-2, 1, 99])
def test_rows_out_of_range(row: int) -> None:
    assert broken(TWO, put(0, row)) == [("default/p1", "", "placement")]


def test_a_pod_decided_twice_leaves_another_out() -> None:
    found = verify(TWO, put(0, 0, sequence=[1, 1]))
    assert [(v.pod, v.constraint) for v in found] == [
        ("default/p1", "placement"),
        ("default/p0", "placement"),
    ]
    assert "decided 2 times" in found[0].detail
    assert "missing" in found[1].detail


def test_a_sequence_that_names_no_pod() -> None:
    found = verify(TWO, put(0, 0, sequence=[0, 2]))
    assert [v.pod for v in found] == ["", "default/p1"]


def test_devices_of_pods_that_are_not_placed() -> None:
    assert broken(TWO, put(0, -1, devices=[0, 1])) == [("default/p1", "", "placement")]
    assert broken(TWO, put(0, -1, devices=[0, -1])) == [("default/p1", "", "placement")]


def test_failures_must_be_of_unplaced_pods_and_in_the_list() -> None:
    placement = put(0, -1)
    placement.failure[1] = 0
    assert broken(TWO, placement) == [("default/p1", "", "placement")]
    placement.failures.append((Failure("NodeResourcesFit", "Insufficient cpu", 1),))
    assert broken(TWO, placement) == []
    placement.failure[0] = 0
    assert broken(TWO, placement) == [("default/p0", "", "placement")]


def test_negative_latency() -> None:
    placement = put(0, 0)
    placement.latency_ns = np.array([5, -5], np.int64)
    assert broken(TWO, placement) == [("default/p1", "", "placement")]


def test_nothing_placed_and_nothing_asked_are_legal() -> None:
    assert broken(TWO, put(-1, -1)) == []
    assert broken(scene([], []), Placement.empty(0)) == []


# -- which constraints ----------------------------------------------------------------


def test_only_the_constraints_asked_for() -> None:
    tainted = node("n0", taints=(Taint("full"),), allocatable={"cpu": 0})
    workload = scene([tainted], [ask(1)])
    assert {c for _, _, c in broken(workload, put(0))} == {"taints", "capacity"}
    assert broken(workload, put(0), hard_constraints=["taints"]) == only("taints", 0)
    assert broken(workload, put(0), hard_constraints=()) == []


def test_unknown_constraints_are_refused() -> None:
    with pytest.raises(InputError, match=r"'taint'; did you mean 'taints'\?"):
        verify(TWO, put(0, 0), hard_constraints=["taint"])
    assert "spread" in HARD_CONSTRAINTS


def test_a_violation_reads_as_a_sentence() -> None:
    workload = scene([node("n0", unschedulable=True)], [ask()])
    [fault] = verify(workload, put(0))
    assert str(fault) == "unschedulable: default/p0 on n0: the node is unschedulable"


def test_it_shares_no_code_with_what_it_judges() -> None:
    folder = Path(replay.__file__).parent
    imported = {
        node.module
        for file in folder.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("schedlab")
    }
    judged = {m for m in imported if not m.startswith("schedlab.metrics.verify")}
    assert all(
        m in ("schedlab.api", "schedlab.errors") or m.startswith("schedlab.model.") for m in judged
    )
    assert replay.Placement.__module__ == "schedlab.api"
