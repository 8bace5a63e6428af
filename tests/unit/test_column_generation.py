"""ColumnGeneration: the master problem, whole numbers, and what it comes to."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedlab.api import Budget, Cluster, never
from schedlab.errors import InputError
from schedlab.metrics.verify import verify
from schedlab_algorithms.column_generation import ColumnGeneration
from schedlab_algorithms.column_generation.kinds import Kinds
from schedlab_algorithms.column_generation.master import Master
from schedlab_algorithms.column_generation.restricted import restricted
from schedlab_algorithms.column_generation.rounding import rounded, spread
from schedlab_algorithms.packing.effort import Effort
from schedlab_workloads.ladder import Ladder


def master() -> Master:
    """Return a master problem of two kinds of nodes and two items."""
    found = Master(np.array([2, 1]), np.array([5, 3]), np.array([1.0, 2.0]))
    for kind, pattern in ((0, [2, 0]), (0, [1, 1]), (1, [0, 2]), (1, [3, 0])):
        assert found.add(kind, np.array(pattern))
    return found


def test_the_master_problem_by_hand() -> None:
    found = master()
    assert not found.add(0, np.array([2, 0])), "it is there"
    prices = found.solve(never)
    assert prices is not None
    # Two nodes with [1, 1], one with half of each of its patterns: 6 + 3.5.
    assert prices.value == pytest.approx(9.5)
    kinds, patterns = np.array(found.kinds), np.array(found.patterns)
    reduced = patterns @ (found.weights - prices.pods) - prices.nodes[kinds]
    assert (reduced <= 1e-6).all()
    assert prices.nodes @ found.size + prices.pods @ found.supply == pytest.approx(9.5)


@given(st.lists(st.floats(0, 2), min_size=4, max_size=4), st.sampled_from([0.1, 0.5, 2.0]))
def test_whole_numbers_respect_nodes_and_pods(used: list[float], least: float) -> None:
    found = master()
    kinds, patterns = np.array(found.kinds), np.array(found.patterns)
    fractions = np.array(used)
    nodes, pods = np.bincount(kinds, fractions), fractions @ patterns
    fractions /= max(1.0, (nodes / found.size).max(), (pods / found.supply).max())
    times = rounded(found, fractions, least)
    assert (times >= np.floor(fractions)).all()
    assert (times <= np.ceil(fractions)).all()
    assert (np.bincount(kinds, times) <= found.size).all()
    assert (times @ patterns <= found.supply).all()
    of = np.array([1, 0, 0])
    room, eligible = np.zeros((2, 1), np.int64), np.ones((2, 2), np.bool_)
    pattern = spread(found, Kinds(of, found.size, room, eligible), times)
    np.testing.assert_array_equal(np.bincount(pattern[pattern >= 0], minlength=4), times)
    assert (kinds[pattern[pattern >= 0]] == of[pattern >= 0]).all()


@pytest.mark.parametrize("supply", [(5, 3), (3, 3), (6, 1), (1, 0)])
@pytest.mark.parametrize("nodes", [(2, 1), (3, 2)])
def test_whole_numbers_are_worth_most(supply: tuple[int, int], nodes: tuple[int, int]) -> None:
    """Against all whole numbers, where pods beyond the supply count for nothing."""
    found = Master(np.array(nodes), np.array(supply), np.array([1.0, 2.0]))
    for kind, pattern in ((0, [2, 0]), (0, [1, 1]), (1, [0, 2]), (1, [3, 0])):
        found.add(kind, np.array(pattern))
    prices = found.solve(never)
    assert prices is not None
    chosen = restricted(found, prices, np.zeros(4, np.int64), 1.0, Effort.of(Budget()))
    assert chosen is not None
    kinds, patterns = np.array(found.kinds), np.array(found.patterns)

    def worth(times: np.ndarray) -> float:
        return float(np.minimum(times @ patterns, supply) @ found.weights)

    def allowed(times: np.ndarray) -> bool:
        return bool((np.bincount(kinds, times, minlength=2) <= nodes).all())

    every = [np.array(times) for times in product(range(4), repeat=4)]
    assert allowed(chosen)
    assert worth(chosen) == max(worth(times) for times in every if allowed(times))


def test_nodes_are_counted_by_what_they_hold() -> None:
    found = master()
    holding = np.array([[1, 1], [3, 0], [1, 1], [9, 9]])
    assert found.often(np.array([0, 1, 0, 1]), holding).tolist() == [0, 2, 0, 1, 1]


def test_few_kinds_of_nodes_and_pods_are_packed_as_well_as_can_be() -> None:
    workload = Ladder(nodes=16, pods=128, signatures=12, pools=1).build(2)
    info = ColumnGeneration().schedule(Cluster.of(workload), workload.pods, Budget(effort=3.0)).info
    assert info["value"] == info["bound"]
    assert info["status"] == "optimal"


def test_it_comes_near_the_bound() -> None:
    workload = Ladder(nodes=96, pods=1_000, signatures=30, pools=2).build(0)
    found = ColumnGeneration().schedule(Cluster.of(workload), workload.pods, Budget(effort=3.0))
    assert verify(workload, found) == []
    assert found.info["gap"] < 0.005
    assert found.info["gap"] < (found.info["bound"] / found.info["greedy_value"] - 1) / 2


def test_with_too_many_kinds_nodes_are_filled_one_by_one() -> None:
    workload = Ladder(nodes=32, pods=500, distinct=True).build(0)
    found = ColumnGeneration(kinds=4)
    info = found.schedule(Cluster.of(workload), workload.pods, Budget(effort=1.0)).info
    assert "columns" not in info
    assert info["repacked"] > 0


@pytest.mark.parametrize("calls", [0, 20, 60, 200])
def test_cancelled_it_answers_with_what_it_has(calls: int) -> None:
    workload = Ladder(nodes=64, pods=1_000).build(0)
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > calls

    budget = Budget(effort=1e9, cancelled=cancelled)
    scheduler = ColumnGeneration(patience=10_000)
    placement = scheduler.schedule(Cluster.of(workload), workload.pods, budget)
    assert verify(workload, placement) == []
    assert placement.info["status"] == "cancelled"
    assert asked < calls + 300


@pytest.mark.parametrize("name", ["kinds", "rounds", "nodes", "patience"])
def test_arguments_out_of_range_are_refused(name: str) -> None:
    with pytest.raises(InputError, match=name):
        ColumnGeneration(**{name: 0})
