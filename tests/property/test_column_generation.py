"""Kinds and the bound from prices of ColumnGeneration, on random small instances."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from schedlab import engine
from schedlab.api import Budget, Cluster, Node, Placement, PodBatch, PodSpec, Workload
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
