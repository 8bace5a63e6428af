"""Gangs where they meet evictions, cancelling, volumes and what is printed."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from schedlab import engine
from schedlab.api import (
    Budget,
    Cluster,
    Eviction,
    FilterPlugin,
    NodeView,
    Placement,
    PodBatch,
    PodSpec,
    PodView,
    PostFilterPlugin,
    PostFilterResult,
    Verdict,
    Workload,
)
from schedlab.cli.explained_brief import print_brief
from schedlab.core.profile import Profile
from schedlab.engine import FilterScore, Handle
from schedlab.errors import InputError
from schedlab.metrics.verify import verify
from schedlab.model.objects import (
    HOSTNAME,
    Gang,
    LabelSelector,
    Service,
    TopologySpreadConstraint,
)
from schedlab.model.storage import (
    WAIT_FOR_FIRST_CONSUMER,
    ClaimKey,
    PersistentVolume,
    PersistentVolumeClaim,
    Storage,
    StorageClass,
)
from schedlab.model.volumes import ClaimVolume
from schedlab_algorithms.kubernetes.pod_topology_spread import PodTopologySpread
from tests.unit.test_gang_rules import NOT_YET, PROFILE, RELIED, TOO_FEW, holding, however
from tests.unit.test_gangs import cpu, workload

ARRIVAL = replace(PROFILE, queue_sort="Arrival")
GANG = Gang("a", 2)


def named(case: Workload) -> Workload:
    """Return the workload with nodes that bear their names as hosts."""
    return replace(case, nodes=tuple(replace(n, labels={HOSTNAME: n.name}) for n in case.nodes))


def decided(case: Workload, scheduler: FilterScore, turns: int = 99) -> Placement:
    """Return what comes of a batch that is cut after some turns: legal, and with all reasons."""
    left = iter([False] * turns)
    budget = Budget(cancelled=lambda: next(left, True))
    placement = scheduler.schedule(Cluster.of(case), case.pods, budget)
    assert verify(case, placement) == []
    assert ((placement.node >= 0) == (placement.failure < 0)).all()
    return placement


def reasons(placement: Placement) -> list[str]:
    failures = placement.failure.tolist()
    return [placement.failures[i][0].reason if i >= 0 else "" for i in failures]


# -- evictions within the gang -------------------------------------------------------------


def gang_that_runs(room: list[int]) -> Workload:
    """Return a gang of two that runs on the first node, and a third of it that needs a node."""
    case = workload(room, cpu(2, GANG, priority=5))
    return holding(case, (cpu(1, GANG), 0), (cpu(1, GANG), 0))


@however
def test_nobody_evicts_pods_of_its_own_gang(scheduler: FilterScore) -> None:
    placement = decided(gang_that_runs([2]), scheduler)
    assert placement.node.tolist() == [-1]
    assert reasons(placement) == ["Insufficient cpu"]


@however
def test_whoever_may_not_evict_its_gang_evicts_others(scheduler: FilterScore) -> None:
    """On the second node the pod of no gang is of higher priority, and would do more harm."""
    mates = gang_that_runs([2, 2])
    case = holding(mates, (cpu(1, GANG), 0), (cpu(1, GANG), 0), (cpu(2, priority=1), 1))
    placement = decided(case, scheduler)
    assert placement.node.tolist() == [1]
    assert placement.evictions == [Eviction(by=0, row=1, bound=2)]


class Clears(PostFilterPlugin):
    """Evicts everybody on the first node."""

    def post_filter(self, pod: PodView, handle: Handle) -> PostFilterResult:
        """Return all that run there."""
        return PostFilterResult(0, tuple(handle.running.on(0).tolist()))


@however
def test_no_plugin_has_a_pod_break_its_own_gang(scheduler: FilterScore) -> None:
    clearing = replace(scheduler, profile=replace(PROFILE, post_filter=Clears()))
    placement = decided(gang_that_runs([2]), clearing)
    assert placement.evictions == []
    assert reasons(placement) == ["Insufficient cpu"]


# -- cancelled -----------------------------------------------------------------------------


def evicted_in_vain(low: PodSpec) -> Workload:
    """Return a batch in which ``low`` goes to the second node, and ``high`` takes its place."""
    first, last = cpu(2, GANG, priority=5), cpu(2, GANG, priority=1)
    return named(workload([2, 2], first, low, cpu(2, priority=5), last))


@however
def test_who_was_evicted_in_vain_keeps_his_place(scheduler: FilterScore) -> None:
    """Evictions are undone with those they were for, the first of whom comes after ``low``."""
    case = evicted_in_vain(cpu(2, priority=1))
    placement = decided(case, replace(scheduler, profile=ARRIVAL), turns=3)
    assert placement.node.tolist() == [-1, 1, -1, -1]
    assert reasons(placement) == [TOO_FEW, "", RELIED, NOT_YET]


@however
def test_who_was_evicted_in_vain_and_leant_on_others_is_told_so(scheduler: FilterScore) -> None:
    spread = (TopologySpreadConstraint(9, HOSTNAME, selector=LabelSelector.of({"app": "a"})),)
    case = evicted_in_vain(cpu(2, priority=1, spread=spread))
    placement = decided(case, replace(scheduler, profile=ARRIVAL), turns=3)
    assert reasons(placement) == [TOO_FEW, RELIED, RELIED, NOT_YET]


def spread_by_the_profile() -> tuple[Workload, Profile]:
    """Return a batch whose third pod goes beside the second, for the gang's is on the first."""
    web = (("app", "web"),)
    large, small = cpu(6, GANG, labels=web), cpu(4, labels=web)
    pods = [large, small, small, cpu(1, GANG)]
    case = replace(named(workload([6, 10], *pods)), services=(SERVICE,))
    each = TopologySpreadConstraint(1, HOSTNAME)
    spreading = PodTopologySpread(default_constraints=(each,), defaulting_type="List")
    return case, _with_filter(spreading)


SERVICE = Service("default", "s", LabelSelector.of({"app": "web"}))


def _with_filter(plugin: FilterPlugin) -> Profile:
    others = [f for f in PROFILE.filters if f.name != plugin.name]
    return replace(PROFILE, filters=(*others, plugin), scores=(), queue_sort="Arrival")


@however
def test_constraints_of_the_profile_make_pods_lean_on_others(scheduler: FilterScore) -> None:
    case, profile = spread_by_the_profile()
    placement = decided(case, replace(scheduler, profile=profile), turns=3)
    counts = np.bincount(placement.node[:3][placement.node[:3] >= 0], minlength=2)
    assert np.ptp(counts) <= 1
    assert reasons(placement) == [TOO_FEW, RELIED, RELIED, NOT_YET]


class NotAlone(FilterPlugin):
    """Accepts nodes, of a cluster on which anything runs."""

    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        """Return the same of every node."""
        there = nodes.whole.sum_placed("all", lambda spec: 1).sum() > 0
        return np.full(len(nodes), there or pod.spec.gang is not None)


@however
def test_filters_of_ones_own_make_pods_lean_on_others(scheduler: FilterScore) -> None:
    case = workload([9], cpu(1, GANG), cpu(1), cpu(1, GANG))
    placement = decided(case, replace(scheduler, profile=_with_filter(NotAlone())), turns=2)
    assert reasons(placement) == [TOO_FEW, RELIED, NOT_YET]


# -- what any function does ------------------------------------------------------------------


def plain(cluster: Cluster, pods: PodBatch, budget: Budget) -> Placement:
    """Place pods as if they were of no gang."""
    alone = PodBatch.of((n, replace(s, gang=None)) for n, s in pods)
    return FilterScore(profile=replace(ARRIVAL, post_filter=None)).schedule(cluster, alone, budget)


def claiming(number: int, gang: Gang | None = None) -> PodSpec:
    return cpu(1, gang, volumes=(ClaimVolume(f"c{number}"),))


def _claim(name: str) -> PersistentVolumeClaim:
    return PersistentVolumeClaim(
        key=ClaimKey("default", name),
        uid=name,
        request=1,
        access_modes=("ReadWriteOnce",),
        storage_class="local",
        volume="",
        bind_completed=False,
        phase="Pending",
    )


def of_two_volumes(*pods: PodSpec) -> Workload:
    """Return a workload with a small volume, a large one and as many claims as may be."""
    storage = Storage(
        volumes=tuple(
            PersistentVolume(n, c, ("ReadWriteOnce",), "local") for n, c in (("v0", 1), ("v1", 2))
        ),
        claims=tuple(_claim(f"c{i}") for i in range(3)),
        classes=(StorageClass("local", "kubernetes.io/no-provisioner", WAIT_FOR_FIRST_CONSUMER),),
        csi_nodes=(),
        csi_drivers=(),
        capacities=(),
    )
    return replace(workload([9], *pods), storage=storage)


def test_volumes_are_promised_to_nobody_of_a_gang_in_vain() -> None:
    """The first pod has a volume, and one of the gang the other, until that comes short."""
    mates = [claiming(1, GANG), cpu(99, GANG)]
    case = of_two_volumes(claiming(0), *mates, claiming(2))
    cluster = Cluster.of(case)
    placement = engine.in_whole_gangs(plain, cluster, case.pods, Budget())
    assert verify(case, placement) == []
    assert placement.node.tolist() == [0, -1, -1, 0]
    assert cluster.pod_count.tolist() == [2]


def test_the_volumes_of_those_who_stand_stay_promised() -> None:
    """A second gang in vain: what was undone twice is taken back once."""
    other = Gang("b", 2)
    mates = [claiming(1, GANG), cpu(1, other), cpu(99, GANG), cpu(99, other)]
    case = of_two_volumes(claiming(0), claiming(2), *mates, cpu(1))
    cluster = Cluster.of(case)
    placement = engine.in_whole_gangs(plain, cluster, case.pods, Budget())
    assert verify(case, placement) == []
    assert placement.node.tolist() == [0, 0, -1, -1, -1, -1, 0]
    late = PodBatch.of([("default/later", claiming(1))])
    assert plain(cluster, late, Budget()).node.tolist() == [-1]


# -- input and output ------------------------------------------------------------------------


@pytest.mark.parametrize("least", [2.5, 2.0, "2"])
def test_a_gang_takes_a_whole_number_of_pods(least: object) -> None:
    with pytest.raises(InputError, match=r"Gang\('a'\): least: expected a whole number"):
        Gang("a", least)  # type: ignore[arg-type]


def test_a_reason_that_speaks_of_no_nodes_has_no_count() -> None:
    case = workload([9], cpu(1, GANG))
    placement = FilterScore(profile=PROFILE).schedule(Cluster.of(case), case.pods, Budget())
    told = io.StringIO()
    print_brief(Console(file=told, width=120), placement, case, "kubernetes", "file")
    assert TOO_FEW in told.getvalue()
    assert f"0 {TOO_FEW}" not in told.getvalue()
