"""What a share of a GPU device is worth, by the patterns of shares that fit on one device."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from schedlab.bound.linear import LinearProgram, solve
from schedlab.bound.problem import WHOLE_DEVICE, Floats, Ints, PackingProblem

PARTS = 1_000_000
"""The worth of a whole device, in integers."""

MOST_SIZES = 32
"""More sizes than this are rounded down to a coarser grid, which keeps every pattern."""

MOST_PATTERNS = 100
"""How many patterns are looked at; any number gives worths that are valid."""


def share_worths(problem: PackingProblem) -> tuple[Ints, Ints]:
    """Return what a share of each signature is worth (S,), and a device by its room (1001,).

    Whatever shares fit into so many thousandths are together worth no more than these.
    The worths are the dual values of the cutting-stock problem (Gilmore and Gomory, 1961)
    that packs all shares of the batch on the fewest devices: a dual feasible function made
    for just these sizes.  What room is worth is then computed from them in integers, by
    dynamic programming, so that no rounding matters.
    """
    grain = _grain(problem.gpu_milli[problem.gpu_milli > 0])
    sizes, which = np.unique(problem.gpu_milli // grain, return_inverse=True)
    demand = np.bincount(which, problem.gpu_count * problem.supply).astype(np.float64)
    worth = np.floor(PARTS * _worths(sizes, demand, WHOLE_DEVICE // grain)).astype(np.int64)
    by_room = _fill(worth, sizes, WHOLE_DEVICE // grain)[0]
    return worth[which], by_room[np.arange(WHOLE_DEVICE + 1) // grain]


def _grain(sizes: Ints) -> int:
    """Return to multiples of what sizes are rounded down so that few remain."""
    grain = max(int(np.gcd.reduce(sizes)), 1) if len(sizes) else WHOLE_DEVICE
    while len(np.unique(sizes // grain)) > MOST_SIZES:
        grain *= 2
    return grain


def _worths(sizes: Ints, demand: Floats, room: int) -> Floats:
    """Maximise Σ demand x worth so that no pattern is worth more than 1, by cutting planes.

    Nobody needs to be able to stop this: a round takes 1 ms (openb: 28 rounds), as a program
    has no more than MOST_SIZES variables and MOST_SIZES + MOST_PATTERNS + 1 rows, and filling
    takes no more than WHOLE_DEVICE steps.
    """
    patterns = [np.diag(room // np.maximum(sizes, 1))]
    while True:
        rows = np.vstack(patterns).astype(np.float64)
        most = (sizes > 0).astype(np.float64)
        program = LinearProgram(demand, csr_array(rows), np.ones(len(rows)), most)
        worth = solve(program).x
        best, last = _fill(worth, sizes, room)
        if best[room] <= 1 + 1e-9 or len(patterns) > MOST_PATTERNS:
            return worth
        patterns.append(_pattern(last, sizes)[None, :])


def _fill(worth: NDArray[Any], sizes: Ints, room: int) -> tuple[NDArray[Any], Ints]:
    """Return the most that fits into 0 .. room, and the last size taken there (-1: none)."""
    wanted = np.flatnonzero((worth > 0) & (sizes > 0))
    best, last = np.zeros(room + 1, worth.dtype), np.full(room + 1, -1)
    for r in range(1, room + 1):
        best[r] = best[r - 1]
        fits = wanted[sizes[wanted] <= r]
        with_it = best[r - sizes[fits]] + worth[fits]
        if len(fits) and with_it.max() > best[r]:
            best[r], last[r] = with_it.max(), fits[with_it.argmax()]
    return best, last


def _pattern(last: Ints, sizes: Ints) -> Ints:
    """Return how often each size is in the pattern that fills all room."""
    pattern, room = np.zeros(len(sizes), np.int64), len(last) - 1
    while room:
        if last[room] < 0:
            room -= 1
        else:
            pattern[last[room]] += 1
            room -= sizes[last[room]]
    return pattern
