"""The order in which a greedy scheduler takes equal pods' places, without taking them one by one.

For pods of one signature, a node shows a *chain* of totals: what it would score after 0,
1, 2, ... more of them.  A greedy scheduler always takes the highest head, the lowest row
among equals.  A head that is higher than what came before it on its own node is taken at
once after it, so the order is that of the chains' running minima.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

INFEASIBLE = np.iinfo(np.int64).min
"""The total of a node that does not fit: below any score; it ends the node's chain."""


def greedy_order(totals: Ints, count: int) -> tuple[Ints, Ints]:
    """Return the first ``count`` places that a greedy scheduler takes, as (chain, depth).

    Parameters
    ----------
    totals : int64, shape (r, d)
        Chains in ascending order of row.  INFEASIBLE ends a chain.
    count : int
        Fewer are returned where all chains end before.
    """
    keys = np.minimum.accumulate(totals, axis=1).ravel()
    # The order is reversed by ~ and not by -, which INFEASIBLE does not have.
    if count < len(keys):
        chosen = np.flatnonzero(keys >= kth_highest(keys, count))
        chosen = chosen[np.argsort(~keys[chosen], kind="stable")][:count]
    else:
        chosen = np.argsort(~keys, kind="stable")
    chosen = chosen[keys[chosen] != INFEASIBLE]
    return np.divmod(chosen, totals.shape[1])


SPAN = 1 << 14
"""Totals this close to the highest are counted one by one: there are often many equal ones."""


def kth_highest(totals: Ints, k: int) -> int:
    """Return the k-th highest total, counting equal ones, ``k`` from 1 to the length."""
    top = int(totals.max())
    if top > INFEASIBLE + SPAN:
        below = top - np.maximum(totals, top - SPAN)
        place = int(np.searchsorted(np.bincount(below, minlength=SPAN).cumsum(), k))
        if place < SPAN:
            return top - place
    return int(np.partition(totals, len(totals) - k)[len(totals) - k])


def certain(totals: Ints, chain: Ints, depth: Ints, rows: Ints, unseen: tuple[int, int]) -> int:
    """Return how many of the first places stand whatever lies beyond ``totals``.

    A chain whose last known total was taken may go on; and a row outside the chains, of
    total and row ``unseen``, may come first.

    Parameters
    ----------
    totals : int64, shape (r, d)
    chain, depth : int64, shape (n,)
        Places in greedy order.
    rows : int64, shape (r,)
        The row of each chain.
    unseen : tuple of int
        The highest total of the other rows, and the lowest row that has it.
    """
    total, row = unseen
    taken = np.minimum.accumulate(totals, axis=1)[chain, depth]
    beaten = (taken < total) | ((taken == total) & (rows[chain] > row))
    last = depth == totals.shape[1] - 1
    limit = len(chain)
    if beaten.any():
        limit = int(beaten.argmax())
    if last[:limit].any():
        limit = min(limit, int(last.argmax()) + 1)
    return limit


def best_rows(totals: Ints, count: int) -> tuple[Ints, tuple[int, int]]:
    """Return the best rows (highest total, lowest row first) ascending, and the next best one.

    The next best is (total, row), (INFEASIBLE, N) if no feasible one is left.
    """
    size = len(totals)
    if count >= size:
        return np.flatnonzero(totals != INFEASIBLE), (INFEASIBLE, size)
    bar = kth_highest(totals, count)
    above, level = np.flatnonzero(totals > bar), np.flatnonzero(totals == bar)
    taken = count - len(above)
    rows = np.concatenate([above, level[:taken]])
    rows.sort()
    rows = rows[totals[rows] != INFEASIBLE]
    if taken < len(level):
        return rows, (int(bar), int(level[taken]))
    rest = np.where(totals < bar, totals, INFEASIBLE)
    row = int(rest.argmax())
    return rows, (int(rest[row]), row)
