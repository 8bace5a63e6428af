"""Patterns of one bin, and the fewest bins, against slow oracles on small instances."""

from __future__ import annotations

import math
from functools import cache
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from schedlab_algorithms.packing.effort import Effort
from schedlab_algorithms.patterns.bins import BinsFound, minimum_bins
from schedlab_algorithms.patterns.bounds import (
    conflict_bound,
    dual_feasible_bound,
    price_bound,
    volume_bound,
)
from schedlab_algorithms.patterns.columns import Generation
from schedlab_algorithms.patterns.diving import dive
from schedlab_algorithms.patterns.greedy import greedy_fillings
from schedlab_algorithms.patterns.heuristics import greedy_packings
from schedlab_algorithms.patterns.knapsack import best_fillings
from schedlab_algorithms.patterns.master import Master
from schedlab_algorithms.patterns.problem import BinPacking, identical_bins

Ints = NDArray[np.int64]
Knapsack = tuple[Ints, Ints, Ints, Ints]


def ints(values: object) -> Ints:
    return np.array(values, np.int64)


def effort(seed: int = 0, left: float = 5.0) -> Effort:
    return Effort(left, math.inf, seed)


def fillings(sizes: Ints, most: Ints, capacity: Ints) -> list[Ints]:
    """Return every way to fill one bin, by trying all."""
    counts = product(*(range(int(m) + 1) for m in most))
    return [p for p in map(ints, counts) if (p @ sizes <= capacity).all()]


def least_cost(problem: BinPacking) -> int:
    """Return what the bins cost at least, by trying everything; a large number if none will do."""
    demand = tuple(int(d) for d in problem.demand)
    kinds = list(zip(problem.most, problem.capacity, strict=True))
    ways = [
        (kind, tuple(int(x) for x in pattern))
        for kind, (most, capacity) in enumerate(kinds)
        for pattern in fillings(problem.sizes, most, capacity)
        if pattern.any()
    ]

    @cache
    def cost(left: tuple[int, ...], bins: tuple[int, ...]) -> int:
        if not any(left):
            return 0
        costs = [10**6]
        for kind, way in ways:
            if bins[kind] and all(w <= have for w, have in zip(way, left, strict=True)):
                rest = tuple(have - w for w, have in zip(way, left, strict=True))
                fewer = tuple(b - (k == kind) for k, b in enumerate(bins))
                costs.append(int(problem.cost[kind]) + cost(rest, fewer))
        return min(costs)

    return cost(demand, tuple(int(b) for b in problem.bins))


@st.composite
def knapsacks(draw: st.DrawFn, least: int = 0) -> Knapsack:
    """Draw values, sizes, most and capacity of a small knapsack."""
    types, dims = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    vector = st.lists(st.integers(0, 12), min_size=types, max_size=types)
    row = st.lists(st.integers(least, 9), min_size=dims, max_size=dims)
    sizes = draw(st.lists(row, min_size=types, max_size=types))
    most = draw(st.lists(st.integers(0, 3), min_size=types, max_size=types))
    capacity = draw(st.lists(st.integers(0, 24), min_size=dims, max_size=dims))
    return ints(draw(vector)), ints(sizes), ints(most), ints(capacity)


@st.composite
def packings(draw: st.DrawFn, kinds: int = 1) -> BinPacking:
    """Draw few items, and bins of some kinds, of which the first is large and not scarce."""
    types, dims = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    row = st.lists(st.integers(0, 10), min_size=dims, max_size=dims)
    sizes = ints(draw(st.lists(row, min_size=types, max_size=types)))
    demand = ints(draw(st.lists(st.integers(1, 2), min_size=types, max_size=types)))
    first = identical_bins(sizes, demand, np.full(dims, 10))
    more = [ints(draw(row)) for _ in range(kinds - 1)]
    capacity = np.vstack([first.capacity, *more])
    fit = [[len(fillings(sizes[[t]], ints([2]), c)) - 1 for t in range(types)] for c in more]
    return BinPacking(
        sizes=sizes,
        demand=demand,
        capacity=capacity,
        bins=ints([int(demand.sum())] + [draw(st.integers(0, 2)) for _ in more]),
        cost=ints([2] + [draw(st.integers(0, 2)) for _ in more]) if more else ints([1]),
        most=np.vstack([first.most, *[np.minimum(f, demand) for f in fit]]),
    )


@given(st.one_of(knapsacks(), knapsacks(least=-3)), st.integers(0, 20))
@settings(max_examples=80, deadline=None)
def test_best_filling_is_the_best_of_all(knapsack: Knapsack, floor: int) -> None:
    values, sizes, most, capacity = knapsack
    best = max(int(p @ values) for p in fillings(sizes, most, capacity))
    found = best_fillings(values, sizes, most, capacity, floor=floor, keep=3)
    assert found.bound == max(best, floor)
    assert found.values[:1].tolist() == ([best] if best > floor else [])
    for pattern, value in zip(found.patterns, found.values, strict=True):
        assert (pattern @ sizes <= capacity).all()
        assert (pattern <= most).all()
        assert pattern @ values == value


@given(st.one_of(knapsacks(), knapsacks(least=-3)), st.integers(1, 30))
@settings(max_examples=40, deadline=None)
def test_a_search_cut_short_still_bounds(knapsack: Knapsack, limit: int) -> None:
    values, sizes, most, capacity = knapsack
    best = max(int(p @ values) for p in fillings(sizes, most, capacity))
    assert best_fillings(values, sizes, most, capacity, limit=limit).bound >= best
    assert best_fillings(values, sizes, most, capacity, enough=1).bound >= best


@given(knapsacks(), st.integers(0, 5))
@settings(max_examples=50, deadline=None)
def test_greedy_fillings_fit_and_leave_no_room(knapsack: Knapsack, seed: int) -> None:
    values, sizes, most, capacity = knapsack
    found = greedy_fillings(
        values.astype(np.float64), sizes, most, capacity, np.random.default_rng(seed), 6
    )
    for pattern in found:
        room = capacity - pattern @ sizes
        assert (room >= 0).all()
        assert (pattern <= most).all()
        more = (values > 0) & (pattern < most) & (sizes <= room).all(axis=1)
        assert not more.any()


@given(packings())
@settings(max_examples=40, deadline=None)
def test_bins_and_bounds_enclose_the_optimum(problem: BinPacking) -> None:
    optimum = least_cost(problem)
    found = minimum_bins(problem.sizes, problem.demand, problem.capacity[0], effort(left=0.3))
    assert np.array_equal(found.patterns.sum(axis=0), problem.demand)
    assert (found.patterns @ problem.sizes <= problem.capacity[0]).all()
    assert found.bound <= optimum <= len(found.patterns)
    assert volume_bound(problem) <= optimum
    assert conflict_bound(problem) <= optimum
    assert dual_feasible_bound(problem) <= optimum


@given(packings(kinds=3), st.data())
@settings(max_examples=40, deadline=None)
def test_any_prices_bound_the_cost_of_bins_of_several_kinds(
    problem: BinPacking, data: st.DataObject
) -> None:
    price = st.lists(st.integers(0, 30), min_size=len(problem.demand), max_size=4)
    prices = ints(data.draw(price))[: len(problem.demand)]
    best = [
        max(int(p @ prices) for p in fillings(problem.sizes, most, capacity))
        for most, capacity in zip(problem.most, problem.capacity, strict=True)
    ]
    bound = price_bound(problem, problem.demand, problem.bins, prices, ints(best), 10)
    assert bound <= least_cost(problem)


@given(packings(kinds=3), st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_generation_and_dives_enclose_the_least_cost(problem: BinPacking, seed: int) -> None:
    optimum = least_cost(problem)
    master = Master(problem, 10.0)
    generation = Generation(problem, master, np.random.default_rng(seed), effort(seed))
    generation.settle()
    bins = dive(generation, 10**6, 2, 0.0)
    assert generation.bound <= optimum
    assert bins is not None
    assert sum(int(problem.cost[kind]) for kind, _ in bins) >= optimum
    assert np.array_equal(sum(pattern for _, pattern in bins), problem.demand)
    for kind, pattern in bins:
        assert (pattern @ problem.sizes <= problem.capacity[kind]).all()
        assert (pattern <= problem.most[kind]).all()
    used = np.bincount([kind for kind, _ in bins], minlength=len(problem.bins))
    assert (used <= problem.bins).all()


def triples(seed: int, bins: int) -> tuple[Ints, Ints, Ints]:
    """Return items that fill so many bins exactly, three in each (two dimensions)."""
    generator = np.random.default_rng(seed)
    first = generator.integers(25, 40, (bins, 2))
    second = generator.integers(25, 40, (bins, 2))
    sizes = np.concatenate([first, second, 100 - first - second])
    return sizes, np.ones(len(sizes), np.int64), ints([100, 100])


def test_triples_that_leave_no_room_are_found_and_proven() -> None:
    sizes, demand, capacity = triples(0, 20)
    problem = identical_bins(sizes, demand, capacity)
    greedy = greedy_packings(problem, np.random.default_rng(0), 8)
    found = minimum_bins(sizes, demand, capacity, effort())
    assert len(greedy[0]) > 20  # so this is no easy instance
    assert (len(found.patterns), found.bound, found.proven) == (20, 20, True)


def test_one_seed_and_effort_give_one_packing() -> None:
    sizes, demand, capacity = triples(1, 12)
    first, second = (minimum_bins(sizes, demand, capacity, effort(7, 0.1)) for _ in range(2))
    assert np.array_equal(first.patterns, second.patterns)
    assert first.bound == second.bound


@pytest.mark.parametrize("questions", [0, 1, 10, 100, 300])
def test_whenever_it_is_cancelled_it_answers_with_a_packing(questions: int) -> None:
    sizes, demand, capacity = triples(2, 15)
    asked = iter(range(questions))
    cancelled = Effort(math.inf, math.inf, 0, cancelled=lambda: next(asked, None) is None)
    found = minimum_bins(sizes, demand, capacity, cancelled)
    assert np.array_equal(found.patterns.sum(axis=0), demand)
    assert (found.patterns @ sizes <= capacity).all()
    assert found.bound <= 15 <= len(found.patterns)


def test_items_of_negative_size_make_room() -> None:
    sizes, demand = ints([[7, 5], [5, -2], [-2, 7]]), ints([1, 1, 1])
    found: BinsFound = minimum_bins(sizes, demand, ints([10, 10]), effort(left=1.0))
    assert (len(found.patterns), found.bound) == (1, 1)


def test_an_item_larger_than_a_bin_is_refused() -> None:
    with pytest.raises(ValueError, match="larger than a bin"):
        minimum_bins(ints([[11]]), ints([1]), ints([10]), effort())
