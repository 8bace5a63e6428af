"""Metrics on cases small enough to work out by hand, and what must hold of them always."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedlab.api import Failure, Placement
from schedlab.metrics import METRICS, Outcome, mean_interval, measure
from schedlab.metrics.fragmentation import typical_pods
from schedlab.model.objects import (
    HOSTNAME,
    ZONE,
    GpuDevices,
    GpuRequest,
    LabelSelector,
    Node,
    NodeSelectorTerm,
    PodBatch,
    PodSpec,
    PreferredSchedulingTerm,
    Requirement,
    Taint,
    TopologySpreadConstraint,
    Workload,
)

WEB = (("app", "web"),)
IS_WEB = LabelSelector.of({"app": "web"})


def node(cpu: int = 10, memory: int = 10, zone: str = "a", **rest: object) -> Node:
    given = {"name": "n", "allocatable": {"cpu": cpu, "memory": memory}, "labels": {ZONE: zone}}
    return Node(**{**given, **rest})  # type: ignore[arg-type]


def pod(cpu: int = 0, memory: int = 0, **rest: object) -> PodSpec:
    asked = (("cpu", cpu), ("memory", memory))
    return PodSpec(requests=tuple((r, a) for r, a in asked if a), **rest)  # type: ignore[arg-type]


def outcome(
    nodes: Sequence[Node],
    pods: Sequence[PodSpec],
    rows: Sequence[int] | None = None,
    devices: Sequence[int] | None = None,
    bound: Sequence[tuple[PodSpec, int]] = (),
) -> Outcome:
    placement = Placement.empty(len(pods))
    placement.node[:] = -1 if rows is None else rows
    placement.devices[:] = 0 if devices is None else devices
    workload = Workload(
        name="case",
        nodes=tuple(replace(n, name=f"n{i}") for i, n in enumerate(nodes)),
        pods=PodBatch.of((f"default/p{i}", s) for i, s in enumerate(pods)),
        bound=PodBatch.of((f"default/b{i}", s) for i, (s, _) in enumerate(bound)),
        bound_node=np.array([row for _, row in bound], np.int32),
    )
    return Outcome(workload, placement)


def value(name: str, given: Outcome) -> float:
    return METRICS[name].of(given)


# -- placed ------------------------------------------------------------------------


def test_pods_placed_and_by_priority() -> None:
    pods = [pod(1, priority=-5), pod(1, priority=-5), pod(1, priority=2_000_000_000)]
    case = outcome([node()], pods, [0, 0, -1])
    assert value("pods_placed", case) == 2
    assert value("placed_share", case) == pytest.approx(2 / 3)
    assert value("placed_priority_weighted", case) == pytest.approx((1 + 1) / (1 + 1 + 2))
    shares = METRICS.families["placed_share_by_priority"].of(case)
    assert shares == {"-5": 1.0, "2000000000": 0.0}


def test_the_main_reason_is_the_most_frequent_of_the_furthest_filter() -> None:
    case = outcome([node()], [pod(1)] * 5, [0, -1, -1, -1, -1])
    taint, cpu, memory = (
        Failure("TaintToleration", "taint", 900),
        Failure("NodeResourcesFit", "cpu", 5),
        Failure("NodeResourcesFit", "memory", 1),
    )
    case.placement.failures = [(taint,), (taint, cpu, memory), ()]
    case.placement.failure[:] = [-1, 0, 1, 2, -1]
    assert METRICS.families["unplaced_by_reason"].of(case) == {
        "TaintToleration: taint": 1,
        "NodeResourcesFit: cpu": 1,
        "unstated": 2,
    }


# -- usage ---------------------------------------------------------------------------


def test_utilisation_counts_bound_pods_and_idle_nodes() -> None:
    nodes = [node(10, 10), node(30, 10)]
    case = outcome(nodes, [pod(5, 5), pod(5, 1)], [0, -1], bound=[(pod(7, 1), 1)])
    assert value("nodes_used", case) == 2
    assert value("utilisation_cpu", case) == pytest.approx(12 / 40)
    assert value("utilisation_memory", case) == pytest.approx(6 / 20)
    assert math.isnan(value("utilisation_gpu", case))


def test_utilisation_of_gpus_by_device_or_by_count() -> None:
    shared = outcome([node(gpus=GpuDevices(4))], [pod(gpu=GpuRequest(2, 500))], [0], [0b11])
    assert value("utilisation_gpu", shared) == pytest.approx(1000 / 4000)
    whole = node(allocatable={"cpu": 1, "nvidia.com/gpu": 4})
    counted = outcome([whole], [PodSpec(requests=(("nvidia.com/gpu", 3),))], [0])
    assert value("utilisation_gpu", counted) == pytest.approx(3 / 4)


def test_utilisation_of_other_resources() -> None:
    rich = node(allocatable={"cpu": 1, "memory": 1, "example.com/licence": 4})
    case = outcome([rich], [PodSpec(requests=(("example.com/licence", 3),))], [0])
    family = METRICS.families["utilisation_by_resource"]
    assert family.of(case) == {"example.com/licence": pytest.approx(3 / 4)}
    assert value("utilisation_by_resource:example.com/licence", case) == pytest.approx(3 / 4)


def test_balance_by_dominant_utilisation() -> None:
    case = outcome([node(10, 10), node(10, 10)], [pod(5, 2), pod(3, 10)], [0, 1])
    assert value("balance_cv", case) == pytest.approx(0.25 / 0.75)
    assert value("imbalance_cpu_memory", case) == pytest.approx((0.3 + 0.7) / 2)
    even = outcome([node(10, 10), node(20, 20)], [pod(5, 2), pod(4, 10)], [0, 1])
    assert value("balance_cv", even) == 0
    assert math.isnan(value("balance_cv", outcome([node()], [pod(1)])))


# -- fragmentation -------------------------------------------------------------------


def test_fragmentation_of_two_kinds_on_two_nodes() -> None:
    tall, flat = pod(3, 1), pod(1, 4)
    case = outcome([node(4, 1), node(2, 8)], [tall, tall, tall, flat])
    assert value("fragmentation_cpu", case) == pytest.approx(0.75 * 2 / 6 + 0.25 * 4 / 6)
    assert value("fragmentation_memory", case) == pytest.approx(0.75 * 8 / 9 + 0.25 * 1 / 9)


def test_fragmentation_asks_only_the_pods_that_want_the_resource() -> None:
    case = outcome([node(4, 4), node(1, 4)], [pod(2), pod(0, 3), pod(0, 3)])
    assert value("fragmentation_cpu", case) == pytest.approx(1 / 5)
    assert value("fragmentation_memory", case) == 0


def test_fragmentation_ends() -> None:
    assert value("fragmentation_cpu", outcome([node(4), node(9)], [pod(4), pod(1)])) == 0
    assert value("fragmentation_cpu", outcome([node(4), node(9)], [pod(10), pod(11)])) == 1
    assert math.isnan(value("fragmentation_cpu", outcome([node(4)], [pod(4)], [0])))
    assert math.isnan(value("fragmentation_cpu", outcome([node(4)], [pod(0, 1)])))


def test_fragmentation_counts_nodes_without_room_for_another_pod() -> None:
    full = node(allocatable={"cpu": 10, "pods": 1})
    case = outcome([full, node(5)], [pod(1), pod(1)], [0, -1])
    assert value("fragmentation_cpu", case) == pytest.approx(9 / 14)


def gpu_case(asked: Sequence[GpuRequest], model: str = "T4") -> Outcome:
    """One node, two devices with 1000 and 300 thousandths free."""
    nodes = [node(10, gpus=GpuDevices(2, model))]
    pods = [pod(1, gpu=g) for g in asked]
    bound = [(pod(gpu=GpuRequest(1, 700)), 0)]
    return outcome(nodes, pods, bound=bound)


def test_fragmentation_of_devices() -> None:
    assert value("fragmentation_gpu", gpu_case([GpuRequest(1, 500)])) == pytest.approx(300 / 1300)
    assert value("fragmentation_gpu", gpu_case([GpuRequest(1, 300)])) == 0
    assert value("fragmentation_gpu", gpu_case([GpuRequest(2, 400)])) == 1
    both = gpu_case([GpuRequest(1, 500), GpuRequest(2, 400)])
    assert value("fragmentation_gpu", both) == pytest.approx((300 / 1300 + 1) / 2)
    assert value("fragmentation_gpu", gpu_case([GpuRequest(1, 1, ("A10",))])) == 1


def test_fragmentation_of_fgd_counts_pods_without_gpu_and_no_memory() -> None:
    asked = [GpuRequest(1, 500)]
    case = gpu_case(asked)
    plain = replace(case.workload, pods=PodBatch.of([("a", pod(1, 99, gpu=asked[0]))]))
    assert METRICS["fragmentation_fgd"].of(Outcome(plain, case.placement)) == pytest.approx(3 / 13)
    assert value("fragmentation_gpu", Outcome(plain, case.placement)) == 1
    mixed = replace(case.workload, pods=PodBatch.of([("a", pod(1, gpu=asked[0])), ("b", pod(1))]))
    placement = Placement.empty(2)
    assert value("fragmentation_fgd", Outcome(mixed, placement)) == pytest.approx((3 / 13 + 1) / 2)
    short = replace(case.workload, pods=PodBatch.of([("a", pod(11, gpu=asked[0]))]))
    assert value("fragmentation_fgd", Outcome(short, case.placement)) == 1
    assert math.isnan(value("fragmentation_fgd", outcome([node()], [pod(1)])))


def test_typical_pods_are_the_frequent_ones() -> None:
    def batch(*times: int) -> PodBatch:
        specs = [pod(i + 1) for i, n in enumerate(times) for _ in range(n)]
        return PodBatch.of((str(i), s) for i, s in enumerate(specs))

    def shares(*times: int) -> list[tuple[int, float]]:
        return [(kind.cpu, share) for kind, share in typical_pods(batch(*times))]

    assert shares(5, 95) == [(2, 1.0)]
    assert shares(6, 94) == [(2, 0.94), (1, 0.06)]
    assert shares(10, 10) == [(2, 0.5), (1, 0.5)]


# -- wishes ---------------------------------------------------------------------------


def spreading(**rest: object) -> PodSpec:
    given = {"max_skew": 1, "topology_key": ZONE, "selector": IS_WEB, **rest}
    return PodSpec(labels=WEB, spread=(TopologySpreadConstraint(**given),))  # type: ignore[arg-type]


ZONES = [node(zone="a"), node(zone="b"), node(zone="b"), node(zone="c")]


@pytest.mark.parametrize("when", ["DoNotSchedule", "ScheduleAnyway"])
def test_spread_skew_of_one_constraint(when: str) -> None:
    web = spreading(when_unsatisfiable=when)
    assert value("spread_skew_max", outcome(ZONES, [web] * 4, [0, 1, 2, 1])) == 3
    assert value("spread_skew_max", outcome(ZONES, [web] * 4, [0, 1, 2, 3])) == 1
    assert value("spread_skew_max", outcome(ZONES, [web] * 4, [0, 1, -1, 3])) == 0


def test_spread_skew_mean_and_max_over_distinct_constraints() -> None:
    web = spreading()
    other = replace(
        spreading(selector=LabelSelector.of({"app": "db"})), labels=(("app", "db"),), priority=1
    )
    same = replace(web, priority=2)
    case = outcome(ZONES, [web, same, same, other], [1, 2, 1, 0])
    assert value("spread_skew_mean", case) == pytest.approx((3 + 1) / 2)
    assert value("spread_skew_max", case) == 3


def test_spread_skew_over_eligible_domains_only() -> None:
    nodes = [*ZONES[:3], node(zone="c", taints=(Taint("full"),)), node(labels={})]
    counted = [spreading()] * 3
    honoured = [spreading(node_taints_policy="Honor")] * 3
    assert value("spread_skew_max", outcome(nodes, counted, [0, 1, 0])) == 2
    assert value("spread_skew_max", outcome(nodes, honoured, [0, 1, 0])) == 1
    chosen = replace(spreading(), node_selector=((ZONE, "b"),))
    assert value("spread_skew_max", outcome(nodes, [chosen] * 2, [1, 2])) == 0
    term = NodeSelectorTerm((Requirement(ZONE, "In", ("a", "b")),))
    required = replace(spreading(), required_node_terms=(term,))
    assert value("spread_skew_max", outcome(nodes, [required] * 2, [1, 2])) == 2


def test_spread_skew_asks_a_node_for_the_keys_of_one_kind_of_constraint() -> None:
    zone = TopologySpreadConstraint(1, ZONE, selector=IS_WEB)
    rack = TopologySpreadConstraint(1, "rack", selector=IS_WEB)
    nodes = [node(zone="a"), node(labels={ZONE: "b", "rack": "r"})]
    apart = PodSpec(labels=WEB, spread=(zone, replace(rack, when_unsatisfiable="ScheduleAnyway")))
    assert value("spread_skew_max", outcome(nodes, [apart] * 2, [1, 1])) == 2
    together = PodSpec(labels=WEB, spread=(zone, rack))
    assert value("spread_skew_max", outcome(nodes, [together] * 2, [1, 1])) == 0


def test_spread_skew_with_too_few_domains() -> None:
    wide = spreading(min_domains=4)
    assert value("spread_skew_max", outcome(ZONES, [wide] * 3, [0, 1, 3])) == 1


def test_spread_skew_counts_bound_pods_but_not_terminating_ones() -> None:
    bound = [(PodSpec(labels=WEB), 0), (PodSpec(labels=WEB, terminating=True), 0)]
    assert value("spread_skew_max", outcome(ZONES, [spreading()], [0], bound=bound)) == 2


def test_spread_skew_without_constraints() -> None:
    assert math.isnan(value("spread_skew_mean", outcome(ZONES, [pod(1)], [0])))
    assert math.isnan(value("spread_skew_max", outcome(ZONES, [pod(1)], [0])))


def test_preferences_by_weight_over_placed_pods() -> None:
    def prefers(weight: int, zone: str) -> PreferredSchedulingTerm:
        return PreferredSchedulingTerm(
            weight, NodeSelectorTerm((Requirement(ZONE, "In", (zone,)),))
        )

    empty = PreferredSchedulingTerm(50, NodeSelectorTerm())
    choosy = PodSpec(preferred_node_terms=(prefers(30, "a"), prefers(10, "b"), empty))
    case = outcome(ZONES, [choosy] * 3, [0, 1, -1])
    assert value("preferences_satisfied", case) == pytest.approx((30 + 10) / 80)
    assert math.isnan(value("preferences_satisfied", outcome(ZONES, [choosy], [-1])))


# -- latency ---------------------------------------------------------------------------


def test_latency_percentiles_and_throughput() -> None:
    case = outcome([node()], [pod(1)] * 4, [0, 0, 0, -1])
    case.placement.latency_ns = np.array([4000, 1000, 3000, 2000], np.int64)
    timed = replace(case, seconds=0.5, peak_memory_mb=120.0)
    assert value("latency_p50_us", timed) == pytest.approx(2.5)
    assert value("latency_max_us", timed) == 4
    assert value("throughput_pods_per_s", timed) == 8
    assert value("schedule_seconds", timed) == 0.5
    assert value("peak_memory_mb", timed) == 120


def test_latency_of_a_batch_solver_does_not_apply() -> None:
    case = outcome([node()], [pod(1)], [0])
    assert math.isnan(value("latency_p99_us", case))
    assert math.isnan(value("throughput_pods_per_s", case))


# -- all of them ------------------------------------------------------------------------


def test_measure_has_every_metric_and_the_members_of_every_family() -> None:
    found = measure(outcome([node()], [pod(1, priority=7)], [-1]))
    assert list(found)[: len(METRICS)] == list(METRICS)
    assert found["placed_share_by_priority:7"] == 0
    assert found["unplaced_by_reason:unstated"] == 1
    assert all(METRICS[name].better in ("higher", "lower") for name in found)


def test_measure_of_nothing() -> None:
    found = measure(outcome([], []))
    assert found["pods_placed"] == found["nodes_used"] == 0
    assert math.isnan(found["placed_share"])
    assert math.isnan(found["fragmentation_cpu"])


def test_unknown_metrics() -> None:
    for name in ("speed", "speed:fast"):
        with pytest.raises(KeyError):
            METRICS[name]


def test_every_metric_is_in_the_documentation() -> None:
    text = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text("utf-8")
    named = [*METRICS, *METRICS.families]
    assert [name for name in named if f"`{name}" not in text] == []


@st.composite
def cases(draw: st.DrawFn) -> Outcome:
    """Draw a small cluster with shared GPUs, spread and preferences, and a legal or full one."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    nodes = [
        node(*rng.integers(8, 20, 2), str(rng.choice(list("abc"))), gpus=GpuDevices(2, "T4"))
        for _ in range(draw(st.integers(1, 6)))
    ]
    term = PreferredSchedulingTerm(5, NodeSelectorTerm((Requirement(ZONE, "In", ("a",)),)))
    specs = [
        replace(spreading(), requests=(("cpu", 2), ("memory", 1)), preferred_node_terms=(term,)),
        pod(1, 3, gpu=GpuRequest(1, 400), priority=3),
        pod(7, 1, gpu=GpuRequest(2, 1000)),
    ]
    pods = [specs[i] for i in rng.integers(0, 3, draw(st.integers(1, 12)))]
    rows = rng.integers(-1, len(nodes), len(pods))
    devices = [0b11 if p.gpu and row >= 0 else 0 for p, row in zip(pods, rows, strict=True)]
    return outcome(nodes, pods, rows.tolist(), devices)


@given(case=cases(), seed=st.integers(0, 999))
@settings(max_examples=50, deadline=None)
def test_no_metric_depends_on_the_order_of_the_nodes(case: Outcome, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(case.workload.nodes))
    moved = replace(case.placement, node=case.placement.node.copy())
    placed = moved.node >= 0
    moved.node[placed] = np.argsort(order)[moved.node[placed]]
    shuffled = replace(case.workload, nodes=tuple(case.workload.nodes[i] for i in order))
    assert measure(Outcome(shuffled, moved)) == pytest.approx(measure(case), nan_ok=True)


@given(case=cases())
@settings(max_examples=50, deadline=None)
def test_shares_lie_between_0_and_1(case: Outcome) -> None:
    for name, number in measure(case).items():
        if name.startswith(("fragmentation", "placed_", "preferences")):
            assert math.isnan(number) or -1e-12 <= number <= 1 + 1e-12, name


# -- means over seeds ----------------------------------------------------------------------


def test_mean_interval_by_the_table_of_t() -> None:
    mean, half = mean_interval([1.0, 2.0, 3.0])
    assert mean == 2
    assert half == pytest.approx(4.302653 / math.sqrt(3), rel=1e-6)


def test_mean_interval_of_one_value_of_none_and_with_gaps() -> None:
    assert mean_interval([5.0])[0] == 5
    assert math.isnan(mean_interval([5.0])[1])
    assert all(math.isnan(x) for x in mean_interval([math.nan]))
    assert mean_interval([1.0, math.nan, 2.0, 3.0]) == mean_interval([1.0, 2.0, 3.0])
    assert mean_interval([4.0, 4.0]) == (4, 0)


def test_hostname_is_a_domain_like_any_other() -> None:
    nodes = [node(labels={HOSTNAME: f"h{i}"}) for i in range(3)]
    case = outcome(nodes, [spreading(topology_key=HOSTNAME)] * 2, [0, 0])
    assert value("spread_skew_max", case) == 2
