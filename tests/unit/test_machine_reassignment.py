"""Machine reassignment: exhaustive oracles on tiny instances, exactness of every delta."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import schedlab_algorithms.machine_reassignment.polish as polishing
import schedlab_algorithms.machine_reassignment.search as searching
from schedlab_algorithms.machine_reassignment.annealing import draw, independent, sweep
from schedlab_algorithms.machine_reassignment.bound import (
    Prices,
    Relaxation,
    certified,
    lower_bound,
    optimal,
    uniform,
)
from schedlab_algorithms.machine_reassignment.chances import Chances
from schedlab_algorithms.machine_reassignment.columns import Columns
from schedlab_algorithms.machine_reassignment.cost import cost_of
from schedlab_algorithms.machine_reassignment.deltas import shift, shifts
from schedlab_algorithms.machine_reassignment.exchanges import exchange, exchanges, side
from schedlab_algorithms.machine_reassignment.neighbourhood import Neighbourhood
from schedlab_algorithms.machine_reassignment.pairs import Pairs, swap_prices
from schedlab_algorithms.machine_reassignment.polish import polish
from schedlab_algorithms.machine_reassignment.problem import Balance, Ints, Problem
from schedlab_algorithms.machine_reassignment.progress import Effort, Result
from schedlab_algorithms.machine_reassignment.search import COLD, FORBIDDEN, HOT, solve, strain
from schedlab_algorithms.machine_reassignment.state import NEVER, State
from schedlab_algorithms.machine_reassignment.tables import Tables
from schedlab_algorithms.machine_reassignment.verify import faults, recount

SEEDS = st.integers(0, 10_000)


def tiny(seed: int, processes: int = 5, machines: int = 3) -> Problem:
    """A random instance whose first assignment is legal."""
    rng = np.random.default_rng(seed)
    service = rng.integers(0, 4, processes)
    initial = rng.integers(0, machines, processes)
    for s in range(4):  # the processes of a service start on machines of their own
        its = np.flatnonzero(service == s)
        initial[its[:machines]] = rng.permutation(machines)[: len(its[:machines])]
        service[its[machines:]] = 4 + np.arange(len(its[machines:])) + 10 * s
    service = np.unique(service, return_inverse=True)[1]
    services = int(service.max()) + 1
    place = np.arange(machines)
    requirement = rng.integers(1, 10, (processes, 3))
    used = np.zeros((machines, 3), np.int64)
    np.add.at(used, initial, requirement)
    capacity = used + rng.integers(0, 12, used.shape)
    spread = np.array([len({place[m] for m in initial[service == s]}) for s in range(services)])
    return Problem(
        transient=np.array([False, True, False]),
        load_weight=np.array([3, 0, 2]),
        neighbourhood=place % 2,
        location=place,
        capacity=capacity,
        safety=capacity * 6 // 10,
        machine_move_cost=rng.integers(0, 3, (machines, machines))
        * (1 - np.eye(machines, dtype=int)),
        spread=np.minimum(spread, rng.integers(0, 3, services)),
        dependencies=_dependencies(rng, services, service, initial, place % 2),
        service=service,
        requirement=requirement,
        process_move_cost=rng.integers(0, 4, processes),
        balances=(Balance(0, 2, 2, 5),),
        process_weight=1,
        service_weight=4,
        machine_weight=2,
        initial=initial,
    )


def _dependencies(
    rng: np.random.Generator, services: int, service: Ints, initial: Ints, place: Ints
) -> tuple[Ints, ...]:
    where = [{int(place[m]) for m in initial[service == s]} for s in range(services)]
    return tuple(
        np.array(
            [t for t in range(services) if t != s and where[s] <= where[t] and rng.random() < 0.5],
            np.int64,
        )
        for s in range(services)
    )


def every_assignment(problem: Problem) -> list[Ints]:
    machines = range(problem.machines)
    return [np.array(a) for a in itertools.product(machines, repeat=problem.processes)]


def optimum(problem: Problem) -> int:
    legal = [a for a in every_assignment(problem) if not faults(problem, a)]
    return min(recount(problem, a) for a in legal)


def walked(problem: Problem, seed: int, steps: int = 12) -> State:
    """A state some random shifts away from the first assignment."""
    state, rng, fits = (
        State(problem, problem.initial, 3, 50),
        np.random.default_rng(seed),
        problem.fits(),
    )
    for _ in range(steps):
        p = int(rng.integers(problem.processes))
        state.move(p, int(rng.choice(np.flatnonzero(fits[p]))))
    return state


@given(SEEDS)
@settings(max_examples=30, deadline=None)
def test_costs_and_rules_of_every_assignment(seed: int) -> None:
    problem = tiny(seed, processes=4)
    for assignment in every_assignment(problem):
        assert cost_of(problem, assignment).total == recount(problem, assignment)
        if np.all(problem.fits()[np.arange(problem.processes), assignment]):
            state = State(problem, assignment, 3, 50)
            assert (state.broken() == 0) == (not faults(problem, assignment))


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_moves_keep_the_state_as_if_loaded_anew(seed: int) -> None:
    problem = tiny(seed, processes=8)
    _assert_fresh(walked(problem, seed))


COUNTS = ("in_location", "in_neighbourhood", "dependents", "locations", "moved", "movers")


def _assert_fresh(state: State) -> None:
    fresh = State(state.problem, state.at, state.strain, state.fault)
    for name in ("slack", "machine_cost", "entry", *COUNTS):
        assert np.array_equal(getattr(state, name), getattr(fresh, name)), name
    assert state.most_moved == fresh.most_moved


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_shift_is_the_difference_of_totals(seed: int) -> None:
    problem = tiny(seed, processes=8)
    state = walked(problem, seed)
    prices = shifts(state, np.arange(problem.processes))
    for p, to in itertools.product(range(problem.processes), range(problem.machines)):
        if not problem.fits()[p, to]:
            assert prices[p, to] >= NEVER / 2
            continue
        moved = state.at.copy()
        moved[p] = to
        difference = State(problem, moved, 3, 50).total() - state.total()
        assert shift(state, p, to) == difference
        assert prices[p, to] == difference


def alone(problem: Problem) -> Problem:
    """The same problem with one process a service, no spread and no dependencies."""
    count = problem.processes
    nothing = tuple(np.zeros(0, np.int64) for _ in range(count))
    return replace(
        problem, service=np.arange(count), spread=np.zeros(count, np.int64), dependencies=nothing
    )


@given(SEEDS)
@settings(max_examples=8, deadline=None)
def test_swaps_are_exact_unless_their_services_are_related(seed: int) -> None:
    problem = replace(tiny(seed, processes=9, machines=4), service_weight=0)
    state, random = walked(problem, seed), np.random.default_rng(seed)
    tables = Tables(state, np.float64)
    pairs = Pairs.drawn(state, tables, random)
    prices = swap_prices(state, tables, pairs, np.zeros(pairs.who.shape))
    assert prices.shape == (len(pairs.who), len(pairs.who), 2)
    for i, j, k in np.ndindex(prices.shape):
        p, q = int(pairs.who[i, k]), int(pairs.who[j, k + 2])
        if (p == tables.nobody and i > 0) or (q == tables.nobody and j > 0):
            continue
        services = [int(problem.service[x]) for x in (p, q) if x < problem.processes]
        if len(set(services)) == 2 and services[1] in tables.related[services[0]]:
            continue
        moved = {p: pairs.machine[k + 2], q: pairs.machine[k]}
        moved.pop(tables.nobody, None)
        _check(problem, state, moved, prices[i, j, k])


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_who_may_move_are_different_residents(seed: int) -> None:
    problem = tiny(seed, processes=9, machines=4)
    state = walked(problem, seed)
    pairs = Pairs.drawn(state, Tables(state, np.float64), np.random.default_rng(seed))
    assert sorted(pairs.machine) == sorted(set(pairs.machine.tolist()))
    assert np.array_equal(pairs.other, np.roll(pairs.machine, 2))
    for machine, column in zip(pairs.machine, pairs.who.T, strict=True):
        here = np.flatnonzero(state.at == machine).tolist()
        some = [p for p in column.tolist() if p < problem.processes]
        assert len(some) == min(len(here), 9 // 4 + 2) == len(set(some) & set(here))


def test_sweeps_keep_the_state_as_if_loaded_anew() -> None:
    made = 0
    for seed in range(20):
        problem = tiny(seed, processes=14, machines=5)
        state, chances = walked(problem, seed), Chances.of(seed)
        tables = Tables(state, np.float32)
        made += sum(sweep(state, tables, chances, 5.0) for _ in range(20))
        _assert_fresh(state)
    assert made > 20


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_moves_made_together_cost_what_their_prices_add_up_to(seed: int) -> None:
    problem = replace(tiny(seed, processes=16, machines=6), service_weight=0)
    state, chances = walked(problem, seed), Chances.of(seed)
    tables, before = Tables(state, np.float64), state.total()
    pairs = Pairs.drawn(state, tables, chances.random)
    prices = swap_prices(state, tables, pairs, np.zeros(pairs.who.shape))
    moves = draw(prices, chances, 40.0)
    kept = moves.some(independent(tables, pairs, moves))
    moved = state.at.copy()
    for column, i, j in zip(kept.column, kept.ours, kept.theirs, strict=True):
        for p, to in (
            (pairs.who[i, column], pairs.other[column]),
            (pairs.who[j, column + 3], pairs.other[column + 3]),
        ):
            if p != tables.nobody:
                moved[p] = to
    if kept.seen.sum() < NEVER / 2:
        assert State(problem, moved, 3, 50).total() == before + kept.seen.sum()


def test_tiny_processes_are_drawn_less_by_the_square_of_their_size() -> None:
    state = State(tiny(4), tiny(4).initial, 3, 50)
    temperature = float(np.median(state.size)) / 4
    reluctance = Tables(state, np.float64).reluctance(temperature)
    weight = np.minimum(state.size / (5 * temperature), 1) ** 2
    assert weight.min() < 1 == weight.max()
    assert np.exp(-reluctance / temperature) == pytest.approx(np.append(weight, 1))


def test_rules_cost_little_while_hot_and_more_than_any_gain_when_cold() -> None:
    heats = np.geomspace(HOT, COLD, 50).tolist()
    prices = [strain(heat) for heat in heats]
    assert prices[0] == 1
    assert prices[-1] == FORBIDDEN
    assert prices == sorted(prices)


def test_a_heat_bath_draws_in_proportion_to_the_boltzmann_factors() -> None:
    prices = np.zeros((2, 2, 1000))
    prices[0, 1], prices[1, 0], prices[1, 1] = 1.0, 2.0, NEVER
    counts, chances = np.zeros(4), Chances.of(0)
    for _ in range(40):
        moves = draw(prices, chances, 1.5)
        counts += np.bincount(2 * moves.ours + moves.theirs, minlength=4)
    counts[0] = 40_000 - counts[1:].sum()
    factors = np.exp([0, -1 / 1.5, -2 / 1.5, -np.inf])
    assert counts / 40_000 == pytest.approx(factors / factors.sum(), abs=0.01)


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_exchanges_are_exact_without_rules_between_services(seed: int) -> None:
    problem = replace(alone(tiny(seed, processes=8)), service_weight=0)
    state = walked(problem, seed)
    ours, theirs = (side(state, a, b, 30, np.random.default_rng(0)) for a, b in ((0, 1), (1, 0)))
    table = exchanges(state, 0, 1, ours, theirs)
    for i, j in itertools.product(range(len(ours.who)), range(len(theirs.who))):
        moves = {p: 1 for p in ours.who[i] if p >= 0} | {q: 0 for q in theirs.who[j] if q >= 0}
        _check(problem, state, moves, table[i, j])


def test_exchanges_look_at_some_of_very_many_processes() -> None:
    count = 1200
    problem = replace(
        RULES,
        capacity=np.full((3, 2), 2 * count),
        safety=np.full((3, 2), count // 2),
        spread=np.zeros(count, np.int64),
        dependencies=(np.zeros(0, np.int64),) * count,
        service=np.arange(count),
        requirement=np.ones((count, 2), np.int64),
        process_move_cost=np.zeros(count, np.int64),
        initial=np.repeat([0, 1], count // 2),
    )
    state = State(problem, problem.initial, 3, 50)
    some = side(state, 0, 1, 30, np.random.default_rng(0))
    assert some.who[0].tolist() == [-1, -1]
    assert len(np.unique(some.who[:, 0])) == len(some.who) == 30
    assert np.all(problem.initial[some.who[1:, 0]] == 0)
    for seed in range(4):
        exchange(state, Chances.of(seed), 1.0)
    _assert_fresh(state)


def _check(problem: Problem, state: State, moves: dict[int, int], price: float) -> None:
    moved = state.at.copy()
    moved[list(moves)] = list(moves.values())
    if price < NEVER / 2:
        assert price == State(problem, moved, 3, 50).total() - state.total()


@pytest.mark.parametrize("seed", range(6))
def test_search_reaches_the_optimum(seed: int) -> None:
    problem = tiny(seed)
    result = solve(problem, Effort(batches=1000), seed)
    assert not faults(problem, result.assignment)
    assert recount(problem, result.assignment) == result.value == optimum(problem)


def test_same_seed_and_effort_same_answer() -> None:
    problem = tiny(3, processes=12, machines=4)
    first, second = (solve(problem, Effort(batches=500), 7) for _ in range(2))
    assert np.array_equal(first.assignment, second.assignment)
    assert [v for _, v in first.trace] == [v for _, v in second.trace]


def test_trace_falls_from_the_first_assignment_to_the_value() -> None:
    problem = tiny(5, processes=10)
    result = solve(problem, Effort(batches=500))
    values = [value for _, value in result.trace]
    assert values[0] == cost_of(problem, problem.initial).total
    assert values[-1] == result.value
    assert all(b < a for a, b in itertools.pairwise(values))


def test_no_seconds_no_search() -> None:
    problem = tiny(1)
    result = solve(problem, Effort(seconds=0.0))
    assert np.array_equal(result.assignment, problem.initial)
    assert result.batches == 0


@pytest.mark.parametrize("asked", [1, 5, 60, 900, 980, 1000])  # the last two while polishing
def test_once_cancelled_no_step_is_begun(asked: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asks: list[int] = []

    def cancelled() -> bool:
        asks.append(1)
        return len(asks) > asked

    def watched(step: Callable[..., int]) -> Callable[..., int]:
        def begun(*arguments: object) -> int:
            assert len(asks) <= asked
            return step(*arguments)

        return begun

    problem = tiny(3, processes=12, machines=4)
    for module, name, step in (
        (searching, "sweep", sweep),
        (polishing, "sweep", sweep),
        (polishing, "exchange", exchange),
    ):
        monkeypatch.setattr(module, name, watched(step))
    result = solve(problem, Effort(batches=1000, cancelled=cancelled))
    assert len(asks) > asked
    assert not faults(problem, result.assignment)
    assert recount(problem, result.assignment) == result.value


def test_a_cancelled_effort_has_nothing_left() -> None:
    effort = Effort(batches=10, seconds=100.0, cancelled=lambda: True)
    assert (effort.share(0), effort.left()) == (1.0, 0.0)


def test_a_cancelled_bound_is_that_of_sums() -> None:
    found = [tiny(seed) for seed in range(12)]
    assert any(lower_bound(p, 20.0) > lower_bound(p) for p in found)
    assert all(lower_bound(p, 20.0, lambda: True) == lower_bound(p) for p in found)


@pytest.mark.parametrize("seed", range(8))
def test_a_neighbourhood_of_all_machines_is_the_problem(seed: int) -> None:
    problem = tiny(seed)
    neighbourhood = Neighbourhood(problem, Columns(problem, 1), problem.initial, [0, 1, 2])
    neighbourhood.build(problem.fits())
    answer = neighbourhood.solve(10.0, Effort(seconds=60.0), 0)
    assignment = problem.initial.copy()
    for p, m in answer.moves.items():
        assignment[p] = m
    assert answer.exhausted
    assert not faults(problem, assignment)
    assert recount(problem, assignment) == optimum(problem)


@pytest.mark.parametrize("seed", range(8))
def test_a_neighbourhood_breaks_no_rule_with_what_stays(seed: int) -> None:
    problem = tiny(seed, processes=10, machines=4)
    neighbourhood = Neighbourhood(problem, Columns(problem, 1), problem.initial, [0, 2])
    neighbourhood.build(problem.fits())
    assignment = problem.initial.copy()
    for p, m in neighbourhood.solve(10.0, Effort(seconds=60.0), 0).moves.items():
        assignment[p] = m
    assert not faults(problem, assignment)
    assert recount(problem, assignment) <= recount(problem, problem.initial)


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_no_prices_give_a_bound_above_the_optimum(seed: int) -> None:
    problem, rng = tiny(seed, processes=4), np.random.default_rng(seed)
    relaxation, best = Relaxation.of(problem), optimum(problem)
    anything = Prices(
        rng.integers(0, 6000, relaxation.safe.shape),
        rng.integers(0, 3000, relaxation.room.shape),
        rng.integers(0, 9000, (problem.services, problem.machines)),
    )
    assert certified(problem, relaxation, anything) <= best
    assert certified(problem, relaxation, uniform(problem, relaxation)) <= best
    assert lower_bound(problem, 20.0) <= best


def test_the_linear_program_bounds_better_than_sums() -> None:
    found = []
    for seed in range(12):
        problem = tiny(seed)
        relaxation = Relaxation.of(problem)
        prices = optimal(problem, relaxation, 20.0)
        assert prices is not None
        summed = certified(problem, relaxation, uniform(problem, relaxation))
        found.append(certified(problem, relaxation, prices) - summed)
    assert min(found) >= -1  # rounded prices may lose a unit
    assert max(found) > 0


def test_a_process_that_stays_takes_no_transient_room_of_its_own_machine() -> None:
    problem = replace(
        RULES,
        capacity=np.array([[20, 1], [10, 10], [4, 10]]),
        safety=np.array([[20, 10], [10, 10], [10, 10]]),
        requirement=np.array([[15, 1], [1, 1], [1, 1], [6, 9]]),  # the first fits on 0 alone
        initial=np.array([0, 1, 2, 1]),
        spread=np.zeros(3, np.int64),
        dependencies=(np.zeros(0, np.int64),) * 3,
    )
    assert cost_of(problem, problem.initial).total == 0
    relaxation = Relaxation.of(problem)
    dear = np.zeros_like(relaxation.room)
    dear[0, 1] = 5000  # the resource of which machine 0 has no room but for its first process
    prices = replace(uniform(problem, relaxation), use=dear)
    assert certified(problem, relaxation, prices) == 0


@pytest.mark.parametrize(("spread", "where"), [(1, 1), (2, 2)])
def test_a_neighbourhood_keeps_the_spread_though_moving_would_pay(spread: int, where: int) -> None:
    problem = replace(
        RULES,
        location=np.array([0, 0, 2]),
        safety=np.array([[10, 10], [10, 10], [0, 0]]),
        initial=np.array([0, 2, 0, 1]),
        spread=np.array([spread, 0, 0]),
        dependencies=(np.zeros(0, np.int64),) * 3,
    )
    state = State(problem, problem.initial, 1, 1)
    neighbourhood = Neighbourhood(problem, state.columns, problem.initial, [1, 2])
    neighbourhood.build(problem.fits())
    assert neighbourhood.solve(10.0, Effort(seconds=60.0), 0).moves.get(1, 2) == where


def test_prices_too_large_are_refused() -> None:
    problem = tiny(0)
    relaxation = Relaxation.of(problem)
    huge = np.full(relaxation.room.shape, 2**60)
    prices = replace(uniform(problem, relaxation), use=huge)
    with pytest.raises(OverflowError, match="too large"):
        certified(problem, relaxation, prices)


def test_a_cold_sweep_only_makes_what_it_says_and_what_helps() -> None:
    problem = tiny(2, processes=12, machines=4)
    state = State(problem, problem.initial, 3, 50)
    chances, tables = Chances.of(1), Tables(state, np.float64)
    before = state.at.copy()
    made = sum(sweep(state, tables, chances, 1e-6) for _ in range(20))
    assert (made > 0) == bool(np.any(state.at != before))
    assert state.objective() + state.broken() - _service_move(state) <= (
        State(problem, before, 3, 50).total()
    )


def _service_move(state: State) -> int:
    """A sweep does not see the cost of the service that moved most."""
    return state.problem.service_weight * state.most_moved


RULES = Problem(
    transient=np.array([False, True]),
    load_weight=np.array([1, 1]),
    neighbourhood=np.array([0, 0, 1]),
    location=np.array([0, 1, 2]),
    capacity=np.array([[10, 10], [10, 10], [4, 10]]),
    safety=np.array([[10, 10], [10, 10], [4, 10]]),
    machine_move_cost=np.zeros((3, 3), np.int64),
    spread=np.array([2, 0, 0]),
    dependencies=(np.zeros(0, np.int64), np.array([0]), np.zeros(0, np.int64)),
    service=np.array([0, 0, 1, 2]),
    requirement=np.array([[1, 1], [1, 1], [1, 1], [6, 9]]),
    process_move_cost=np.zeros(4, np.int64),
    balances=(),
    process_weight=1,
    service_weight=1,
    machine_weight=1,
    initial=np.array([0, 1, 0, 1]),
)


@pytest.mark.parametrize(
    ("assignment", "fault"),
    [
        ([0, 1, 0, 1], None),
        ([0, 0, 0, 1], "two processes on machine 0"),
        ([0, 1, 0, 2], "uses 6 of resource 0, has 4"),
        ([0, 1, 2, 1], "no process of 0 in neighbourhood 1"),
        ([0, 1, 0, 0], "uses 11 of resource 1, has 10"),
        ([2, 0, 1, 1], "machine 1: uses 11 of resource 1"),  # the moved one's transient use
        ([0, 1, 0], "3 machines for 4 processes"),
        ([0, 1, 0, 3], "no machine 3"),
        ([0, 1, 0, -1], "no machine -1"),
    ],
)
def test_verifier_names_each_broken_rule(assignment: list[int], fault: str | None) -> None:
    found = faults(RULES, np.array(assignment))
    assert found == [] if fault is None else any(fault in f for f in found), found


def test_verifier_names_missing_spread() -> None:
    near = replace(RULES, location=np.array([0, 0, 2]))
    assert faults(near, near.initial) == ["service 0: in 1 locations, must be in 2"]


def test_search_refuses_an_illegal_first_assignment() -> None:
    with pytest.raises(ValueError, match="breaks a rule"):
        solve(replace(RULES, spread=np.array([3, 0, 0])), Effort(batches=10))


def test_an_overload_is_as_dear_as_its_share_of_the_room_for_newcomers() -> None:
    weight = State(RULES, RULES.initial, 1, 1).columns.weight
    room = [[10, 8], [10, 0], [4, 10]]  # transient: the first processes take theirs for good
    shares = [[10 / 10, 10 / 8], [10 / 10, 10], [4 / 4, 10 / 10]]
    assert RULES.room().tolist() == room
    assert weight[:, 2:].tolist() == np.rint(shares).tolist()
    assert np.all(weight[:, :2] == 1)


def test_polishing_brings_home_who_moved_for_nothing() -> None:
    problem = replace(RULES, process_move_cost=np.ones(4, np.int64))
    assignment = np.array([1, 0, 0, 1])  # two of a service have changed places
    state, value = State(problem, assignment, 2000, 2000), cost_of(problem, assignment).total
    result = Result(assignment, value, [(0.0, value)])
    polish(state, Chances.of(0), Effort(batches=200), result, lambda share, value: None)
    assert result.value == cost_of(problem, problem.initial).total < value
