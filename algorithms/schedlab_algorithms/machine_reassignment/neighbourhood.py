"""A few machines freed and filled anew by CP-SAT, everything else staying where it is."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from ortools.sat.python import cp_model

from schedlab.engine import stopping
from schedlab_algorithms.machine_reassignment.columns import Columns
from schedlab_algorithms.machine_reassignment.problem import Ints, Problem
from schedlab_algorithms.machine_reassignment.progress import Effort

Where = dict[tuple[int, int], cp_model.IntVar]


@dataclass(frozen=True)
class Answer:
    """Where the processes that move go, and whether nothing better exists."""

    moves: dict[int, int]
    exhausted: bool


@dataclass
class Neighbourhood:
    """The model of some machines' processes on just those machines.

    Attributes
    ----------
    free, machines : lists of int
        The processes, and the machines that they may be on.
    fixed : int64
        The machine of each process, -1 for those that are free.
    where : dict
        Whether process p is on machine m, for each pair that is possible.
    """

    problem: Problem
    columns: Columns
    at: Ints
    machines: list[int]
    model: cp_model.CpModel = field(default_factory=cp_model.CpModel)
    where: Where = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.free = np.flatnonzero(np.isin(self.at, self.machines)).tolist()
        self.fixed = np.where(np.isin(self.at, self.machines), -1, self.at)
        self.by_service: dict[int, list[int]] = defaultdict(list)
        for p in self.free:
            self.by_service[int(self.problem.service[p])].append(p)

    def build(self, fits: NDArray[np.bool_]) -> None:
        """Make the variables, the rules and the objective; hint at what is."""
        for p in self.free:
            for m in self.machines:
                if fits[p, m]:
                    self.where[p, m] = self.model.new_bool_var("")
                    self.model.add_hint(self.where[p, m], int(self.at[p] == m))
            self.model.add_exactly_one(self._of(p, self.machines))
        for ps in self.by_service.values():
            for m in self.machines:
                self.model.add_at_most_one([w for p in ps for w in self._of(p, [m])])
        self._spread()
        self._depend()
        self.model.minimize(sum(self._loads()) + sum(self._moves()))

    def _of(self, p: int, machines: list[int]) -> list[cp_model.IntVar]:
        return [self.where[p, m] for m in machines if (p, m) in self.where]

    def _near(self, service: int, place: Ints, index: int) -> list[cp_model.IntVar]:
        """Return whether each free process of a service is on each machine at a place."""
        machines = [m for m in self.machines if place[m] == index]
        return [w for p in self.by_service.get(service, []) for w in self._of(p, machines)]

    def _fixed_places(self, service: int, place: Ints) -> set[int]:
        machines = self.fixed[(self.problem.service == service) & (self.fixed >= 0)]
        return {int(i) for i in place[machines]}

    def _spread(self) -> None:
        location = self.problem.location
        for s in self.by_service:
            have = self._fixed_places(s, location)
            missing = int(self.problem.spread[s]) - len(have)
            if missing <= 0:
                continue
            reached = []
            for index in {int(location[m]) for m in self.machines} - have:
                reached.append(self.model.new_bool_var(""))
                self.model.add(sum(self._near(s, location, index)) >= reached[-1])
            self.model.add(sum(reached) >= missing)

    def _depend(self) -> None:
        for s, others in enumerate(self.problem.dependencies):
            for other in others.tolist():
                if other != s and (s in self.by_service or other in self.by_service):
                    self._depend_on(s, other)

    def _depend_on(self, s: int, other: int) -> None:
        neighbourhood = self.problem.neighbourhood
        there = self._fixed_places(other, neighbourhood)
        for index in self._fixed_places(s, neighbourhood) - there:
            self.model.add_bool_or(self._near(other, neighbourhood, index))
        for index in {int(neighbourhood[m]) for m in self.machines} - there:
            company = self._near(other, neighbourhood, index)
            for one in self._near(s, neighbourhood, index):
                self.model.add_bool_or([*company, one.Not()])

    def _loads(self) -> list[cp_model.LinearExpr]:
        return [over for m in self.machines for over in self._machine(m)]

    def _machine(self, m: int) -> list[cp_model.LinearExpr]:
        """Return what is above each limit; a capacity is one too if it is exceeded now."""
        here = [p for p in self.free if (p, m) in self.where]
        first = self.problem.initial[here] == m
        take = np.where(first[:, None], self.columns.home[here], self.columns.away[here])
        limit, costs = self.columns.limit[m], []
        now = take[self.at[here] == m].sum(axis=0)
        for column in range(take.shape[1]):
            amounts = take[:, column].astype(np.int64).tolist()
            used = sum(a * self.where[p, m] for a, p in zip(amounts, here, strict=True))
            if column >= self.columns.loads and now[column] <= limit[column]:
                self.model.add(used <= int(limit[column]))
                continue
            most = sum(abs(a) for a in amounts) + abs(int(limit[column]))
            over = self.model.new_int_var(0, most, "")
            self.model.add(over >= used - int(limit[column]))
            costs.append(int(self.columns.weight[m, column]) * over)
        return costs

    def _moves(self) -> list[cp_model.LinearExpr]:
        problem, costs = self.problem, []
        for (p, m), chosen in self.where.items():
            first = int(problem.initial[p])
            cost = problem.machine_weight * int(problem.machine_move_cost[first, m])
            if m != first:
                cost += problem.process_weight * int(problem.process_move_cost[p])
            costs.append(cost * chosen)
        return [*costs, problem.service_weight * self._most_moved()]

    def _most_moved(self) -> cp_model.IntVar:
        problem = self.problem
        away = (self.fixed >= 0) & (self.fixed != problem.initial)
        fixed = np.bincount(problem.service[away], minlength=problem.services)
        most = self.model.new_int_var(int(fixed.max(initial=0)), problem.processes, "")
        for s, ps in self.by_service.items():
            moved = [
                self.where[p, m] for p in ps for m in self.machines
                if m != problem.initial[p] and (p, m) in self.where
            ]  # fmt: skip
            self.model.add(sum(moved) + int(fixed[s]) <= most)
        return most

    def solve(self, work: float, effort: Effort, seed: int) -> Answer:
        """Return the best that CP-SAT finds in ``work`` deterministic seconds.

        It is the same every time unless the effort's seconds, or a cancel, cut in.
        """
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = seed
        solver.parameters.max_deterministic_time = work
        solver.parameters.max_time_in_seconds = min(max(effort.left(), 0.01), 1e6)
        with stopping(solver.stop_search, effort.cancelled):
            status = solver.solve(self.model)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return Answer({}, status == cp_model.INFEASIBLE)
        chosen = [(p, m) for (p, m), w in self.where.items() if solver.boolean_value(w)]
        return Answer({p: m for p, m in chosen if self.at[p] != m}, status == cp_model.OPTIMAL)
