"""Linear programs, and bounds from their dual values that rounding cannot break."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ortools.linear_solver.python import model_builder_helper
from scipy.sparse import csr_array, csr_matrix

from schedlab.api import never
from schedlab.bound.stopping import stopping

Floats = NDArray[np.float64]

ROUNDING = 2.0**-53
"""The largest relative error of one floating-point operation."""


@dataclass(frozen=True)
class LinearProgram:
    """Maximise gain·x subject to rows·x <= limits and 0 <= x <= most.

    ``gain`` and ``most`` are (n,), ``rows`` is sparse (m, n), ``limits`` (m,).  Numbers in
    ``rows`` are taken to be exact; ``most`` is finite.
    """

    gain: Floats
    rows: csr_array
    limits: Floats
    most: Floats


@dataclass(frozen=True)
class Solution:
    """``x`` (n,) and the dual values of the rows (m,); ``solved`` says whether it is optimal."""

    x: Floats
    duals: Floats
    solved: bool


def solve(
    program: LinearProgram, seconds: float = math.inf, cancelled: Callable[[], bool] = never
) -> Solution:
    """Solve by GLOP's primal simplex, which ends the same way on every run.

    If it is stopped by ``seconds`` or as ``cancelled()`` is true, x and the dual values are 0.
    """
    rows, columns = program.rows.shape
    nothing = Solution(np.zeros(columns), np.zeros(rows), solved=not columns)
    if not columns or seconds <= 0 or cancelled():
        return nothing
    solver = model_builder_helper.ModelSolverHelper("glop")
    if math.isfinite(seconds):
        solver.set_time_limit_in_seconds(seconds)
    with stopping(solver.interrupt_solve, cancelled):
        solver.solve(_model(program))
    if solver.status() != model_builder_helper.SolveStatus.OPTIMAL:
        return nothing
    x, duals = np.asarray(solver.variable_values()), np.asarray(solver.dual_values())
    return Solution(np.maximum(x, 0.0), np.maximum(duals, 0.0), solved=True)


def _model(program: LinearProgram) -> model_builder_helper.ModelBuilderHelper:
    model: Any = model_builder_helper.ModelBuilderHelper()  # its stubs misname NumPy's arrays
    model.fill_model_from_sparse_data(
        np.zeros(len(program.most)),
        program.most,
        program.gain,
        np.full(len(program.limits), -math.inf),
        program.limits,
        csr_matrix(program.rows),
    )
    model.set_maximize(True)
    return model


def upper_bound(program: LinearProgram, duals: Floats) -> float:
    """Return a number that gain·x cannot exceed, for any dual values >= 0.

    Weak duality: limits·y + Σ most x max(0, gain - rowsᵀy), evaluated in floating point
    with the largest error that the operations can have added on top (Higham, 2002,
    section 3.1: a sum of k products is within kε of the sum of their magnitudes, in any
    order of summation).
    """
    price = program.rows.T @ duals
    entries = int(np.diff(program.rows.tocsc().indptr).max(initial=0))
    size = np.abs(program.gain) + abs(program.rows).T @ duals
    reduced = program.gain - price + 2 * (entries + 4) * ROUNDING * size
    terms = program.most * np.maximum(reduced, 0.0)
    worth = program.limits * duals
    total = float(worth.sum() + terms.sum())
    magnitude = float(np.abs(worth).sum() + terms.sum())
    return total + 2 * (len(worth) + len(terms) + 4) * ROUNDING * magnitude
