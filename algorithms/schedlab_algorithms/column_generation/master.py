"""The master problem: how many nodes of each kind get which pattern."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from ortools.linear_solver import pywraplp  # type: ignore[attr-defined]

from schedlab.engine import stopping
from schedlab_algorithms.filling.items import Floats
from schedlab_algorithms.packing.arrays import Ints

FROM_LAST_BASIS = "use_preprocessing: false use_dual_simplex: false"
"""Parameters of GLOP under which it goes on from the basis of the last time."""

AS_IT_LIKES = ""


@dataclass(frozen=True)
class Prices:
    """An optimum: its value, the pattern counts (C,), and prices of nodes (G,) and pods (I,)."""

    value: float
    used: Floats
    nodes: Floats
    pods: Floats


@dataclass
class Master:
    """Patterns (C of them) and their linear program; ``kinds`` (C,) say whose they are.

    Maximise Σ worth x times, such that each kind's nodes get at most one pattern each and no
    more pods of an item are used than there are.
    """

    size: Ints
    supply: Ints
    weights: Floats
    kinds: list[int] = field(default_factory=list)
    patterns: list[Ints] = field(default_factory=list)
    _known: dict[tuple[int, bytes], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._solver = pywraplp.Solver.CreateSolver("GLOP")
        self._solver.SetSolverSpecificParametersAsString(FROM_LAST_BASIS)
        self._objective = self._solver.Objective()
        self._objective.SetMaximization()
        rows = np.concatenate([self.size, self.supply]).tolist()
        self._rows = [self._solver.Constraint(-np.inf, float(most)) for most in rows]
        self._variables: list[pywraplp.Variable] = []

    def add(self, kind: int, pattern: Ints) -> bool:
        """Add a pattern (I,) unless it is there; say whether it was new."""
        key = kind, pattern.tobytes()
        if key in self._known:
            return False
        self._known[key] = len(self.patterns)
        self.kinds.append(kind)
        self.patterns.append(pattern)
        variable = self._solver.NumVar(0.0, np.inf, "")
        self._objective.SetCoefficient(variable, float(pattern @ self.weights))
        self._rows[kind].SetCoefficient(variable, 1.0)
        for item in np.flatnonzero(pattern).tolist():
            self._rows[len(self.size) + item].SetCoefficient(variable, float(pattern[item]))
        self._variables.append(variable)
        return True

    def often(self, kinds: Ints, patterns: Ints) -> Ints:
        """Count how often each pattern is used by nodes of some kinds (n,) that hold (n, I).

        Patterns that are not there are added.
        """
        for kind, pattern in zip(kinds.tolist(), patterns, strict=True):
            self.add(kind, pattern)
        keys = zip(kinds.tolist(), patterns, strict=True)
        numbers = [self._known[kind, pattern.tobytes()] for kind, pattern in keys]
        return np.bincount(numbers, minlength=len(self.patterns))

    def solve(self, cancelled: Callable[[], bool]) -> Prices | None:
        """Return the optimum, None if it was not found."""
        for parameters in (FROM_LAST_BASIS, AS_IT_LIKES):
            self._solver.SetSolverSpecificParametersAsString(parameters)
            with stopping(self._solver.InterruptSolve, cancelled):
                status = self._solver.Solve()
            if status == pywraplp.Solver.OPTIMAL:
                return self._prices()
            if cancelled():
                return None
        return None

    def _prices(self) -> Prices:
        duals = np.maximum([row.dual_value() for row in self._rows], 0.0)
        used = np.array([v.solution_value() for v in self._variables])
        kinds = len(self.size)
        return Prices(self._objective.Value(), np.maximum(used, 0.0), duals[:kinds], duals[kinds:])
