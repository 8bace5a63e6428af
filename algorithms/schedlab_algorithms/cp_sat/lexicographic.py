"""Solving a CP-SAT model for several objectives in order, with complete hints and a budget."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ortools.sat.python import cp_model

from schedlab_algorithms.packing.effort import Effort
from schedlab_algorithms.packing.solving import finds, solver_within

MERGE_UP_TO = 1_000_000
"""Objectives are folded into one weighted sum while its range stays below this."""


@dataclass
class HintedModel:
    """A CP-SAT model whose every variable is made with the value it has in a known solution."""

    model: cp_model.CpModel = field(default_factory=cp_model.CpModel)
    variables: list[cp_model.IntVar] = field(default_factory=list)
    hints: list[int] = field(default_factory=list)

    def integer(self, low: int, high: int, hint: int) -> cp_model.IntVar:
        """Add an integer variable."""
        variable = self.model.new_int_var(low, high, "")
        self.variables.append(variable)
        self.hints.append(hint)
        return variable


@dataclass(frozen=True)
class Objective:
    """Maximise Σ coefficient x variable, which can take at most ``span`` + 1 values."""

    variables: list[cp_model.IntVar]
    coefficients: list[int]
    span: int

    def expression(self) -> cp_model.LinearExpr:
        """Return the sum."""
        return cp_model.LinearExpr.weighted_sum(self.variables, self.coefficients)

    def value(self, values: Sequence[int]) -> int:
        """Return the sum for a value of each variable of the model."""
        terms = zip(self.variables, self.coefficients, strict=True)
        return sum(c * values[v.index] for v, c in terms)

    def then(self, lesser: Objective) -> Objective:
        """Return one objective under which any gain here outweighs all of ``lesser``."""
        weight = lesser.span + 1
        return Objective(
            [*self.variables, *lesser.variables],
            [*(weight * c for c in self.coefficients), *lesser.coefficients],
            self.span * weight + lesser.span,
        )


@dataclass(frozen=True)
class Solution:
    """A value for each variable, and whether it was proven optimal."""

    values: list[int]
    optimal: bool


def solve_in_order(
    hinted: HintedModel, objectives: Sequence[Objective], effort: Effort, share: float
) -> Solution:
    """Maximise each objective among the optima of those before it.

    Spends at most ``share`` deterministic seconds of ``effort``.  Where nothing better is
    found, the hints are the solution.
    """
    best = Solution(hinted.hints, optimal=True)
    floor = effort.left - min(share, effort.left)
    for objective in merged(objectives):
        if effort.left <= floor or effort.exhausted():
            return Solution(best.values, optimal=False)
        best = _improve(hinted, objective, best, effort, effort.left - floor)
        hinted.model.add(objective.expression() >= objective.value(best.values))
    return best


def merged(objectives: Sequence[Objective]) -> Iterator[Objective]:
    """Fold neighbouring objectives into weighted sums of a moderate range."""
    current: Objective | None = None
    for objective in objectives:
        if current is None:
            current = objective
        elif (current.span + 1) * (objective.span + 1) <= MERGE_UP_TO:
            current = current.then(objective)
        else:
            yield current
            current = objective
    if current is not None:
        yield current


def _improve(
    hinted: HintedModel, objective: Objective, known: Solution, effort: Effort, limit: float
) -> Solution:
    model, solver = hinted.model, solver_within(limit, effort)
    # On models this small these cost more than they bring: with them CP-SAT often spends the
    # whole limit before it looks at the hint.
    solver.parameters.symmetry_level = 0
    solver.parameters.cp_model_probing_level = 0
    model.clear_hints()  # type: ignore[no-untyped-call]
    for variable, value in zip(hinted.variables, known.values, strict=True):
        model.add_hint(variable, value)
    model.maximize(objective.expression())
    if not finds(solver, model, effort):
        return Solution(known.values, optimal=False)
    found = solver.response_proto
    return Solution(list(found.solution), known.optimal and found.status == cp_model.OPTIMAL)
