"""Gangs: placed whole by every scheduler, told by verify, read from Workloads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from schedlab import engine
from schedlab.api import Budget, Cluster, Placement, PodBatch, PodSpec, Scheduler, Workload
from schedlab.engine import FilterScore
from schedlab.errors import InputError
from schedlab.metrics.verify import verify
from schedlab.model.manifests import load_manifests
from schedlab.model.objects import NO_QUORUM, Gang, Node
from schedlab_algorithms.batched_cp_sat import BatchedCpSat
from schedlab_algorithms.column_generation import ColumnGeneration
from schedlab_algorithms.cp_sat_packing import CpSatPacking
from schedlab_algorithms.defragment import Defragment
from schedlab_algorithms.dual_price import DualPrice
from schedlab_algorithms.large_neighbourhood import LargeNeighbourhood
from schedlab_algorithms.large_neighbourhood.search import Search
from schedlab_algorithms.min_cost_flow import MinCostFlow
from schedlab_algorithms.minimum_nodes import MinimumNodes
from schedlab_algorithms.packing.certificate import certify
from schedlab_algorithms.packing.effort import Effort
from schedlab_algorithms.packing.incumbent import Incumbent
from schedlab_algorithms.packing.rules import rules_of
from schedlab_algorithms.packing.scope import Scope
from schedlab_algorithms.packing.starts import Start
from schedlab_algorithms.packing.work import work_on

SCHEDULERS = [
    engine.greedy("kubernetes"),
    replace(engine.greedy("best-fit"), path="run"),  # type: ignore[type-var]
    BatchedCpSat(batch=3),
    ColumnGeneration(),
    CpSatPacking(start=("best-fit", "first-fit")),
    CpSatPacking(start=("first-fit",), full_model=0, nodes=2, patience=5),
    Defragment(),
    DualPrice(),
    LargeNeighbourhood(start="worst-fit", patience=5),
    MinCostFlow(),
    MinimumNodes(),
]


def cpu(amount: int, gang: Gang | None = None, **more: object) -> PodSpec:
    return PodSpec(requests=(("cpu", amount),), gang=gang, **more)  # type: ignore[arg-type]


def workload(room: list[int], *pods: PodSpec) -> Workload:
    nodes = tuple(Node(f"n{i}", {"cpu": c, "pods": 20}) for i, c in enumerate(room))
    return Workload("gangs", nodes, PodBatch.of((f"default/p{i}", s) for i, s in enumerate(pods)))


def place(case: Workload, scheduler: Scheduler) -> Placement:
    cluster = Cluster.of(case)
    placement = scheduler.schedule(cluster, case.pods, Budget(effort=0.5))
    assert verify(case, placement) == []
    there = cluster.pod_count.sum() - len(case.bound)
    assert there == (placement.node >= 0).sum()
    assert ((placement.node >= 0) == (placement.failure < 0)).all()
    return placement


def placed(case: Workload, scheduler: Scheduler) -> list[bool]:
    return (place(case, scheduler).node >= 0).tolist()


every = pytest.mark.parametrize("scheduler", SCHEDULERS, ids=lambda s: s.name)


@every
def test_a_gang_that_does_not_fit_gives_its_room_to_others(scheduler: Scheduler) -> None:
    gang = Gang("g", 3)
    case = workload(
        [2, 2], cpu(2, gang, priority=5), cpu(2, gang, priority=5), cpu(2, gang), cpu(2)
    )
    assert placed(case, scheduler) == [False, False, False, True]


@every
def test_more_than_the_least_may_run(scheduler: Scheduler) -> None:
    gang = Gang("g", 2)
    assert sum(placed(workload([1, 1, 1], *[cpu(1, gang)] * 4), scheduler)) == 3
    assert sum(placed(workload([1], *[cpu(1, gang)] * 4), scheduler)) == 0


@every
def test_pods_that_run_count(scheduler: Scheduler) -> None:
    member = cpu(1, Gang("g", 3))
    case = workload([3, 1], member, member)
    bound = PodBatch.of([("default/b0", member), ("default/b1", member)])
    running = replace(case, bound=bound, bound_node=np.array([0, 0], np.int32))
    assert placed(running, scheduler) == [True, True]
    elsewhere = [("default/b0", member), ("other/b1", replace(member, namespace="other"))]
    running = replace(running, bound=PodBatch.of(elsewhere))
    assert placed(running, scheduler) == [True, True]
    running = replace(running, nodes=(replace(case.nodes[0], allocatable={"cpu": 2, "pods": 9}),))
    assert placed(running, scheduler) == [False, False]


@every
def test_nobody_is_placed_where_nobody_says_how_many_must_run(scheduler: Scheduler) -> None:
    assert placed(workload([9], cpu(1, Gang("g")), cpu(1)), scheduler) == [False, True]


def test_gangs_that_keep_each_other_from_room_get_it_one_after_the_other() -> None:
    one, other = cpu(1, Gang("a", 3)), cpu(1, Gang("b", 3))
    case = workload([4], one, other, one, other, one, other)
    placement = place(case, engine.greedy("kubernetes"))
    assert (placement.node >= 0).tolist() == [True, False] * 3
    why = placement.failures[placement.failure[1]]
    assert [f.plugin for f in why] == ["GangScheduling"]


def test_gangs_of_higher_priority_go_before_what_comes_after_them() -> None:
    """The two gangs of priority 5 block each other at first; the third would take their room."""
    low = cpu(1, Gang("a", 3))
    one, other = (cpu(1, Gang(name, 3), priority=5) for name in "bc")
    case = workload([4], low, low, low, one, other, one, other, one, other)
    placement = place(case, engine.greedy("kubernetes"))
    assert (placement.node >= 0).tolist() == [False] * 3 + [True, False] * 3


def test_a_gang_that_was_whole_does_not_lose_a_pod_when_another_is_left_out() -> None:
    """Without the gang g there is room for the large pod, which would take that of the last."""
    g, h = Gang("g", 2), Gang("h", 2)
    case = workload([1, 3], cpu(1, h), cpu(2, g), cpu(2, g), cpu(3), cpu(1, h))
    assert place(case, engine.greedy("first-fit")).node.tolist() == [0, -1, -1, -1, 1]


def test_what_was_decided_before_the_gang_stands() -> None:
    """The first two go where the profile wants them, and the last one where they leave room."""
    gang = Gang("g", 2)
    case = workload([3, 2], cpu(2), cpu(1), cpu(2, gang), cpu(2, gang), cpu(2))
    assert place(case, engine.greedy("best-fit")).node.tolist() == [1, 0, -1, -1, 0]


def test_the_model_weighs_a_gang_against_others() -> None:
    """Three of a gang or two others; and neighbourhoods keep what is whole."""
    gang = Gang("g", 3)
    case = workload([2, 1], *[cpu(1)] * 2, *[cpu(1, gang)] * 3)
    packed = place(case, CpSatPacking())
    assert packed.info["status"] == "optimal"
    assert packed.info["placed"] == 3


def test_pods_outside_a_neighbourhood_count() -> None:
    """Three of four are placed, which is enough: the last one may join them."""
    case, profile = workload([1] * 4, *[cpu(1, Gang("g", 3))] * 4), engine.profile("kubernetes")
    cluster, effort = Cluster.of(case), Effort.of(Budget())
    problem, placement = engine.packing_problem(profile, cluster, case.pods), Placement.empty(4)
    placement.node[:3] = [0, 1, 2]
    incumbent = Incumbent.of(problem, case.pods, placement)
    start = Start(FilterScore(profile=profile), "", placement, incumbent, incumbent.value, 3)
    rules = rules_of(profile, cluster, case.pods.specs)
    work = work_on(start, rules, certify(problem, effort), effort)
    Search(work).repack(Scope(np.array([0]), np.array([3]), np.zeros(1, np.bool_)), 1.0)
    assert work.incumbent.counts.tolist() == [[1, 1, 1, 1]]


@st.composite
def cases(draw: st.DrawFn) -> Workload:
    gangs = [None, None, *(Gang(n, draw(st.integers(1, 4))) for n in "ab")]
    kinds = [
        cpu(
            draw(st.integers(1, 3)),
            draw(st.sampled_from(gangs)),
            priority=draw(st.sampled_from([0, 0, 5])),
        )
        for _ in range(4)
    ]
    room = draw(st.lists(st.integers(1, 5), min_size=1, max_size=3))
    pods = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=9))
    return workload(room, *pods)


@given(cases(), st.sampled_from(SCHEDULERS))
@settings(max_examples=40, deadline=None)
def test_every_scheduler_is_legal(case: Workload, scheduler: Scheduler) -> None:
    place(case, scheduler)


def best_count(case: Workload) -> int:
    """Return the most pods that fit, gangs whole, by trying all counts of signatures by node."""
    specs, room = case.pods.specs, [n.allocatable["cpu"] for n in case.nodes]
    supply = np.bincount(case.pods.signature, minlength=len(specs)).tolist()
    reached = {(0,) * len(specs)}
    for free in room:
        reached |= {m for counts in reached for m in _filled(counts, supply, specs, free)}
    return max(sum(c) for c in reached if _whole(c, specs))


def _filled(
    counts: tuple[int, ...], supply: list[int], specs: tuple[PodSpec, ...], free: int
) -> set[tuple[int, ...]]:
    found, edge = {(counts, free)}, [(counts, free)]
    while edge:
        counts, free = edge.pop()
        for i, spec in enumerate(specs):
            left = free - spec.request("cpu")
            if left >= 0 and counts[i] < supply[i]:
                more = (*counts[:i], counts[i] + 1, *counts[i + 1 :]), left
                if more not in found:
                    found.add(more)
                    edge.append(more)
    return {counts for counts, _ in found}


def _whole(counts: tuple[int, ...], specs: tuple[PodSpec, ...]) -> bool:
    for gang in {s.gang for s in specs if s.gang is not None}:
        together = sum(c for c, s in zip(counts, specs, strict=True) if s.gang == gang)
        if 0 < together < gang.least:
            return False
    return True


@given(cases())
@settings(max_examples=40, deadline=None)
def test_the_model_packs_gangs_to_the_optimum(case: Workload) -> None:
    packed = place(case, CpSatPacking(start=("best-fit",), objectives=("placed",)))
    assert packed.info["placed"] >= sum(placed(case, engine.greedy("best-fit")))
    assert packed.info["status"] == "optimal"
    assert packed.info["placed"] == best_count(case)


def test_verify_tells_of_a_gang_that_is_not_whole() -> None:
    case = workload([9], *[cpu(1, Gang("g", 3))] * 3)
    placement = Placement.empty(3)
    placement.node[:2] = 0
    [violation] = verify(case, placement)
    assert str(violation) == "gangs: default/g: 2 of its pods run, expected at least 3 or none"
    placement.node[:] = 0
    assert verify(case, placement) == []
    placement.node[:] = -1
    assert verify(case, placement) == []


# -- Workloads (scheduling.k8s.io/v1alpha1) ----------------------------------------------

NODE = """
apiVersion: v1
kind: Node
metadata: {name: n0}
status: {allocatable: {cpu: "9", pods: "9"}}
"""
WORKLOAD = """
apiVersion: scheduling.k8s.io/v1alpha1
kind: Workload
metadata: {name: train}
spec:
  podGroups:
  - {name: workers, policy: {gang: {minCount: 4}}}
  - {name: viewers, policy: {basic: {}}}
"""


def manifest_pod(name: str, ref: str) -> str:
    return f"""
apiVersion: v1
kind: Pod
metadata: {{name: {name}}}
spec:
  containers: [{{name: c, image: i}}]
  workloadRef: {ref}
"""


def read(tmp_path: Path, *documents: str) -> dict[str, Gang | None]:
    file = tmp_path / "all.yaml"
    file.write_text("\n---\n".join((NODE, *documents)))
    return {name: spec.gang for name, spec in load_manifests([file]).pods}


def test_pods_refer_to_a_group_of_a_workload(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        WORKLOAD,
        manifest_pod("a", "{name: train, podGroup: workers}"),
        manifest_pod("b", '{name: train, podGroup: workers, podGroupReplicaKey: "1"}'),
        manifest_pod("c", "{name: train, podGroup: viewers}"),
        manifest_pod("d", "{name: train, podGroup: absent}"),
        manifest_pod("e", "{name: absent, podGroup: workers}"),
    )
    assert found == {
        "default/a": Gang("train/workers", 4),
        "default/b": Gang("train/workers/1", 4),
        "default/c": None,
        "default/d": Gang("train/absent", int(NO_QUORUM)),
        "default/e": Gang("absent/workers", int(NO_QUORUM)),
    }


def test_pods_of_a_job_refer_to_it_by_their_template(tmp_path: Path) -> None:
    pod = yaml.safe_load(manifest_pod("x", "{name: train, podGroup: workers}"))
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "train"},
        "spec": {
            "parallelism": 4,
            "completions": 4,
            "template": {"spec": {**pod["spec"], "restartPolicy": "Never"}},
        },
    }
    found = read(tmp_path, WORKLOAD, yaml.safe_dump(job))
    assert list(found.values()) == [Gang("train/workers", 4)] * 4


@pytest.mark.parametrize("policy", ["{}", "{basic: {}, gang: {minCount: 1}}", "{gang: {}}"])
def test_a_group_has_one_policy(tmp_path: Path, policy: str) -> None:
    wrong = WORKLOAD.replace("{gang: {minCount: 4}}", policy)
    with pytest.raises(InputError, match=r"podGroups\[0\]\.policy"):
        read(tmp_path, wrong)


def test_whoever_is_let_in_by_evictions_breaks_no_gang() -> None:
    """Two pods of a gang run and a third arrives: a larger pod could only go in place of one."""
    member = cpu(1, Gang("g", 2))
    bound = PodBatch.of([("default/b0", member), ("default/b1", member)])
    case = workload([2, 1], member, cpu(2, priority=10))
    case = replace(case, bound=bound, bound_node=np.array([0, 0], np.int32))
    assert placed(case, Defragment(evict=True)) == [True, False]


def test_a_gang_that_nobody_can_complete_keeps_no_other_from_its_place() -> None:
    """Its number must not overflow the model: the greedy start leaves a pod that has room."""
    pods = [cpu(c) for c in (3, 3, 2, 2, 2)]
    stray = placed(workload([6, 6], cpu(1, Gang("g")), *pods), CpSatPacking(start=("worst-fit",)))
    assert stray == [False, *[True] * 5]
