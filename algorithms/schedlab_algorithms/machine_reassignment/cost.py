"""What an assignment costs: the challenge's objective, in integers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from schedlab_algorithms.machine_reassignment.problem import Balance, Ints, Problem


@dataclass(frozen=True, slots=True)
class Cost:
    """The five weighted parts of the objective."""

    load: int
    balance: int
    process_move: int
    service_move: int
    machine_move: int

    @property
    def total(self) -> int:
        """The objective, which is to be minimised."""
        moves = self.process_move + self.service_move + self.machine_move
        return self.load + self.balance + moves


def cost_of(problem: Problem, assignment: Ints) -> Cost:
    """Return the cost of an assignment (machine of each process, int64, shape (P,))."""
    used = problem.usage(assignment)
    over = np.maximum(used - problem.safety, 0)
    moved = assignment != problem.initial
    machine_moves = problem.machine_move_cost[problem.initial, assignment].sum()
    return Cost(
        load=int((over * problem.load_weight).sum()),
        balance=sum(_balance(b, problem.capacity - used) for b in problem.balances),
        process_move=problem.process_weight * int(problem.process_move_cost[moved].sum()),
        service_move=problem.service_weight * most_moved(problem, assignment),
        machine_move=problem.machine_weight * int(machine_moves),
    )


def most_moved(problem: Problem, assignment: Ints) -> int:
    """Return the largest number of moved processes that any one service has."""
    moved = problem.service[assignment != problem.initial]
    return int(np.bincount(moved, minlength=1).max())


def _balance(balance: Balance, free: Ints) -> int:
    missing = balance.target * free[:, balance.first] - free[:, balance.second]
    return balance.weight * int(np.maximum(missing, 0).sum())
