"""GPU devices seen as sums over a node, in ways that no packing of shares can overdraw."""

from __future__ import annotations

import numpy as np

from schedlab.bound.problem import WHOLE_DEVICE, Ints, PackingProblem
from schedlab.bound.shares import share_worths

MOST_WAYS = 6
"""How many sizes of large shares are looked at."""


def gpu_columns(problem: PackingProblem) -> tuple[Ints, Ints]:
    """Return what pods take (S, Q) and nodes offer (N, Q) of GPU thousandths, seen in Q ways.

    The first is the plain sum.  The others are dual feasible functions of a share (Fekete
    and Schepers, 2001): no device holds two shares of at least ``size`` > 500, so each counts
    as a whole device, and what would fit beside it as nothing; once with the shares in
    between, once without.  If any share is less than a device, the last are the worths
    of :func:`~schedlab.bound.shares.share_worths`.
    """
    milli, free = problem.gpu_milli, np.maximum(problem.devices, 0)
    taken, offered = [milli], [free.sum(axis=1)]
    for size in _large_sizes(milli):
        large, roomy = milli >= size, free >= size
        beside = np.where(milli > WHOLE_DEVICE - size, milli, 0)
        taken.append(np.where(large, WHOLE_DEVICE, beside))
        offered.append(np.where(roomy, WHOLE_DEVICE, free).sum(axis=1))
        taken.append(np.where(large, WHOLE_DEVICE, 0))
        offered.append(WHOLE_DEVICE * roomy.sum(axis=1))
    if (milli % WHOLE_DEVICE).any():
        worth, by_room = share_worths(problem)
        taken.append(worth)
        offered.append(by_room[np.minimum(free, WHOLE_DEVICE)].sum(axis=1))
    return problem.gpu_count[:, None] * np.column_stack(taken), np.column_stack(offered)


def _large_sizes(milli: Ints) -> list[int]:
    """Return sizes of shares of which no device holds two, evenly chosen if there are many."""
    sizes = np.unique(milli[2 * milli > WHOLE_DEVICE])
    at = np.linspace(0, len(sizes) - 1, min(len(sizes), MOST_WAYS)).astype(np.int64)
    return sizes[at].tolist() if len(sizes) else []
