"""Machine reassignment: exhaustive oracles on tiny instances, exactness of every delta."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedlab_algorithms.machine_reassignment.annealing import Chances, batch
from schedlab_algorithms.machine_reassignment.bound import (
    Prices,
    Relaxation,
    certified,
    lower_bound,
    optimal,
    uniform,
)
from schedlab_algorithms.machine_reassignment.cost import cost_of
from schedlab_algorithms.machine_reassignment.deltas import shift, shifts, swaps
from schedlab_algorithms.machine_reassignment.exchanges import exchanges, side
from schedlab_algorithms.machine_reassignment.neighbourhood import Neighbourhood
from schedlab_algorithms.machine_reassignment.problem import Balance, Ints, Problem
from schedlab_algorithms.machine_reassignment.progress import Effort
from schedlab_algorithms.machine_reassignment.search import solve
from schedlab_algorithms.machine_reassignment.state import NEVER, Columns, State
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
    state = walked(problem, seed)
    fresh = State(problem, state.at, 3, 50)
    for name in ("slack", "machine_cost", "entry", "dependents", "locations", "moved", "movers"):
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
@settings(max_examples=25, deadline=None)
def test_swap_and_exchange_are_exact_without_rules_between_services(seed: int) -> None:
    problem = replace(alone(tiny(seed, processes=8)), service_weight=0)
    state, everyone = walked(problem, seed), np.arange(problem.processes)
    prices = swaps(state, everyone, np.tile(everyone, (problem.processes, 1)))
    for p, q in itertools.product(everyone, everyone):
        _check(problem, state, {p: state.at[q], q: state.at[p]}, prices[p, q])
    ours, theirs = (side(state, a, b, 30, np.random.default_rng(0)) for a, b in ((0, 1), (1, 0)))
    table = exchanges(state, 0, 1, ours, theirs)
    for i, j in itertools.product(range(len(ours.who)), range(len(theirs.who))):
        moves = {p: 1 for p in ours.who[i] if p >= 0} | {q: 0 for q in theirs.who[j] if q >= 0}
        _check(problem, state, moves, table[i, j])


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


@pytest.mark.parametrize("seed", range(8))
def test_a_neighbourhood_of_all_machines_is_the_problem(seed: int) -> None:
    problem = tiny(seed)
    neighbourhood = Neighbourhood(problem, Columns(problem, 1), problem.initial, [0, 1, 2])
    neighbourhood.build(problem.fits())
    answer = neighbourhood.solve(10.0, 60.0, 0)
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
    for p, m in neighbourhood.solve(10.0, 60.0, 0).moves.items():
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
    assert neighbourhood.solve(10.0, 60.0, 0).moves.get(1, 2) == where


def test_prices_too_large_are_refused() -> None:
    problem = tiny(0)
    relaxation = Relaxation.of(problem)
    huge = np.full(relaxation.room.shape, 2**60)
    prices = replace(uniform(problem, relaxation), use=huge)
    with pytest.raises(OverflowError, match="too large"):
        certified(problem, relaxation, prices)


def test_batches_only_make_what_they_say() -> None:
    problem = tiny(2, processes=12, machines=4)
    state = State(problem, problem.initial, 3, 50)
    chances = Chances.of(problem, 1)
    before = state.at.copy()
    made = sum(batch(state, chances, 1e-6) for _ in range(20))
    assert (made > 0) == bool(np.any(state.at != before))
    assert state.total() <= State(problem, before, 3, 50).total()


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
