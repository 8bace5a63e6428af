"""Gangs beside everything else: priorities, evictions, nominations, gates, namespaces, errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedlab import engine
from schedlab.api import (
    Budget,
    Cluster,
    Eviction,
    Placement,
    PodBatch,
    PodSpec,
    Scheduler,
    Workload,
)
from schedlab.engine import FilterScore
from schedlab.errors import InputError
from schedlab.metrics.verify import verify
from schedlab.model.objects import (
    HOSTNAME,
    ZONE,
    Gang,
    LabelSelector,
    Node,
    PodAffinityTerm,
    TopologySpreadConstraint,
)
from tests.unit.test_gangs import (
    SCHEDULERS,
    WORKLOAD,
    cpu,
    every,
    manifest_pod,
    place,
    placed,
    read,
    workload,
)

PROFILE = engine.profile("kubernetes")
KUBERNETES = FilterScore(profile=PROFILE)
PREEMPTING = [
    KUBERNETES,
    FilterScore(profile=PROFILE, path="run"),
    FilterScore(profile=PROFILE, path="reference"),
]
however = pytest.mark.parametrize("scheduler", PREEMPTING, ids=lambda s: s.path)


def holding(case: Workload, *pods: tuple[PodSpec, int]) -> Workload:
    """Return the workload with pods that run, on rows of nodes."""
    bound = PodBatch.of((f"default/b{i}", spec) for i, (spec, _) in enumerate(pods))
    return replace(case, bound=bound, bound_node=np.array([row for _, row in pods], np.int32))


def nominated(case: Workload, *pods: tuple[int, int]) -> Workload:
    """Return the workload with some of its pods nominated for rows of nodes."""
    named = list(case.pods)
    return replace(
        case,
        nominated=PodBatch.of(named[i] for i, _ in pods),
        nominated_node=np.array([row for _, row in pods], np.int32),
    )


# -- evictions -----------------------------------------------------------------------------


@however
def test_pods_outside_of_gangs_preempt_as_ever(scheduler: Scheduler) -> None:
    """The gang comes short on the way, and what was decided after it is decided again."""
    gang = Gang("g", 2)
    case = workload([4, 2], cpu(2, gang, priority=9), cpu(5, gang, priority=9), cpu(4, priority=7))
    case = holding(case, (cpu(1), 0), (cpu(2), 1))
    placement = evicting(case, scheduler)
    assert placement.node.tolist() == [-1, -1, 0]
    assert placement.evictions == [Eviction(by=2, row=0, bound=0)]


@however
def test_a_whole_gang_preempts(scheduler: Scheduler) -> None:
    """Who started last goes first."""
    gang = Gang("g", 2)
    case = workload([2, 2], cpu(2, gang, priority=9), cpu(2, gang, priority=9))
    placement = evicting(holding(case, (cpu(1), 0), (cpu(2), 1)), scheduler)
    assert placement.node.tolist() == [1, 0]
    assert [e.bound for e in placement.evictions] == [1, 0]


@however
def test_nobody_goes_for_a_gang_that_is_left(scheduler: Scheduler) -> None:
    """One of its pods could be let in on each node, and the third on none."""
    gang = Gang("g", 3)
    case = workload([2, 2], *[cpu(2, gang, priority=9)] * 3)
    cluster = Cluster.of(case := holding(case, (cpu(1), 0), (cpu(2), 1)))
    placement = scheduler.schedule(cluster, case.pods, Budget())
    assert placement.node.tolist() == [-1, -1, -1]
    assert placement.evictions == []
    assert [cluster.running.on(row).tolist() for row in (0, 1)] == [[0], [1]]
    assert verify(case, placement) == []


@however
def test_who_joined_a_gang_that_runs_keeps_its_pods_there(scheduler: Scheduler) -> None:
    """A pod joins two that run; the next one would need the place of both."""
    runs = cpu(1, Gang("g", 3))
    case = workload([2, 1], replace(runs, priority=5), cpu(2, priority=4))
    placement = evicting(holding(case, (runs, 0), (runs, 0)), scheduler)
    assert placement.node.tolist() == [1, -1]
    assert placement.evictions == []


@however
def test_a_gang_that_nobody_joined_is_preempted_as_ever(scheduler: Scheduler) -> None:
    """The pod comes first, and then two of the gang are not enough any more."""
    runs = cpu(1, Gang("g", 3))
    case = workload([2, 1], cpu(2, priority=4), runs)
    placement = evicting(holding(case, (runs, 0), (runs, 0)), scheduler)
    assert placement.node.tolist() == [0, -1]
    assert [e.bound for e in placement.evictions] == [0, 1]


@however
def test_a_pod_of_the_batch_that_was_evicted_in_vain_is_where_it_was(
    scheduler: FilterScore,
) -> None:
    """By arrival the low pod comes first; the gang would evict it, and comes short."""
    scheduler = replace(scheduler, profile=replace(PROFILE, queue_sort="Arrival"))
    gang = Gang("g", 2)
    case = workload([2], cpu(1), *[cpu(2, gang, priority=9)] * 2)
    placement = evicting(case, scheduler)
    assert placement.node.tolist() == [0, -1, -1]
    assert placement.evictions == []


@however
def test_a_pod_does_not_break_its_own_gang(scheduler: Scheduler) -> None:
    """A large pod of high priority would need the place of both that run."""
    runs = cpu(1, Gang("g", 2))
    case = workload([2], replace(cpu(2, Gang("g", 2)), priority=9), cpu(2, priority=5))
    placement = evicting(holding(case, (runs, 0), (runs, 0)), scheduler)
    assert placement.node.tolist() == [-1, 0]
    assert [e.by for e in placement.evictions] == [1, 1]


def evicting(case: Workload, scheduler: Scheduler) -> Placement:
    placement = scheduler.schedule(Cluster.of(case), case.pods, Budget())
    assert verify(case, placement) == []
    return placement


def test_a_function_that_evicts_is_refused() -> None:
    def schedule(cluster: Cluster, pods: PodBatch, budget: Budget) -> Placement:
        placement = Placement.empty(len(pods))
        placement.evictions = [Eviction(by=0, row=0, bound=0)]
        return placement

    case = workload([1], cpu(1, Gang("g", 1)))
    with pytest.raises(InputError, match="without post_filter"):
        engine.in_whole_gangs(schedule, Cluster.of(case), case.pods, Budget())


# -- nominations ---------------------------------------------------------------------------


@however
@pytest.mark.parametrize("priority", [0, 9])
def test_a_pod_taken_back_stays_nominated(scheduler: Scheduler, priority: int) -> None:
    gang = Gang("g", 2)
    pods = [cpu(1, gang, priority=priority), cpu(9, gang, priority=priority)]
    case = nominated(workload([3, 3], *pods, cpu(1)), (0, 1), (2, 0))
    cluster = Cluster.of(case)
    assert scheduler.schedule(cluster, case.pods, Budget()).node.tolist()[:2] == [-1, -1]
    assert [(n.name, n.row) for n in cluster.nominated.all()] == [("default/p0", 1)]


@however
def test_who_was_pushed_off_a_node_in_vain_stays_nominated_for_it(scheduler: Scheduler) -> None:
    """A gang that evicts goes before a nominated pod of lower priority, but it comes short."""
    gang = Gang("g", 2)
    pods = [cpu(2, gang, priority=9), cpu(9, gang, priority=9), cpu(1, priority=5)]
    case = holding(nominated(workload([2], *pods), (2, 0)), (cpu(2), 0))
    cluster = Cluster.of(case)
    cancelled = iter([False, False])
    budget = Budget(cancelled=lambda: next(cancelled, True))
    placement = scheduler.schedule(cluster, case.pods, budget)
    assert placement.evictions == []
    assert [(n.name, n.row) for n in cluster.nominated.all()] == [("default/p2", 0)]


# -- who counts ----------------------------------------------------------------------------


@every
def test_gates_keep_a_pod_from_its_gang(scheduler: Scheduler) -> None:
    member = cpu(1, Gang("g", 2))
    gated = replace(member, scheduling_gates=("wait",))
    assert placed(workload([2], member, gated, cpu(2)), scheduler) == [False, False, True]
    assert placed(workload([3], member, gated, member), scheduler) == [True, False, True]


@every
def test_gangs_of_one_name_in_two_namespaces_are_two(scheduler: Scheduler) -> None:
    one, other = cpu(1, Gang("g", 2)), cpu(1, Gang("g", 3), namespace="other")
    assert placed(workload([9], one, other, one, other), scheduler) == [True, False, True, False]


@every
def test_pods_of_a_gang_may_differ_in_size_and_priority(scheduler: Scheduler) -> None:
    large, small = cpu(3, Gang("g", 2), priority=9), cpu(1, Gang("g", 2))
    assert placed(workload([4], large, small), scheduler) == [True, True]
    assert placed(workload([3], large, small, cpu(3)), scheduler) == [False, False, True]


@every
def test_those_who_wait_come_in_with_the_rest(scheduler: Scheduler) -> None:
    """Two pods of three arrive; a batch later the third does, and all are asked about again."""
    member = cpu(1, Gang("g", 3))
    case, cluster = workload([3], member, member), Cluster.of(workload([3]))
    first = scheduler.schedule(cluster, case.pods, Budget(effort=0.5))
    assert first.node.tolist() == [-1, -1]
    whole = workload([3], member, member, member)
    second = scheduler.schedule(cluster, whole.pods, Budget(effort=0.5))
    assert second.node.tolist() == [0, 0, 0]
    last = scheduler.schedule(cluster, PodBatch.of([("default/late", member)]), Budget(effort=0.5))
    assert last.node.tolist() == [-1]
    assert cluster.pod_count.tolist() == [3]


def test_the_reason_of_a_pod_that_fits_nowhere_is_its_own() -> None:
    gang = Gang("g", 2)
    placement = place(workload([1], cpu(1, gang), cpu(1, gang)), KUBERNETES)
    told = [[f.plugin for f in placement.failures[i]] for i in placement.failure.tolist()]
    assert told == [["GangScheduling"], ["NodeResourcesFit"]]


# -- cancelled -----------------------------------------------------------------------------

singly = pytest.mark.parametrize("path", ["incremental", "reference"])


def cancelled_after(case: Workload, turns: int, path: Literal["incremental", "reference"]) -> Told:
    """Return where pods are, and the reason of each that is left, of a batch that is cut."""
    left = iter([False] * turns)
    budget = Budget(cancelled=lambda: next(left, True))
    scheduler = FilterScore(profile=PROFILE, path=path)
    placement = scheduler.schedule(Cluster.of(case), case.pods, budget)
    assert verify(case, placement) == []
    reasons = [placement.failures[i][0].reason if i >= 0 else "" for i in placement.failure]
    return placement.node.tolist(), reasons, [e.bound for e in placement.evictions]


Told = tuple[list[int], list[str], list[int]]
NOT_YET = "scheduling was cancelled before the pod's turn"
TOO_FEW = "not enough pods of its gang could be placed together"
RELIED = "scheduling was cancelled, and pods that it may have relied on were left"


@singly
def test_others_keep_their_places(path: Literal["incremental", "reference"]) -> None:
    gang = Gang("g", 2)
    case = workload([9], cpu(1), cpu(1, gang), cpu(1), cpu(1, gang), cpu(1))
    nodes, reasons, _ = cancelled_after(case, 3, path)
    assert nodes == [0, -1, 0, -1, -1]
    assert reasons == ["", TOO_FEW, "", NOT_YET, NOT_YET]


@singly
def test_a_gang_that_was_whole_by_then_stays(path: Literal["incremental", "reference"]) -> None:
    one, other = cpu(1, Gang("g", 2)), cpu(1, Gang("h", 2))
    nodes, _, _ = cancelled_after(workload([9], one, other, one, other), 3, path)
    assert nodes == [0, -1, 0, -1]


@singly
def test_who_relied_on_what_is_undone_is_left(path: Literal["incremental", "reference"]) -> None:
    """The second pod goes where the first one of the gang evicted somebody, who is back."""
    gang = Gang("g", 2)
    pods = [cpu(1, gang, priority=9), cpu(2, priority=9), cpu(1, gang, priority=9)]
    case = holding(workload([3], *pods), (cpu(3), 0))
    assert cancelled_after(case, 2, path) == ([-1, -1, -1], [TOO_FEW, RELIED, NOT_YET], [])


@singly
def test_who_must_be_near_a_gang_is_left_with_it(path: Literal["incremental", "reference"]) -> None:
    gang = Gang("g", 2)
    near = (PodAffinityTerm(HOSTNAME, LabelSelector.of({"app": "a"})),)
    member = cpu(1, gang, labels=(("app", "a"),))
    case = workload([9], member, cpu(1, required_affinity=near), cpu(1), member)
    labelled = (replace(case.nodes[0], labels={HOSTNAME: "n0"}),)
    nodes, reasons, _ = cancelled_after(replace(case, nodes=labelled), 3, path)
    assert nodes == [-1, -1, 0, -1]
    assert reasons == [TOO_FEW, RELIED, "", NOT_YET]


# -- rules between pods --------------------------------------------------------------------

APP = LabelSelector.of({"app": "a"})
RULES: dict[str, object] = {
    "spread": (TopologySpreadConstraint(1, ZONE, selector=APP),),
    "required_affinity": (PodAffinityTerm(ZONE, APP),),
    "required_anti_affinity": (PodAffinityTerm(HOSTNAME, APP),),
    "scheduling_gates": ("wait",),
}


@st.composite
def ruled(draw: st.DrawFn) -> Workload:
    """Draw gangs of several namespaces, with rules, gates and priorities, some of which run."""
    gangs = [None, None, *(Gang(n, draw(st.integers(1, 4))) for n in "ab")]

    def kind() -> PodSpec:
        rule = draw(st.sampled_from([None, None, *RULES]))
        return PodSpec(
            namespace=draw(st.sampled_from(["default", "default", "other"])),
            labels=(("app", draw(st.sampled_from("ab"))),),
            requests=(("cpu", draw(st.integers(1, 3))),),
            priority=draw(st.sampled_from([0, 0, 5])),
            gang=draw(st.sampled_from(gangs)),
            **({rule: RULES[rule]} if rule else {}),  # type: ignore[arg-type]
        )

    kinds = [kind() for _ in range(4)]
    nodes = tuple(
        Node(f"n{i}", {"cpu": c, "pods": 9}, {HOSTNAME: f"n{i}", ZONE: f"z{i % 2}"})
        for i, c in enumerate(draw(st.lists(st.integers(1, 6), min_size=1, max_size=4)))
    )
    pods = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=9))
    runs = draw(st.lists(st.integers(0, len(nodes) - 1), max_size=2))
    small = replace(draw(st.sampled_from(kinds)), requests=(), scheduling_gates=())
    case = Workload(
        "ruled", nodes, PodBatch.of((f"{s.namespace}/p{i}", s) for i, s in enumerate(pods))
    )
    case = replace(case, namespaces={"default": {}, "other": {}})
    return holding(case, *((small, row) for row in runs))


@settings(max_examples=60, deadline=None)
@given(ruled(), st.sampled_from([*SCHEDULERS, *PREEMPTING]))
def test_every_scheduler_keeps_gangs_and_rules(case: Workload, scheduler: Scheduler) -> None:
    placement = scheduler.schedule(Cluster.of(case), case.pods, Budget(effort=0.3))
    assert verify(case, placement) == []
    assert ((placement.node >= 0) == (placement.failure < 0)).all()


# -- errors --------------------------------------------------------------------------------


@pytest.mark.parametrize("least", [0, -3])
def test_a_gang_takes_at_least_one_pod(least: int) -> None:
    with pytest.raises(InputError, match=rf"Gang\('g'\): least: expected at least 1, got {least};"):
        Gang("g", least)


AGREE = r"gang default/g: some of its pods state least=2, others {}; give all pods"


def batch(*specs: PodSpec) -> PodBatch:
    return PodBatch.of((f"default/p{i}", s) for i, s in enumerate(specs))


@pytest.mark.parametrize(("other", "told"), [(Gang("g", 3), "least=3"), (Gang("g"), "no number")])
def test_pods_of_a_gang_agree_on_its_size(other: Gang, told: str) -> None:
    one, another = cpu(1, Gang("g", 2)), cpu(1, other)
    with pytest.raises(InputError, match=AGREE.format(told)):
        workload([9], one, another)
    with pytest.raises(InputError, match=AGREE.format(told)):
        holding(workload([9], one), (another, 0))
    workload([9], one, replace(another, namespace="other"))


@every
def test_schedulers_say_so_too(scheduler: Scheduler) -> None:
    case = workload([9], cpu(1))
    pods = batch(cpu(1, Gang("g", 2)), cpu(1, Gang("g", 3)))
    with pytest.raises(InputError, match=AGREE.format("least=3")):
        scheduler.schedule(Cluster.of(case), pods, Budget(effort=0.3))


TWICE: Sequence[tuple[str, ...]] = [
    (WORKLOAD, WORKLOAD),
    (WORKLOAD.replace("viewers", "workers"),),
]


@pytest.mark.parametrize("documents", TWICE, ids=["a Workload", "a group"])
def test_a_group_is_there_once(tmp_path: Path, documents: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match=r"group 'train/workers'.*is already at .*podGroups\[0\]"):
        read(tmp_path, *documents, manifest_pod("a", "{name: train, podGroup: workers}"))


def test_a_minimum_is_at_least_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"podGroups\[0\]\.policy\.gang\.minCount: expected"):
        read(tmp_path, WORKLOAD.replace("minCount: 4", "minCount: 0"))
