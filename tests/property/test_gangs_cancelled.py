"""Gangs of a batch that is cancelled: what was decided stands, but for gangs that are short."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from schedlab.api import Budget, Cluster, Placement, PodBatch, PodSpec, Workload
from schedlab.core.profile import Profile
from schedlab.metrics.verify import verify
from schedlab.model.gangs import gang_of, gang_sizes
from tests.property.test_gangs import (
    IN_PRIORITY,
    PROFILES,
    WITHOUT_PREEMPTION,
    enough,
    evicted_for,
    scheduler,
    with_gangs,
)

CANCELLED = "scheduling was cancelled before the pod's turn"


def after(turns: int) -> Callable[[], bool]:
    """Return what says that all is cancelled once it was asked so many times."""
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > turns

    return cancelled


def cut(workload: Workload, profile: Profile, pods: PodBatch, turns: int) -> Placement:
    cluster = Cluster.of(workload)
    budget = Budget(cancelled=after(turns))
    return scheduler(profile, "incremental").schedule(cluster, pods, budget)


def leans(spec: PodSpec) -> bool:
    return bool(spec.required_affinity or spec.spread)


def running(workload: Workload) -> Counter[object]:
    return Counter(gang_of(s) for _, s in workload.bound)


def queue(workload: Workload) -> list[tuple[str, PodSpec]]:
    """Return the pods but for those of gangs that have too few, running ones included."""
    count = running(workload) + Counter(gang_of(s) for _, s in workload.pods)
    least = gang_sizes(workload.pods.specs)
    return [(n, s) for n, s in workload.pods if count[g := gang_of(s)] >= least.get(g, 0)]  # type: ignore[arg-type]


@settings(max_examples=80, deadline=None)
@given(workload=with_gangs(), turns=st.integers(0, 7), in_order=st.booleans())
def test_pods_of_no_short_gang_keep_their_places(
    workload: Workload, turns: int, in_order: bool
) -> None:
    empty = PodBatch.of(())
    workload = replace(workload, nominated=empty, nominated_node=np.zeros(0, np.int32))
    profile = replace(WITHOUT_PREEMPTION, queue_sort="Arrival" if in_order else "PrioritySort")
    waiting = queue(workload)
    assume(turns < len(waiting))
    found = cut(workload, profile, workload.pods, turns)
    assert verify(workload, found) == []
    alone = PodBatch.of((n, replace(s, gang=None)) for n, s in waiting)
    plain = cut(workload, profile, alone, turns)
    had = dict(zip(alone.names, plain.node.tolist(), strict=True))
    left = {n for n, row in had.items() if row < 0 or leans(dict(waiting)[n])}
    least, here = gang_sizes(workload.pods.specs), running(workload)
    there = here + Counter(gang_of(s) for n, s in waiting if n not in left)
    for i, (name, spec) in enumerate(workload.pods):
        row, gang = int(found.node[i]), gang_of(spec)
        short = gang is not None and there[gang] < least[gang]
        if name not in left and not short:
            assert row == had[name]
        if name not in had or had[name] < 0:
            assert row < 0


@settings(max_examples=60, deadline=None)
@given(workload=with_gangs(), profile=PROFILES, turns=st.integers(0, 25))
def test_what_a_cancelled_batch_leaves_is_legal(
    workload: Workload, profile: Profile, turns: int
) -> None:
    placement = cut(workload, profile, workload.pods, turns)
    assert verify(workload, placement) == []
    assert ((placement.node >= 0) == (placement.failure < 0)).all()
    assert evicted_for(workload, placement) <= enough(workload, placement)


@settings(max_examples=30, deadline=None)
@given(workload=with_gangs())
def test_who_was_not_decided_is_told_so(workload: Workload) -> None:
    waiting = {n for n, _ in queue(workload)}
    placement = cut(workload, IN_PRIORITY, workload.pods, 0)
    for name, failure in zip(workload.pods.names, placement.failure.tolist(), strict=True):
        [why] = placement.failures[failure]
        assert (why.reason == CANCELLED) == (name in waiting)
