"""What the annealing looks up, by process and one more row for *nobody*, who takes nothing.

With nobody among the processes of every machine, a shift is a swap with nobody.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike, NDArray

from schedlab_algorithms.machine_reassignment.columns import Floats
from schedlab_algorithms.machine_reassignment.problem import Ints
from schedlab_algorithms.machine_reassignment.state import State

TINY, RARE = 5.0, 2.0
"""A process whose size is below TINY temperatures moves less often, by the ratio to the power
of RARE."""


class Tables:
    """Rows for the processes of a state at its prices of broken rules.

    Attributes
    ----------
    nobody : int
        The row of nobody, P.
    exact, take : float64 and the dtype of the prices, shape (2 (P + 1), N)
        What processes take of the columns of other machines than their first, and then, from
        row P + 1 on, of that.
    most : shape (N,)
        More than that is never taken of a column: more slack is as good as that.
    weight : shape (M, N)
        What an amount above the limit costs.
    moving : float64, shape ((P + 1) M,)
        What being on a machine costs: moving there, and NEVER where a process cannot be.
    first, service : int64, shape (P + 1,)
    size : float64, shape (P + 1,)
        That of the state; nobody's is infinite.
    tied : bool, shape (S + 1,)
        Whether a service's faults may depend on other processes that move: it depends on
        others, others on it, or it must be spread.
    ruled : bool, shape (S + 1,)
        Whether a service's moves may break the spread or another's dependency.
    related : list of sets of int
        Each service with those it depends on and those that depend on it.
    """

    def __init__(self, state: State, dtype: DTypeLike) -> None:
        problem = state.problem
        self.nobody, self.dtype = problem.processes, np.dtype(dtype)
        none = np.zeros((1, state.columns.limit.shape[1]))
        self.exact = np.vstack([state.columns.away, none, state.columns.home, none])
        self.take = self.exact.astype(self.dtype)
        self.most = 2 * self.take.max(axis=0)
        self.ones = np.ones(len(self.most), self.dtype)
        self.weight = state.columns.weight.astype(self.dtype)
        self.moving = _moving(state)
        self.first = np.append(problem.initial, -1)
        self.service = np.append(problem.service, problem.services)
        self.size = np.append(state.size, np.inf)
        self._relate(state)

    def _relate(self, state: State) -> None:
        on, of = state.dependencies.on, state.dependencies.of
        self.related = [{s, *on[s].tolist(), *of[s].tolist()} for s in range(len(on))]
        spread = state.problem.spread > 1
        needed = np.array([len(others) > 0 for others in of])
        tied = spread | np.array([len(others) > 1 for others in self.related])
        self.ruled = np.append(spread | needed, False)
        self.tied = np.append(tied, False)

    def reluctance(self, temperature: float) -> Floats:
        """Return what is added to each process's moves so that tiny ones are drawn less.

        At any temperature most pairs of processes could be swapped at hardly any cost, and a
        heat bath would hardly ever draw another one.  The addition is that of either
        direction of a move, so that it changes how often moves are made, not where they lead.
        """
        ratio = np.maximum(TINY * temperature / self.size, 1)
        return RARE * temperature * np.log(ratio)


def _moving(state: State) -> Floats:
    problem = state.problem
    moving = state.machine_move[problem.initial] + state.barred + state.process_cost[:, None]
    moving[np.arange(problem.processes), problem.initial] -= state.process_cost
    return np.vstack([moving, np.zeros((1, problem.machines))]).ravel()


def residents(state: State) -> tuple[Ints, Ints, Ints]:
    """Return the processes ordered by machine, and each machine's first place and count."""
    machines = state.problem.machines
    # NumPy sorts 16 bits by radix
    narrow = state.at.astype(np.int16) if machines < 1 << 15 else state.at
    count = np.bincount(state.at, minlength=machines)
    return np.argsort(narrow, kind="stable"), np.cumsum(count) - count, count


def some_of_each(
    state: State, machines: Ints, most: int, random: np.random.Generator
) -> NDArray[np.int64]:
    """Return nobody and at most ``most`` processes of each machine, shape (1 + most, n).

    A random stretch of the machine's processes; nobody fills up.
    """
    order, start, count = residents(state)
    n, steps = count[machines], np.arange(most)[:, None]
    place = (random.random(len(machines)) * n).astype(np.int64) + steps
    place = place % np.maximum(n, 1) + start[machines]
    who = np.full((1 + most, len(machines)), len(order))
    who[1:] = np.where(steps < n, order[np.minimum(place, len(order) - 1)], len(order))
    return who
