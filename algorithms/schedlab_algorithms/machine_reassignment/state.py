"""The search's state: an assignment whose broken rules cost instead of being forbidden.

A big process can only travel if machines may be too full for a while, so all rules but one
are priced: ``strain`` for each unit above a capacity, ``fault`` for each pair of processes
of a service on one machine, each missing location, each process without a neighbour it
depends on.  A process never goes where it could not be if nothing else moved in.

What is left below every limit of :mod:`~schedlab_algorithms.machine_reassignment.columns` is
kept as *slack*, one row a machine: a column's cost is weight max(0, -slack).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab_algorithms.machine_reassignment.columns import Columns
from schedlab_algorithms.machine_reassignment.cost import cost_of
from schedlab_algorithms.machine_reassignment.problem import Ints, Problem

NEVER = 2.0**50
"""The cost of putting a process where it cannot be."""


class Dependencies:
    """Who depends on whom, both ways, as arrays of services.

    Attributes
    ----------
    on, of : list of int64 arrays
        Whom each service depends on, and who depends on it.
    count : int64, shape (S,)
        On how many it depends.
    needed, some : bool, shape (S,)
        Whether others depend on it; whether either is so.
    """

    def __init__(self, problem: Problem) -> None:
        on = [np.unique(d[d != s]) for s, d in enumerate(problem.dependencies)]
        of: list[list[int]] = [[] for _ in on]
        for s, others in enumerate(on):
            for other in others.tolist():
                of[other].append(s)
        self.on = on
        self.of = [np.array(services, np.int64) for services in of]
        self.count = np.array([len(others) for others in on], np.int64)
        self.needed = np.array([len(others) > 0 for others in of], np.bool_)
        self.some = self.needed | (self.count > 0)


class State:
    """An assignment and everything needed to say what a move would cost.

    Attributes
    ----------
    at : int64, shape (P,)
        The machine of each process.
    slack : float64, shape (M, N)
    machine_cost : float64, shape (M,)
    entry : float64, shape (S, M)
        Faults of one process of the service on the machine: with the service's processes
        there, and for each dependency without a neighbour.
    in_location, in_neighbourhood : int64, shapes (S, L), (S, H)
        How many processes of the service are there.
    dependents : int64, shape (S, H)
        How many processes there depend on the service, by dependency.
    locations : int64, shape (S,)
        In how many locations the service is.
    moved : int64, shape (S,)
    movers : int64
        How many services have moved so many processes.
    most_moved : int
    size : float64, shape (P,)
        :meth:`Problem.sizes`.
    machines_in : list of int64 arrays
        The machines of each neighbourhood.
    """

    def __init__(self, problem: Problem, assignment: Ints, strain: float, fault: float) -> None:
        self.problem, self.strain, self.fault = problem, strain, fault
        self.columns = Columns(problem, strain)
        self.dependencies = Dependencies(problem)
        self.barred = np.where(problem.fits(), 0.0, NEVER)
        self.process_cost = (problem.process_move_cost * problem.process_weight).astype(float)
        self.machine_move = (problem.machine_move_cost * problem.machine_weight).astype(float)
        self.size = problem.sizes().astype(np.float64)
        places = range(int(problem.neighbourhood.max()) + 1)
        self.machines_in = [np.flatnonzero(problem.neighbourhood == h) for h in places]
        self.load(assignment)

    def load(self, assignment: Ints) -> None:
        """Start from an assignment."""
        problem = self.problem
        self.at = assignment.copy()
        away = self.at != problem.initial
        take = np.where(away[:, None], self.columns.away, self.columns.home)
        self.slack = self.columns.limit.copy()
        np.subtract.at(self.slack, self.at, take)
        self.machine_cost = (np.maximum(-self.slack, 0) * self.columns.weight).sum(axis=1)
        self._count(away)

    def _count(self, away: NDArray[np.bool_]) -> None:
        problem, services = self.problem, self.problem.services
        self.in_location = np.zeros((services, int(problem.location.max()) + 1), np.int64)
        self.in_neighbourhood = np.zeros((services, int(problem.neighbourhood.max()) + 1), np.int64)
        self.entry = np.zeros((services, problem.machines))
        np.add.at(self.in_location, (problem.service, problem.location[self.at]), 1)
        np.add.at(self.in_neighbourhood, (problem.service, problem.neighbourhood[self.at]), 1)
        np.add.at(self.entry, (problem.service, self.at), self.fault)
        self.dependents = np.zeros_like(self.in_neighbourhood)
        for s, others in enumerate(self.dependencies.on):
            missing = (self.in_neighbourhood[others] == 0).sum(axis=0)
            self.entry[s] += self.fault * missing[problem.neighbourhood]
            self.dependents[others] += self.in_neighbourhood[s]
        self.locations = (self.in_location > 0).sum(axis=1)
        self.moved = np.bincount(problem.service[away], minlength=services)
        self.movers = np.bincount(self.moved, minlength=problem.processes + 2)
        self.most_moved = int(self.moved.max(initial=0))

    def reprice(self, strain: float, fault: float) -> None:
        """Change what broken rules cost."""
        self.strain, self.fault = strain, fault
        self.columns = Columns(self.problem, strain)
        self.load(self.at)

    def objective(self) -> int:
        """Return the cost without what broken rules cost."""
        return cost_of(self.problem, self.at).total

    def broken(self) -> float:
        """Return what the broken rules cost."""
        over = np.maximum(-self.slack, 0) * self.columns.weight
        pairs = self.conflicts()
        spread = np.maximum(self.problem.spread - self.locations, 0).sum()
        lonely = (self.dependents * (self.in_neighbourhood == 0)).sum()
        above = float(over[:, self.columns.loads :].sum())
        return above + self.fault * float(pairs + spread + lonely)

    def conflicts(self) -> int:
        """Return the number of pairs of a service's processes on one machine."""
        key = self.problem.service * self.problem.machines + self.at
        count = np.unique(key, return_counts=True)[1]
        return int((count * (count - 1) // 2).sum())

    def total(self) -> float:
        """Return the objective and what the broken rules cost."""
        return self.objective() + self.broken()

    def move(self, p: int, to: int) -> None:
        """Put a process on another machine."""
        source, first = int(self.at[p]), int(self.problem.initial[p])
        if source == to:
            return
        columns, slack, s = self.columns, self.slack, int(self.problem.service[p])
        slack[source] += columns.home[p] if source == first else columns.away[p]
        slack[to] -= columns.home[p] if to == first else columns.away[p]
        for m in (source, to):
            self.machine_cost[m] = -(np.minimum(slack[m], 0) @ columns.weight[m])
        self.entry[s, source] -= self.fault
        self.entry[s, to] += self.fault
        self.at[p] = to
        self._relocate(s, source, to)
        if source == first:
            self._count_moved(s, 1)
        elif to == first:
            self._count_moved(s, -1)

    def count_again(self, ps: Ints, source: Ints, to: Ints) -> None:
        """Put processes on other machines, whose slack and cost the caller has changed.

        Of a service with dependencies one may be among them, or two that change places.
        """
        problem, s = self.problem, self.problem.service[ps]
        self.at[ps] = to
        for machines, by in ((source, -1), (to, 1)):
            np.add.at(self.entry, (s, machines), by * self.fault)
            np.add.at(self.in_location, (s, problem.location[machines]), by)
        self.locations[s] = (self.in_location[s] > 0).sum(axis=1)
        first = problem.initial[ps]
        np.add.at(self.moved, s, (to != first) * 1 - (source != first))
        self.movers = np.bincount(self.moved, minlength=problem.processes + 2)
        self.most_moved = int(self.moved.max(initial=0))
        self._change_neighbourhoods(s, problem.neighbourhood[source], problem.neighbourhood[to])

    def _change_neighbourhoods(self, s: Ints, before: Ints, after: Ints) -> None:
        alone = ~self.dependencies.some[s]
        np.add.at(self.in_neighbourhood, (s[alone], before[alone]), -1)
        np.add.at(self.in_neighbourhood, (s[alone], after[alone]), 1)
        other = ~alone & (before != after)
        self._change_company(s[other], before[other], after[other])

    def _change_company(self, s: Ints, before: Ints, after: Ints) -> None:
        """Count services with dependencies in other neighbourhoods than before."""
        if not len(s):
            return
        dependencies, services = self.dependencies, s.tolist()
        new = self.in_neighbourhood[s, after] == 0
        self.in_neighbourhood[s, before] -= 1
        self.in_neighbourhood[s, after] += 1
        on = np.concatenate([dependencies.on[x] for x in services])
        often = dependencies.count[s]
        np.subtract.at(self.dependents, (on, before.repeat(often)), 1)
        np.add.at(self.dependents, (on, after.repeat(often)), 1)
        left, needed = self.in_neighbourhood[s, before] == 0, dependencies.needed[s]
        for places, changed, by in ((before, left, self.fault), (after, new, -self.fault)):
            for k in np.flatnonzero(needed & changed).tolist():
                self._price_entry(dependencies.of[services[k]], int(places[k]), by)

    def _relocate(self, s: int, source: int, to: int) -> None:
        location, neighbourhood = self.problem.location, self.problem.neighbourhood
        before, after = location[source], location[to]
        if before != after:
            row = self.in_location[s]
            row[before] -= 1
            row[after] += 1
            self.locations[s] += int(row[after] == 1) - int(row[before] == 0)
        if neighbourhood[source] != neighbourhood[to]:
            self._change_neighbourhood(s, int(neighbourhood[source]), int(neighbourhood[to]))

    def _change_neighbourhood(self, s: int, before: int, after: int) -> None:
        row, of, on = self.in_neighbourhood[s], self.dependencies.of[s], self.dependencies.on[s]
        row[before] -= 1
        row[after] += 1
        if len(on):
            self.dependents[on, before] -= 1
            self.dependents[on, after] += 1
        if len(of) and row[before] == 0:
            self._price_entry(of, before, self.fault)
        if len(of) and row[after] == 1:
            self._price_entry(of, after, -self.fault)

    def _price_entry(self, services: Ints, neighbourhood: int, by: float) -> None:
        self.entry[services[:, None], self.machines_in[neighbourhood]] += by

    def _count_moved(self, s: int, by: int) -> None:
        before = int(self.moved[s])
        after = before + by
        self.moved[s] = after
        self.movers[before] -= 1
        self.movers[after] += 1
        if after > self.most_moved:
            self.most_moved = after
        elif self.movers[self.most_moved] == 0:
            self.most_moved -= 1
