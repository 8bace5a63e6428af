"""Running CP-SAT within an effort."""

from __future__ import annotations

import math

from ortools.sat.python import cp_model

from schedlab.engine import stopping
from schedlab_algorithms.packing.effort import Effort

COST_OF_VARIABLE = 2e-5
"""Deterministic seconds charged for building a variable, which CP-SAT does not count."""

SECONDS_OF_VARIABLE = 5e-5
"""Wall-clock time that must be left for building a variable."""


def solved(model: cp_model.CpModel, share: float, effort: Effort) -> cp_model.CpSolver | None:
    """Return the solver with what it found in ``share`` deterministic seconds, None if nothing."""
    solver = solver_within(share, effort)
    return solver if finds(solver, model, effort) else None


def solver_within(share: float, effort: Effort) -> cp_model.CpSolver:
    """Return a solver for ``share`` deterministic seconds and what is left on the clock.

    One worker: the only kind that answers alike on every run.  A share of an effort that is
    overdrawn is nothing.
    """
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = effort.seed
    solver.parameters.max_deterministic_time = max(share, 0.0)
    if math.isfinite(effort.seconds):
        solver.parameters.max_time_in_seconds = effort.seconds
    return solver


def finds(solver: cp_model.CpSolver, model: cp_model.CpModel, effort: Effort) -> bool:
    """Run a solver until it is done or nobody waits, charge its work, say if it has a solution.

    Notes whether the clock or a cancel ended it: it proved nothing and left of its share.  The
    clock itself does not tell, as CP-SAT may stop some milliseconds before the deadline.

    Raises
    ------
    RuntimeError
        For a model or parameters that are invalid.
    """
    with stopping(solver.stop_search, effort.cancelled):
        status = solver.solve(model)
    if status == cp_model.MODEL_INVALID:
        raise RuntimeError(f"invalid for CP-SAT: {solver.response_proto.solution_info}")
    spent = solver.response_proto.deterministic_time
    effort.charge(spent)
    proven = status in (cp_model.OPTIMAL, cp_model.INFEASIBLE)
    effort.cut |= not proven and spent < solver.parameters.max_deterministic_time
    return status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
