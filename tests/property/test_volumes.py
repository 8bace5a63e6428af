"""The volume plugins on random clusters: against plain Python rules, and by either path."""

from __future__ import annotations

from functools import cache

import numpy as np
from hypothesis import given, settings

from schedlab.api import Budget, Cluster, FilterPlugin, Placement
from schedlab.core.filter_score import FilterScore
from schedlab.core.preemption.what_if import WhatIf
from schedlab.metrics.verify import verify
from schedlab.metrics.verify.replay import RULES
from schedlab.metrics.verify.rule import Rule, Scene, Turn
from schedlab.metrics.verify.volume_binding_rule import VolumeBinding
from schedlab.model.objects import Workload
from schedlab.registry import installed
from schedlab.testing.random_objects import Draw

from .volumes import random_workload, seeds, workloads

RULES_OF = {
    "VolumeRestrictions": ("exclusive-volumes", "volume-claims"),
    "NodeVolumeLimits": ("volume-limits", "volume-claims"),
    "VolumeBinding": ("volume-claims", "volume-nodes", "volume-binding"),
    "VolumeZone": ("volume-nodes", "volume-claims"),
}


@cache
def filters() -> list[FilterPlugin]:
    profile = installed().make_profile("kubernetes", {})
    return [f for f in profile.filters if f.name in RULES_OF]


def place(workload: Workload, path: str) -> tuple[Cluster, Placement]:
    profile = installed().make_profile("kubernetes", {})
    cluster = Cluster.of(workload)
    scheduler = FilterScore(profile=profile, path=path)  # type: ignore[arg-type]
    return cluster, scheduler.schedule(cluster, workload.pods, Budget(seed=7))


def accepted(cluster: Cluster, signature: int, rows: list[int] | None = None) -> list[bool]:
    """Return which nodes all volume filters accept."""
    pod, nodes = cluster.pod(signature), cluster.view(None if rows is None else np.array(rows))
    verdicts = [f.filter(pod, nodes) == 0 for f in filters() if not f.skips_filter(pod)]
    together = np.logical_and.reduce([np.ones(len(nodes), np.bool_), *verdicts])
    return [bool(v) for v in together]


@settings(max_examples=60, deadline=None)
@given(workload=workloads)
def test_incremental_decides_as_reference(workload: Workload) -> None:
    _, incremental = place(workload, "incremental")
    _, reference = place(workload, "reference")
    assert incremental.node.tolist() == reference.node.tolist()
    for left, right in zip(incremental.failure, reference.failure, strict=True):
        assert left < 0 or incremental.failures[left] == reference.failures[right]


@settings(max_examples=40, deadline=None)
@given(workload=workloads)
def test_placements_are_legal(workload: Workload) -> None:
    _, placement = place(workload, "incremental")
    assert verify(workload, placement) == []


@settings(max_examples=100, deadline=None)
@given(seed=seeds)
def test_nodes_are_accepted_by_the_plain_rules(seed: int) -> None:
    """Place pods where both agree, take some away, and compare every node at every turn."""
    draw, workload = Draw(np.random.default_rng(seed)), random_workload(seed)
    cluster, scene = Cluster.of(workload), scene_of(workload)
    rules = [RULES[r](scene) for r in dict.fromkeys(r for rs in RULES_OF.values() for r in rs)]
    [binding] = [f for f in filters() if f.name == "VolumeBinding"]
    placed: list[tuple[int, int]] = []
    for _, spec in workload.pods:
        signature = cluster.signature(spec)
        turns = [Turn(signature, spec, i, node) for i, node in enumerate(workload.nodes)]
        legal = [not any(d for r in rules for d in r.faults(t)) for t in turns]
        assert accepted(cluster, signature) == legal
        for row in np.flatnonzero(legal).tolist():
            pod, nodes = cluster.pod(signature), cluster.view(np.array([row]))
            assert dict(binding.reserved(pod, nodes)) == by_hand(rules, turns[row])
        if any(legal):
            row = draw.one(np.flatnonzero(legal).tolist())
            assert accepted(cluster, signature, [row, row]) == [True, True]
            cluster.place(signature, row)
            placed.append((signature, row))
            for rule in rules:
                rule.place(turns[row])
        if placed and draw.chance(25):
            gone, row = placed.pop(draw.below(len(placed)))
            cluster.remove(gone, row)
            for rule in rules:
                rule.evict(Turn(gone, cluster.specs[gone], row, workload.nodes[row]))


def by_hand(rules: list[Rule], turn: Turn) -> dict[str, str]:
    """Return the volume of each waiting claim as the plain rule picks it."""
    [rule] = [r for r in rules if isinstance(r, VolumeBinding)]
    waiting = rule._waiting(turn)
    chosen = rule._choose(waiting, turn.node)
    names = {key: volume.name for key, volume in chosen.items()}
    return {str(c.key): names.get(c.key, "<provision>") for c in waiting}


def scene_of(workload: Workload) -> Scene:
    return Scene(workload.nodes, workload.pods.specs, workload.namespaces, workload.storage)


@settings(max_examples=40, deadline=None)
@given(workload=workloads)
def test_no_volume_is_given_to_two_claims(workload: Workload) -> None:
    cluster, placement = Cluster.of(workload), place(workload, "incremental")[1]
    [binding] = [f for f in filters() if f.name == "VolumeBinding"]
    owner: dict[str, str] = {}
    for pod in placement.sequence.tolist():
        row, spec = int(placement.node[pod]), workload.pods.specs[workload.pods.signature[pod]]
        if row < 0:
            continue
        signature = cluster.signature(spec)
        reserved = binding.reserved(cluster.pod(signature), cluster.view(np.array([row])))
        for claim, volume in reserved.items():
            assert volume == "<provision>" or owner.setdefault(volume, claim) == claim
        cluster.place(signature, row)


@settings(max_examples=40, deadline=None)
@given(workload=workloads)
def test_what_if_is_what_removing_does(workload: Workload) -> None:
    """A node without its first pod is judged alike, supposed or done."""
    cluster, placement = place(workload, "incremental")
    rows = np.flatnonzero(cluster.pod_count > 0)
    first = [int(np.flatnonzero(placement.node == row)[0]) for row in rows]
    there = [cluster.signature(workload.pods.specs[workload.pods.signature[p]]) for p in first]
    for plugin in filters():
        for spec in workload.pods.specs:
            pod = cluster.pod(cluster.signature(spec))
            if plugin.skips_filter(pod):
                continue
            supposed = WhatIf(
                cluster, rows, np.array([there], np.int32).T, np.ones((len(rows), 1), np.bool_)
            )
            supposed.assume(np.zeros((len(rows), 1), np.bool_))
            said = plugin.filter_what_if(pod, supposed)
            for i, row in enumerate(rows.tolist() if said is not None else []):
                cluster.remove(there[i], row)
                [really] = plugin.filter(pod, cluster.view(np.array([row]))).tolist()
                cluster.place(there[i], row)
                assert said is not None
                assert really == said[i]
