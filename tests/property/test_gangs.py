"""Gangs among pods that preempt: against a slow oracle, and without a trace if in vain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from schedlab.api import Budget, Cluster, Placement, PodBatch, PodSpec, Workload
from schedlab.core.filter_score import FilterScore
from schedlab.core.profile import Profile
from schedlab.metrics.verify import verify
from schedlab.model.gangs import GangName, gang_of, gang_sizes
from schedlab.model.objects import Gang
from tests.property.test_preemption import KUBERNETES, crowded
from tests.property.volumes import workloads as volume_workloads

IN_PRIORITY = replace(KUBERNETES, queue_sort="PrioritySort")
WITHOUT_PREEMPTION = replace(KUBERNETES, post_filter=None)
PROFILES = st.sampled_from([KUBERNETES, IN_PRIORITY, WITHOUT_PREEMPTION])
PATHS = st.sampled_from(["reference", "incremental", "run"])

Pods = list[tuple[str, PodSpec]]


@st.composite
def with_gangs(draw: st.DrawFn, running: bool = True) -> Workload:
    """Draw a crowded cluster on which some of the pods, and of those that run, are of gangs."""
    workload = draw(crowded())
    least = {name: draw(st.integers(1, 3)) for name in "ab"}

    def joined(pods: PodBatch, most: int) -> PodBatch:
        picks = draw(st.lists(st.integers(0, 5), min_size=len(pods), max_size=len(pods)))
        names = [None if p > most else "aabb"[p] for p in picks]
        gangs = [Gang(n, least[n]) if n else None for n in names]
        return PodBatch.of((n, replace(s, gang=g)) for (n, s), g in zip(pods, gangs, strict=True))

    bound = joined(workload.bound, 1) if running else workload.bound
    workload = replace(workload, pods=joined(workload.pods, 3), bound=bound)
    return _some_nominated(draw, workload)


def _some_nominated(draw: st.DrawFn, workload: Workload) -> Workload:
    chosen = [p for p in workload.pods if draw(st.integers(0, 7)) == 0]
    rows = [draw(st.integers(0, len(workload.nodes) - 1)) for _ in chosen]
    return replace(workload, nominated=PodBatch.of(chosen), nominated_node=np.array(rows, np.int32))


def scheduler(profile: Profile, path: str) -> FilterScore:
    return FilterScore(profile=profile, path=path)  # type: ignore[arg-type]


def schedule(workload: Workload, profile: Profile, path: str) -> tuple[Placement, Cluster]:
    cluster = Cluster.of(workload)
    return scheduler(profile, path).schedule(cluster, workload.pods, Budget()), cluster


Told = tuple[dict[str, int], dict[str, int], list[tuple[str, int, str, int]]]


def told(pods: Sequence[str], placement: Placement) -> Told:
    """Return where pods are, with which devices, and who went for whom, all by name."""
    evictions = [
        (pods[e.by], e.row, pods[e.pod] if e.pod >= 0 else "", e.bound) for e in placement.evictions
    ]
    node = dict(zip(pods, placement.node.tolist(), strict=True))
    return node, dict(zip(pods, placement.devices.tolist(), strict=True)), evictions


@settings(max_examples=40, deadline=None)
@given(workload=with_gangs(), profile=PROFILES)
def test_all_paths_place_gangs_alike_and_legally(workload: Workload, profile: Profile) -> None:
    names = workload.pods.names
    placement, cluster = schedule(workload, profile, "reference")
    assert verify(workload, placement) == []
    assert sorted(placement.sequence.tolist()) == list(range(len(names)))
    assert ((placement.node >= 0) == (placement.failure < 0)).all()
    for path in ("incremental", "run"):
        other, same = schedule(workload, profile, path)
        assert told(names, other) == told(names, placement)
        assert same.nominated.all() == cluster.nominated.all()


@settings(max_examples=40, deadline=None)
@given(workload=with_gangs(), profile=PROFILES, path=PATHS)
def test_the_cluster_holds_what_the_placement_says(
    workload: Workload, profile: Profile, path: str
) -> None:
    placement, cluster = schedule(workload, profile, path)
    fresh = Cluster(workload.nodes, cluster.specs)
    gone = {e.bound for e in placement.evictions}
    alone = Cluster.of(workload)
    for number in set(range(len(workload.bound))) - gone:
        row, signature = alone.running.row(number), int(alone.log.signatures(0)[number])
        fresh.place(signature, row, alone.log.devices.get(number, 0))
    for (_, spec), row, devices in zip(
        workload.pods, placement.node.tolist(), placement.devices.tolist(), strict=True
    ):
        if row >= 0:
            fresh.place(fresh.signature(spec), row, devices)
    assert (cluster.dynamic == fresh.dynamic).all()
    assert (cluster.device_free == fresh.device_free).all()


@settings(max_examples=40, deadline=None)
@given(workload=with_gangs(), profile=PROFILES, path=PATHS)
def test_nobody_is_evicted_for_a_gang_that_comes_short(
    workload: Workload, profile: Profile, path: str
) -> None:
    placement, _ = schedule(workload, profile, path)
    assert evicted_for(workload, placement) <= enough(workload, placement)


def evicted_for(workload: Workload, placement: Placement) -> set[GangName | None]:
    specs = [s for _, s in workload.pods]
    return {gang_of(specs[e.by]) for e in placement.evictions}


def enough(workload: Workload, placement: Placement) -> set[GangName | None]:
    """Return the gangs that have enough pods in the end, and None."""
    gone = {e.bound for e in placement.evictions}
    there = Counter(gang_of(s) for i, (_, s) in enumerate(workload.bound) if i not in gone)
    rows = placement.node.tolist()
    there += Counter(gang_of(s) for (_, s), r in zip(workload.pods, rows, strict=True) if r >= 0)
    least = gang_sizes(workload.pods.specs)
    return {None, *(g for g, n in least.items() if there[g] >= n)}


# -- a gang in vain ------------------------------------------------------------------------


@st.composite
def in_vain(draw: st.DrawFn) -> Workload:
    """Draw gangs that take all their pods, of which one fits nowhere."""
    return vain(draw(with_gangs(running=False)))


@st.composite
def in_vain_with_volumes(draw: st.DrawFn) -> Workload:
    """Draw the same of pods that use volumes."""
    workload = draw(volume_workloads)
    names = draw(st.lists(st.sampled_from(["", "", "a", "b"]), min_size=16, max_size=16))
    gangs = [Gang(n) if n else None for n in names]
    pods = [(n, replace(s, gang=g)) for (n, s), g in zip(workload.pods, gangs, strict=True)]
    return vain(replace(workload, pods=PodBatch.of(pods)))


def vain(workload: Workload) -> Workload:
    members = Counter(s.gang.name for _, s in workload.pods if s.gang)
    stuck: set[str] = set()
    pods: Pods = []
    for name, spec in reversed(list(workload.pods)):
        if spec.gang:
            gang = Gang(spec.gang.name, members[spec.gang.name])
            spec = replace(spec, gang=gang, namespace="default")
            if gang.name not in stuck:
                spec = replace(spec, node_selector=(("nowhere", "yes"),))
                stuck.add(gang.name)
        pods.append((name, spec))
    batch = PodBatch.of(reversed(pods))
    now = dict(batch)
    again = PodBatch.of((n, now[n]) for n in workload.nominated.names)
    return replace(workload, pods=batch, nominated=again)


@settings(max_examples=40, deadline=None)
@given(workload=in_vain() | in_vain_with_volumes(), profile=PROFILES, path=PATHS)
def test_a_gang_in_vain_leaves_no_trace(workload: Workload, profile: Profile, path: str) -> None:
    placement, cluster = schedule(workload, profile, path)
    others = PodBatch.of((n, s) for n, s in workload.pods if s.gang is None)
    without = Cluster.of(workload)
    expected = scheduler(profile, path).schedule(without, others, Budget())
    wanted, found = told(others.names, expected), told(workload.pods.names, placement)
    waiting = set(workload.pods.names) - set(others.names)
    assert {n: r for n, r in found[0].items() if n not in waiting} == wanted[0]
    assert {n: r for n, r in found[1].items() if n not in waiting} == wanted[1]
    assert all(found[0][n] < 0 for n in waiting)
    assert found[2] == wanted[2]
    assert _nominated(cluster) == _nominated(without)
    assert (cluster.dynamic == without.dynamic).all()
    for row in range(len(cluster)):
        assert _on(cluster, row, len(workload.bound)) == _on(without, row, len(workload.bound))


def _on(cluster: Cluster, row: int, bound: int) -> list[tuple[int, int]]:
    """Return who is on a node, in NodeInfo's order: signatures, and numbers of bound pods."""
    numbers = cluster.running.on(row)
    known = np.where(numbers < bound, numbers, -1).tolist()
    return list(zip(cluster.running.signature(numbers).tolist(), known, strict=True))


def _nominated(cluster: Cluster) -> dict[str, int]:
    return {n.name: n.row for n in cluster.nominated.all()}


# -- the slow oracle: the rule as it is told, every trial on a cluster built anew ------------


class Oracle:
    def __init__(self, workload: Workload, profile: Profile) -> None:
        self.workload = workload
        self.profile = replace(profile, queue_sort="Arrival")
        self.least = gang_sizes(workload.pods.specs)
        pods = list(workload.pods)
        if profile.queue_sort == "PrioritySort":
            pods.sort(key=lambda p: -p[1].priority)
        count = Counter(gang_of(s) for _, s in pods)
        few = {g for g, n in self.least.items() if count[g] < n}
        self.queue = [p for p in pods if gang_of(p[1]) not in few]

    def run(self, pods: Pods) -> tuple[dict[str, int], set[str]]:
        """Return where pods go one after the other, gangs or not, and who evicts."""
        batch = PodBatch.of((n, replace(s, gang=None)) for n, s in pods)
        cluster = Cluster.of(self.workload)
        made = scheduler(self.profile, "reference").schedule(cluster, batch, Budget())
        node, _, evictions = told(batch.names, made)
        return node, {by for by, *_ in evictions}

    def missing(self, pods: Pods) -> tuple[set[GangName], list[int]]:
        """Return the gangs that have not enough, and the positions of those that took room."""
        node, evicts = self.run(pods)
        count = Counter(gang_of(s) for n, s in pods if node[n] >= 0)
        lacking = {g for g, n in self.least.items() if count[g] < n}
        took = [i for i, (n, _) in enumerate(pods) if node[n] >= 0 or n in evicts]
        return lacking, [i for i in took if gang_of(pods[i][1]) in lacking]

    def upto(self, done: Pods, pods: Pods) -> int:
        """Return how many of ``pods`` stand after ``done``: those before a gang that is short."""
        stand = len(pods)
        while short := [i for i in self.missing(done + pods[:stand])[1] if i >= len(done)]:
            stand = short[0] - len(done)
        return stand

    def node(self) -> dict[str, int]:
        stand = self.upto([], self.queue)
        done, rest = self.queue[:stand], self.queue[stand:]
        tried: set[GangName | None] = set()
        while rest:
            lacking = self.missing(done)[0] - tried
            waits = [i for i, (_, s) in enumerate(rest) if gang_of(s) in lacking]
            plain = waits[0] if waits else len(rest)
            if plain:
                stand = self.upto(done, rest[:plain])
                done, rest = done + rest[:stand], rest[stand:]
                continue
            gang = gang_of(rest[0][1])
            tried.add(gang)
            placed = self.run(done)[0]
            mates = [p for p in self.queue if gang_of(p[1]) == gang and placed.get(p[0], -1) < 0]
            kept = [p for p in done if p not in mates]
            if self.upto(kept, mates) == len(mates):
                done = kept + mates
            rest = [p for p in rest if gang_of(p[1]) != gang]
        found = self.run(done)[0]
        return {n: found.get(n, -1) for n in self.workload.pods.names}


@st.composite
def of_one_priority(draw: st.DrawFn) -> Workload:
    """Draw gangs of which nobody runs, each of one priority and namespace, and no nominations."""
    workload = draw(with_gangs(running=False))
    priority = {name: draw(st.integers(1, 4)) for name in "ab"}
    pods = [
        (n, replace(s, priority=priority[s.gang.name], namespace="default") if s.gang else s)
        for n, s in workload.pods
    ]
    none = np.zeros(0, np.int32)
    empty = PodBatch.of(())
    return replace(workload, pods=PodBatch.of(pods), nominated=empty, nominated_node=none)


@settings(max_examples=40, deadline=None)
@given(workload=of_one_priority(), profile=st.sampled_from([IN_PRIORITY, WITHOUT_PREEMPTION]))
def test_gangs_are_placed_as_a_slow_oracle_does(workload: Workload, profile: Profile) -> None:
    placement, _ = schedule(workload, profile, "incremental")
    found = dict(zip(workload.pods.names, placement.node.tolist(), strict=True))
    assert found == Oracle(workload, profile).node()
