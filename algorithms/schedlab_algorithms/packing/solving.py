"""Running CP-SAT within an effort."""

from __future__ import annotations

import math

from ortools.sat.python import cp_model

from schedlab.engine import stopping
from schedlab_algorithms.packing.effort import Effort


def solved(model: cp_model.CpModel, share: float, effort: Effort) -> cp_model.CpSolver | None:
    """Return the solver with what it found in ``share`` deterministic seconds, None if nothing.

    One worker: the only kind that answers alike on every run.
    """
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = effort.seed
    solver.parameters.max_deterministic_time = share
    if math.isfinite(effort.seconds):
        solver.parameters.max_time_in_seconds = effort.seconds
    with stopping(solver.stop_search, effort.cancelled):
        status = solver.solve(model)
    effort.charge(solver.response_proto.deterministic_time)
    effort.affords(0)
    return solver if status in (cp_model.OPTIMAL, cp_model.FEASIBLE) else None
