"""Kinds and the bound from prices of ColumnGeneration, on random small instances."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedlab import engine
from schedlab.api import Budget, Cluster, Node, Placement, PodBatch, PodSpec, Workload
from schedlab_algorithms.column_generation import bound
from schedlab_algorithms.column_generation.bound import searched
from schedlab_algorithms.column_generation.kinds import Kinds
from schedlab_algorithms.column_generation.master import Prices
from schedlab_algorithms.filling.items import Items
from schedlab_algorithms.filling.repacking import lifted
from schedlab_algorithms.packing.certificate import certify
from schedlab_algorithms.packing.effort import Effort
from schedlab_algorithms.packing.incumbent import Incumbent
from schedlab_algorithms.packing.rules import rules_of
from schedlab_algorithms.packing.starts import Start
from schedlab_algorithms.packing.work import Work, work_on
from schedlab_algorithms.patterns.knapsack import Priced, best_fillings

from .packing_optimum import optimum, plain, weights_of


def nothing_placed(workload: Workload) -> Work:
    """Return the work of placing a workload of which nothing is placed yet."""
    profile, cluster, pods = engine.profile("kubernetes"), Cluster.of(workload), workload.pods
    problem = engine.packing_problem(profile, cluster, pods)
    placement, effort = Placement.empty(len(pods)), Effort.of(Budget(effort=1e9))
    incumbent = Incumbent.of(problem, pods, placement, ("value",))
    scheduler = engine.FilterScore(profile=profile)
    start = Start(scheduler, "nothing", placement, incumbent, incumbent.value, 0)
    rules = rules_of(profile, cluster, pods.specs)
    return work_on(start, rules, certify(problem, effort), effort)


@given(plain())
@settings(max_examples=40, deadline=None)
def test_nodes_of_a_kind_have_the_same_room_for_the_same_items(workload: Workload) -> None:
    work = nothing_placed(workload)
    items = Items.of(work)
    filling = lifted(work, items, np.arange(len(workload.nodes)))
    kinds = Kinds.among(filling)
    described = [
        (tuple(room), tuple(may))
        for room, may in zip(filling.room.tolist(), filling.eligible.T.tolist(), strict=True)
    ]
    assert len(kinds) == len(set(described))
    assert kinds.size.sum() == len(workload.nodes)
    for node, kind in enumerate(kinds.of.tolist()):
        room, may = kinds.room[kind].tolist(), kinds.eligible[:, kind].tolist()
        assert (tuple(room), tuple(may)) == described[node]


def prices(pods: np.ndarray, nodes: np.ndarray) -> Prices:
    """Return some prices of pods and nodes."""
    return Prices(0.0, np.zeros(0), nodes, pods)


@given(plain(), st.integers(0, 1 << 30), st.sampled_from([1, 1 << 16]), st.sampled_from([0, 3]))
@settings(max_examples=60, deadline=None)
def test_whatever_the_prices_no_placement_exceeds_the_bound(
    workload: Workload, seed: int, limit: int, most: int
) -> None:
    work = nothing_placed(workload)
    items = Items.of(work)
    filling = lifted(work, items, items.hosts(work.incumbent))
    kinds, generator = Kinds.among(filling), np.random.default_rng(seed)
    pods = generator.uniform(0, 1.2, len(items)) * items.weights
    work.bound = np.inf
    searched(work, items, filling, kinds, prices(pods, most * generator.random(len(kinds))), limit)
    assert optimum(workload, weights_of(workload)) <= work.bound < np.inf


def test_the_bound_from_prices_can_be_better_than_the_relaxation() -> None:
    """Pods that need more than half of a node, in one or the other resource: one a node."""
    specs = [PodSpec(requests=(("cpu", c), ("memory", m))) for c, m in ((7, 4), (4, 7))]
    batch = PodBatch.of((f"default/p{i}", specs[i % 2]) for i in range(8))
    nodes = tuple(Node(f"n{i}", {"cpu": 10, "memory": 10, "pods": 9}) for i in range(4))
    work = nothing_placed(Workload(name="halves", nodes=nodes, pods=batch))
    items = Items.of(work)
    filling = lifted(work, items, np.arange(4))
    assert work.bound > 4
    searched(work, items, filling, Kinds.among(filling), prices(np.zeros(2), np.zeros(1)))
    assert work.bound == 4


def test_the_exact_search_is_given_no_more_than_it_can_tell_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Many pods of twenty-one priorities, of which a node holds a few: 2**50 is the most."""
    shapes = [PodSpec(requests=(("cpu", 1 + i),), priority=20) for i in range(60)]
    lower = [PodSpec(requests=(("cpu", 1),), priority=p) for p in range(20)]
    pods = [*(s for s in shapes for _ in range(40)), *lower]
    batch = PodBatch.of((f"default/p{i}", s) for i, s in enumerate(pods))
    node = Node("n", {"cpu": 9_000, "pods": 40})
    work = nothing_placed(Workload(name="many", nodes=(node,), pods=batch))
    items = Items.of(work)
    assert items.weights.max() == 1 << 20
    filling, given_in_sum = lifted(work, items, np.arange(1)), list[int]()

    def noted(
        values: np.ndarray, sizes: np.ndarray, most: np.ndarray, *rest: Any, **more: Any
    ) -> Priced:
        given_in_sum.append(sum(v * m for v, m in zip(values.tolist(), most.tolist(), strict=True)))
        return best_fillings(values, sizes, most, *rest, **more)

    monkeypatch.setattr(bound, "best_fillings", noted)
    nothing = prices(np.zeros(len(items)), np.zeros(1))
    searched(work, items, filling, Kinds.among(filling), nothing)
    assert 1 << 48 < given_in_sum[0] <= 1 << 50


@given(plain(), st.integers(0, 1 << 30))
@settings(max_examples=40, deadline=None)
def test_the_exact_search_misses_no_pattern_that_pays(workload: Workload, seed: int) -> None:
    """Against all ways to fill a node, counted out."""
    work = nothing_placed(workload)
    items = Items.of(work)
    filling = lifted(work, items, items.hosts(work.incumbent))
    kinds, generator = Kinds.among(filling), np.random.default_rng(seed)
    pods = generator.uniform(0, 1, len(items)) * items.weights
    nodes = generator.uniform(0, 4, len(kinds))
    found, complete = searched(work, items, filling, kinds, prices(pods, nodes))
    assert complete or found
    gain = items.weights - pods
    for kind, price in enumerate(nodes.tolist()):
        ways = [np.zeros(len(items), np.int64)]
        for item in np.flatnonzero(kinds.eligible[:, kind]).tolist():
            more = np.arange(int(filling.pool[item]) + 1)[:, None] * (np.arange(len(items)) == item)
            ways = [w + m for w in ways for m in more]
            ways = [w for w in ways if (w @ filling.sizes <= kinds.room[kind]).all()]
        best = max(float(w @ gain) for w in ways)
        reached = [float(p @ gain) for k, p in found if k == kind]
        assert not complete or max(reached, default=price) >= best - 1e-5
        assert all(price < r <= best + 1e-9 for r in reached)
