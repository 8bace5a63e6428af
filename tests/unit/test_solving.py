"""Running CP-SAT within an effort: what it spends is charged, the clock and a cancel end it."""

from __future__ import annotations

import time

import pytest
from ortools.sat.python import cp_model

from schedlab.api import Budget
from schedlab_algorithms.packing.effort import Effort
from schedlab_algorithms.packing.solving import solved


def knapsack(items: int = 4, room: int = 10) -> tuple[cp_model.CpModel, list[cp_model.IntVar]]:
    """Return the largest sum of 3, 4, 5, … that fits into the room."""
    model, sizes = cp_model.CpModel(), range(3, 3 + items)
    taken = [model.new_bool_var("") for _ in sizes]
    total = cp_model.LinearExpr.weighted_sum(taken, list(sizes))
    model.add(total <= room)
    model.maximize(total)
    return model, taken


def hard() -> cp_model.CpModel:
    """Return a market split of 5 rows and 50 variables: out of reach in a minute."""
    model = cp_model.CpModel()
    taken = [model.new_bool_var("") for _ in range(50)]
    state = 1
    for _ in range(5):
        row = []
        for _ in taken:
            state = state * 48271 % 2147483647
            row.append(state % 100)
        model.add(cp_model.LinearExpr.weighted_sum(taken, row) == sum(row) // 2)
    return model


def test_it_solves_and_charges_what_it_spent() -> None:
    effort, (model, taken) = Effort.of(Budget(effort=5.0)), knapsack()
    solver = solved(model, 1.0, effort)
    assert solver is not None
    assert sum(size * solver.value(v) for size, v in enumerate(taken, 3)) == 10
    assert effort.spent == solver.response_proto.deterministic_time
    assert effort.left + effort.spent == 5.0
    assert not effort.cut


def test_what_has_no_solution_gives_none() -> None:
    model, taken = knapsack()
    model.add(cp_model.LinearExpr.sum(taken) >= 5)
    assert solved(model, 1.0, Effort.of(Budget())) is None


def test_no_more_than_the_share_is_spent() -> None:
    effort = Effort.of(Budget(effort=50.0))
    assert solved(hard(), 0.05, effort) is None
    assert 0.04 < effort.spent < 0.1
    assert not effort.cut


def test_an_overdrawn_effort_has_no_share_to_spend() -> None:
    effort = Effort.of(Budget(effort=1.0))
    effort.charge(3.0)
    assert solved(hard(), effort.left / 2, effort) is None
    assert effort.spent < 3.1
    assert not effort.cut


@pytest.mark.parametrize("over", ["clock", "cancelled"])
def test_what_ends_it_early_is_noted(over: str) -> None:
    began = time.perf_counter()

    def cancelled() -> bool:
        return over == "cancelled" and time.perf_counter() > began + 0.05

    budget = Budget(effort=1e6, seconds=0.05 if over == "clock" else None, cancelled=cancelled)
    effort = Effort.of(budget)
    assert solved(hard(), 1e5, effort) is None
    assert effort.cut


def test_an_invalid_model_is_no_answer() -> None:
    model = cp_model.CpModel()
    model.add(8 * model.new_int_var(0, 1 << 61, "") <= 5)
    with pytest.raises(RuntimeError, match=r"invalid for CP-SAT: .*overflow"):
        solved(model, 1.0, Effort.of(Budget()))
