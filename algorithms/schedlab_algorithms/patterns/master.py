"""The linear program over patterns: how many bins of each, at least cost, to serve the demand."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from ortools.linear_solver import pywraplp  # type: ignore[attr-defined]

from schedlab.api import never
from schedlab.engine import stopping
from schedlab_algorithms.patterns.problem import BinPacking, Ints


class Master:
    """Gilmore and Gomory's master program, solved by GLOP, which goes on from its last basis.

    Minimise the cost of the bins such that each type's demand is met, and no more bins of a
    kind are used than there are.  An item that nothing serves costs ``penalty``, so the
    program always has a solution.

    Attributes
    ----------
    patterns : list of int64 arrays, shape (T,)
    kinds : list of int
        The kind of bin of each pattern.
    prices : float64, shape (T,)
        What one more item of each type costs, not below 0; of the last solution.
    rents : float64, shape (G,)
        What one more bin of each kind would save, not below 0.
    amounts : float64, shape (P,)
        How many bins of each pattern are used.
    """

    def __init__(self, problem: BinPacking, penalty: float) -> None:
        self.problem, self.penalty = problem, penalty
        self.patterns: list[Ints] = []
        self.kinds: list[int] = []
        self.prices = np.zeros(len(problem.demand))
        self.rents = np.zeros(len(problem.bins))
        self.amounts = np.zeros(0)
        self.iterations = 0
        self._known: set[tuple[int, bytes]] = set()
        self._variables: list[pywraplp.Variable] = []
        self._solver = pywraplp.Solver.CreateSolver("GLOP")
        self._after_new_columns = _parameters(dual=False)
        self._after_new_demand = _parameters(dual=True)
        self._from_scratch = pywraplp.MPSolverParameters()
        self._parameters = self._after_new_columns
        infinity = self._solver.infinity()
        self._rows = [self._solver.Constraint(float(d), infinity) for d in problem.demand]
        self._limits = [self._solver.Constraint(-infinity, float(b)) for b in problem.bins]
        self._objective = self._solver.Objective()
        self._objective.SetMinimization()
        for row in self._rows:
            row.SetCoefficient(self._variable(penalty), 1.0)

    def _variable(self, cost: float) -> pywraplp.Variable:
        variable = self._solver.NumVar(0.0, self._solver.infinity(), "")
        self._objective.SetCoefficient(variable, cost)
        return variable

    def add(self, pattern: Ints, kind: int = 0) -> bool:
        """Add a pattern, unless it is there; return whether it was added."""
        key = (kind, pattern.tobytes())
        if key in self._known:
            return False
        self._known.add(key)
        variable = self._variable(float(self.problem.cost[kind]))
        for item in np.flatnonzero(pattern).tolist():
            self._rows[item].SetCoefficient(variable, float(pattern[item]))
        self._limits[kind].SetCoefficient(variable, 1.0)
        self._variables.append(variable)
        self.patterns.append(pattern)
        self.kinds.append(kind)
        return True

    def solve(self, cancelled: Callable[[], bool] = never) -> float:
        """Solve the program and return its value, infinite if it was cancelled.

        Raises
        ------
        RuntimeError
            If GLOP fails for another reason, from the last basis and from scratch.
        """
        with stopping(self._solver.InterruptSolve, cancelled):
            status = self._solver.Solve(self._parameters)
            if status != pywraplp.Solver.OPTIMAL and not cancelled():
                status = self._solver.Solve(self._from_scratch)
        self._parameters = self._after_new_columns
        if status != pywraplp.Solver.OPTIMAL:
            if cancelled():
                return math.inf
            raise RuntimeError(f"GLOP could not solve the master program: status {status}")
        self.iterations += self._solver.iterations()
        self.prices = np.maximum([row.dual_value() for row in self._rows], 0.0)
        self.rents = np.maximum([-limit.dual_value() for limit in self._limits], 0.0)
        self.amounts = np.array([variable.solution_value() for variable in self._variables])
        return float(self._objective.Value())

    def serve(self, demand: Ints, bins: Ints) -> None:
        """Change what is to be served, (T,), and how many bins there are, (G,)."""
        for row, least in zip(self._rows, demand.tolist(), strict=True):
            row.SetLb(float(least))
        for limit, most in zip(self._limits, bins.tolist(), strict=True):
            limit.SetUb(float(most))
        self._parameters = self._after_new_demand


def _parameters(*, dual: bool) -> pywraplp.MPSolverParameters:
    """Return parameters to go on from the last basis, by the dual or the primal simplex."""
    parameters = pywraplp.MPSolverParameters()
    parameters.SetIntegerParam(parameters.PRESOLVE, parameters.PRESOLVE_OFF)
    parameters.SetIntegerParam(parameters.INCREMENTALITY, parameters.INCREMENTALITY_ON)
    algorithm = parameters.DUAL if dual else parameters.PRIMAL
    parameters.SetIntegerParam(parameters.LP_ALGORITHM, algorithm)
    return parameters
