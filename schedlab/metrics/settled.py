"""Where a placement left the bound pods."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster, Move, Workload


def settled(workload: Workload, stayed: NDArray[np.bool_], moves: Sequence[Move]) -> Cluster:
    """Return a workload's cluster with the bound pods ``stayed`` (B,) where they ended up.

    Nothing of the batch is on it.
    """
    cluster, bound = Cluster.of(workload), workload.bound
    last = {m.bound: m for m in moves}
    for number in sorted({*np.flatnonzero(~stayed).tolist(), *last}):
        cluster.running.evict(number)
    for number, move in last.items():
        if stayed[number]:
            spec = bound.specs[bound.signature[number]]
            cluster.place(cluster.signature(spec), move.target, move.devices)
    return cluster


def bound_rows(workload: Workload, moves: Sequence[Move]) -> NDArray[np.int32]:
    """Return the node that each bound pod ended up on, or was on last, shape (B,)."""
    rows = workload.bound_node.copy()
    for move in moves:
        rows[move.bound] = move.target
    return rows
