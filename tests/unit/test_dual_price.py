"""DualPrice: the parts of filling many nodes at once against slow obvious ones, and the plugin."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations_with_replacement

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedlab import engine
from schedlab.api import Budget, Cluster, Placement, PodBatch, PodSpec, Workload, never
from schedlab.errors import InputError
from schedlab.metrics.verify import verify
from schedlab.model.objects import Node
from schedlab_algorithms.dual_price import DualPrice
from schedlab_algorithms.dual_price.plugin import STEEPNESS, DualPriceScore
from schedlab_algorithms.filling.displacing import displace
from schedlab_algorithms.filling.exchanging import exchange
from schedlab_algorithms.filling.filling import Filling
from schedlab_algorithms.filling.pairs import Pairs, top_up
from schedlab_algorithms.filling.planning import plan
from schedlab_algorithms.filling.repacking import fill
from schedlab_algorithms.filling.taking import granted
from schedlab_algorithms.filling.weights import weights_of
from schedlab_algorithms.packing.certificate import certify
from schedlab_algorithms.packing.effort import Effort
from schedlab_algorithms.packing.incumbent import Incumbent
from schedlab_workloads.ladder import Ladder


@st.composite
def fillings(draw: st.DrawFn, nodes: int = 4) -> tuple[Filling, np.ndarray]:
    """Draw empty nodes and what pods are worth."""
    items = draw(st.integers(1, 5))
    numbers = np.random.default_rng(draw(st.integers(0, 1 << 30)))
    sizes = np.column_stack([numbers.integers(0, 6, (items, 2)), np.ones(items, np.int64)])
    room = np.column_stack([numbers.integers(0, 15, (nodes, 2)), numbers.integers(0, 6, nodes)])
    eligible = numbers.random((items, nodes)) < 0.8
    filling = Filling.empty(sizes, eligible, room, numbers.integers(0, 5, items), never)
    return filling, numbers.integers(1, 20, items).astype(np.float64)


def check_sound(filling: Filling, empty: Filling) -> None:
    """Check that pods are where they may be, that all are accounted for, and none overfills."""
    assert (filling.counts >= 0).all()
    assert (filling.counts[~filling.eligible.T] == 0).all()
    np.testing.assert_array_equal(filling.pool + filling.counts.sum(axis=0), empty.pool)
    np.testing.assert_array_equal(filling.room, empty.room - filling.counts @ filling.sizes)
    assert (filling.room >= 0).all()
    assert (filling.pool >= 0).all()


@given(fillings(nodes=1))
@settings(max_examples=100, deadline=None)
def test_the_best_pair_is_the_best_of_all_that_fit(drawn: tuple[Filling, np.ndarray]) -> None:
    filling, values = drawn
    items = range(len(values))
    choices = [(i,) for i in items] + list(combinations_with_replacement(items, 2))
    best = 0.0
    for choice in choices:
        counts = np.bincount(choice, minlength=len(values))
        fits = (counts @ filling.sizes <= filling.room[0]).all()
        if fits and (counts <= filling.pool).all() and filling.eligible[list(choice), 0].all():
            best = max(best, float(counts @ values))
    empty = filling.copy()
    Pairs.of(values, filling.sizes).put_best(filling, np.zeros(1, np.int64))
    assert filling.worth(values) == best
    check_sound(filling, empty)


@given(fillings())
@settings(max_examples=100, deadline=None)
def test_topped_up_nodes_have_no_room_for_any_pod_left(drawn: tuple[Filling, np.ndarray]) -> None:
    filling, values = drawn
    empty = filling.copy()
    top_up(filling, Pairs.of(values, filling.sizes), np.arange(4))
    check_sound(filling, empty)
    assert not filling.fits(np.arange(4)).any()


@given(fillings(), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_filling_displacing_and_exchanging_keep_the_books(
    drawn: tuple[Filling, np.ndarray], seed: int
) -> None:
    filling, weights = drawn
    empty, generator = filling.copy(), np.random.default_rng(seed)
    planned = plan(filling, weights, np.array([0, 0, 1, 1]))
    filling = fill(filling, planned, weights, generator)
    check_sound(filling, empty)
    assert filling.worth(weights) <= planned.limit + 1e-9
    before = filling.worth(weights)
    displace(filling, weights, filling.sizes.sum(axis=1).astype(np.float64))
    check_sound(filling, empty)
    assert filling.worth(weights) >= before
    exchange(filling, Pairs.of(weights, filling.sizes), generator)
    check_sound(filling, empty)


def test_a_weighty_pod_displaces_what_counts_least() -> None:
    sizes = np.array([[2, 1], [1, 1], [3, 1]])
    room, pool = np.array([[4, 9], [4, 9]]), np.array([2, 4, 1])
    filling = Filling.empty(sizes, np.ones((3, 2), np.bool_), room, pool, never)
    weights = np.array([3.0, 1.0, 8.0])
    for item in (0, 0):
        filling.add(np.array([0]), np.array([item]))
    for _ in range(4):
        filling.add(np.array([1]), np.array([1]))
    displace(filling, weights, np.array([2.0, 1.0, 3.0]))
    assert filling.counts.tolist() == [[2, 0, 0], [0, 1, 1]]


@given(
    st.lists(st.integers(0, 3), max_size=12), st.lists(st.integers(0, 4), min_size=4, max_size=4)
)
def test_wishes_are_granted_in_their_order(wanted: list[int], there: list[int]) -> None:
    left, expected = list(there), []
    for item in wanted:
        expected.append(left[item] > 0)
        left[item] -= 1
    found = granted(np.array(wanted, np.int64), np.array(there))
    assert found.tolist() == expected


def test_weights_put_a_large_pod_of_a_higher_priority_before_many_small_ones() -> None:
    """By value, ten pods of one core outweigh one of ten cores that counts twice as much."""
    small, large = (PodSpec(requests=(("cpu", c),), priority=p) for c, p in ((1, 0), (10, 5)))
    pods = PodBatch.of([(f"default/s{i}", small) for i in range(10)] + [("default/l", large)])
    cluster = Cluster([Node("a", {"cpu": 10, "pods": 99})], pods.specs)
    problem = engine.packing_problem(engine.profile("kubernetes"), cluster, pods)
    incumbent = Incumbent.of(problem, pods, Placement.empty(11), ("placed-by-priority",))
    effort = Effort.of(Budget())
    low, high = weights_of(certify(problem, effort), incumbent, effort)
    assert high > 10 * low
    for objective, expected in (("placed-by-priority", 1), ("value", 10), ("placed", 10)):
        workload = Workload(name="two", nodes=cluster.nodes, pods=pods)
        scheduler = DualPrice(objectives=(objective,))
        placement = scheduler.schedule(Cluster.of(workload), pods, Budget())
        assert (placement.node >= 0).sum() == expected


def test_it_packs_what_is_greedy_leaves() -> None:
    workload = Ladder(nodes=64, pods=2_000, distinct=True).build(0)
    info = DualPrice().schedule(Cluster.of(workload), workload.pods, Budget(effort=2.0)).info
    assert info["bound"] - info["value"] < (info["bound"] - info["greedy_value"]) / 2


@pytest.mark.parametrize("calls", [0, 20, 60])
def test_cancelled_it_answers_with_what_it_has(calls: int) -> None:
    workload = Ladder(nodes=64, pods=1_000, distinct=True).build(0)
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > calls

    budget = Budget(effort=1e9, cancelled=cancelled)
    placement = DualPrice(patience=10_000).schedule(Cluster.of(workload), workload.pods, budget)
    assert verify(workload, placement) == []
    assert placement.info["status"] == "cancelled"
    assert asked < calls + 300


@pytest.mark.parametrize("arguments", [{"nodes": 0}, {"patience": 0}, {"objectives": ("moves",)}])
def test_arguments_out_of_range_are_refused(arguments: dict[str, object]) -> None:
    with pytest.raises(InputError):
        DualPrice(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("nodes", [1, 2])
def test_the_relaxation_tells_what_pods_and_room_are_worth(nodes: int) -> None:
    """Ten cores a kind of node, pods of two: one that counts 3, the others 1 each."""
    specs = [PodSpec(requests=(("cpu", 2), ("memory", m))) for m in (0, 1)]
    pods = PodBatch.of((f"default/p{i}", specs[i > 0]) for i in range(11 * nodes))
    shapes = [Node(f"n{i}", {"cpu": 10, "memory": 99 + i, "pods": 9}) for i in range(nodes)]
    problem = engine.packing_problem(engine.profile("kubernetes"), Cluster(shapes, specs), pods)
    found = engine.fluid_bound(engine.relax(problem), np.array([3.0, 1.0]))
    assert found.pods == pytest.approx([1, 5 * nodes - 1])
    assert found.prices == pytest.approx([2, 0])
    assert found.rents == pytest.approx(np.array([[0.5, 0, 0, 0]] * nodes))
    assert found.plan.sum(axis=0) == pytest.approx([5] * nodes)


def test_a_pod_goes_where_its_shape_is_left_over() -> None:
    """One node is short of cpu, the other of memory."""
    nodes = tuple(Node(f"n{i}", {"cpu": 100, "memory": 100, "pods": 99}) for i in range(2))
    wide = [PodSpec(requests=(("cpu", c), ("memory", m))) for c, m in ((10, 10), (1, 8), (8, 1))]
    pods = PodBatch.of((f"default/p{i}", s) for i, s in enumerate(wide * 9))
    cluster = Cluster.of(Workload(name="shapes", nodes=nodes, pods=pods))
    for row, (cpu, memory) in enumerate(((60, 20), (20, 60))):
        filler = PodSpec(requests=(("cpu", cpu), ("memory", memory)))
        cluster.place(cluster.signature(filler), row)
    for spec, best in ((wide[1], 0), (wide[2], 1)):
        score = DualPriceScore().score(cluster.pod(cluster.signature(spec)), cluster.view())
        assert int(score.argmax()) == best


@given(st.lists(st.tuples(st.integers(0, 6000), st.integers(0, 8 << 30)), min_size=1, max_size=4))
@settings(max_examples=50, deadline=None)
def test_what_a_pod_pays_rises_with_what_is_taken(taken: list[tuple[int, int]]) -> None:
    """Against fractions: u + STEEPNESS u^2, after less before; four pods a node, so power 2."""
    offered = {"cpu": 8000, "memory": 16 << 30}
    nodes = tuple(Node(f"n{i}", {**offered, "pods": 99}) for i in range(len(taken)))
    spec = PodSpec(requests=(("cpu", 2000), ("memory", 2 << 30)))
    pods = PodBatch.of((f"default/p{i}", spec) for i in range(9 * len(nodes)))
    cluster = Cluster.of(Workload(name="used", nodes=nodes, pods=pods))
    for row, (cpu, memory) in enumerate(taken):
        filler = PodSpec(requests=(("cpu", cpu), ("memory", memory)))
        cluster.place(cluster.signature(filler), row)
    score = DualPriceScore().score(cluster.pod(cluster.signature(spec)), cluster.view())

    def worth(used: int, size: int) -> Fraction:
        return Fraction(used, size) + STEEPNESS * Fraction(used, size) ** 2

    for row, (cpu, memory) in enumerate(taken):
        price = worth(cpu + 2000, 8000) - worth(cpu, 8000)
        price += worth(memory + (2 << 30), 16 << 30) - worth(memory, 16 << 30)
        assert -score[row] / 2**28 == pytest.approx(float(price), rel=0.01)


@pytest.mark.parametrize("distinct", [False, True])
def test_online_it_places_more_than_kubernetes_and_best_fit(distinct: bool) -> None:
    """By value, where every pod fits somewhere or waits for room: the ladder, made small."""
    workload = Ladder(nodes=250, pods=2_500, distinct=distinct).build(0)
    pods = workload.pods
    worth = np.exp2(np.unique(pods.priority, return_inverse=True)[1])
    value = {}
    for name in ("dual-price", "kubernetes", "best-fit"):
        placement = engine.greedy(name).schedule(Cluster.of(workload), pods, Budget())
        value[name] = float(worth[placement.node >= 0].sum())
    assert value["dual-price"] > value["kubernetes"] > value["best-fit"]
