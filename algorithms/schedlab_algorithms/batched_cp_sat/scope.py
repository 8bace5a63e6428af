"""The few nodes on which a batch is decided jointly, and what they are worth to its pods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster
from schedlab.engine import INFEASIBLE, IncrementalPath, PackingProblem
from schedlab_algorithms.batched_cp_sat.counter import Choice
from schedlab_algorithms.packing.arrays import Floats, Ints, Mask
from schedlab_algorithms.packing.devices import load
from schedlab_algorithms.packing.incumbent import Incumbent, Masks

GRAIN = 1000
"""The difference between the highest and the lowest total of the scope, in the objective."""


@dataclass(frozen=True)
class Candidates:
    """The m distinct signatures of a batch that may be moved, and k candidate nodes.

    Attributes
    ----------
    signatures : int64, shape (m,)
        Of the cluster.
    rows : int64, shape (k,)
    allowed : bool, shape (m, k)
        Pairs that the model may use; every filter accepts the node as the batch finds it.
    gain : int64, shape (m, k)
        What the node totals for the pod, 0 to GRAIN.
    slope : int64, shape (k,)
        By how much that falls with each pod of the batch that is there already, 0 or more.
    """

    signatures: Ints
    rows: Ints
    allowed: Mask
    gain: Ints
    slope: Ints


def candidates(
    path: IncrementalPath, batch: Ints, movable: Mask, tried: Choice, most: int
) -> Candidates:
    """Choose nodes: those of the first try, and for each signature those of the highest totals.

    ``batch`` (b,) are the pods' signatures, of which those ``movable`` (b,) are decided
    again.  Together the signatures add about ``most`` nodes.  One of which pods wait may use
    every node, the others only those that were chosen for them.
    """
    signatures = np.unique(batch[movable])
    waits = np.isin(signatures, batch[movable & (tried.rows < 0)])
    best = max(most // len(signatures), 2)
    own = [
        np.union1d(_highest(path.totals(s), best), _used(tried, batch == s))
        for s in signatures.tolist()
    ]
    rows = np.unique(np.concatenate(own)).astype(np.int64)
    totals = np.array([path.totals(s, rows) for s in signatures.tolist()])
    allowed = totals != INFEASIBLE
    allowed &= waits[:, None] | np.array([np.isin(rows, mine) for mine in own])
    scale, gain = _scaled(totals, allowed)
    slope = _slope(path, signatures, rows, batch) * scale
    return Candidates(signatures, rows, allowed, gain, np.rint(slope).astype(np.int64))


def _highest(totals: Ints, most: int) -> Ints:
    """Return the feasible rows of the highest totals, the lowest rows first among equals."""
    if not len(totals):
        return np.zeros(0, np.int64)
    most = min(most, len(totals))
    least = np.partition(totals, len(totals) - most)[len(totals) - most]
    above = np.flatnonzero(totals > least)
    level = np.flatnonzero(totals == least)[: most - len(above)]
    rows = np.concatenate([above, level])
    return rows[totals[rows] != INFEASIBLE]


def _used(tried: Choice, pods: Mask) -> Ints:
    rows = tried.rows[pods]
    return rows[rows >= 0]


def _scaled(totals: Ints, allowed: Mask) -> tuple[float, Ints]:
    """Return by what totals are multiplied, and what they are then, 0 at the lowest (m, k)."""
    if not allowed.any():
        return 1.0, np.zeros_like(totals)
    low, high = int(totals[allowed].min()), int(totals[allowed].max())
    scale = GRAIN / max(high - low, 1)
    return scale, np.rint(np.where(allowed, totals - low, 0) * scale).astype(np.int64)


def _slope(path: IncrementalPath, signatures: Ints, rows: Ints, batch: Ints) -> Floats:
    """Return by how much a node totals less after one pod, mean over the batch, (k,), not < 0."""
    lost, pods = np.zeros(len(rows)), np.zeros(len(rows))
    for signature in signatures.tolist():
        before, after = path.totals(signature, rows), path.totals_after(signature, rows)
        if after is not None:
            known = (before != INFEASIBLE) & (after != INFEASIBLE)
            copies = int((batch == signature).sum())
            lost[known] += copies * (before[known] - after[known])
            pods[known] += copies
    slope: Floats = np.maximum(lost, 0) / np.maximum(pods, 1)
    return slope


def incumbent_of(
    cluster: Cluster, scope: Candidates, batch: Ints, movable: Mask, tried: Choice
) -> Incumbent:
    """Return the first try as the incumbent of a packing problem of the scope's nodes alone.

    On the cluster as the batch finds it; pods that may not be moved take their room.
    """
    codes = np.searchsorted(scope.signatures, batch)
    problem = _problem(cluster, scope, batch, movable, tried)
    incumbent = Incumbent(problem)
    counts: NDArray[np.int32] = np.zeros(scope.allowed.shape, np.int32)
    masks: Masks = {}
    for pod in np.flatnonzero(movable & (tried.rows >= 0)).tolist():
        key = int(codes[pod]), int(np.searchsorted(scope.rows, tried.rows[pod]))
        counts[key] += 1
        if problem.gpu_count[key[0]]:
            masks.setdefault(key, []).append(int(tried.devices[pod]))
    incumbent.replace(np.arange(counts.shape[0]), np.arange(counts.shape[1]), counts, masks)
    return incumbent


def _problem(
    cluster: Cluster, scope: Candidates, batch: Ints, movable: Mask, tried: Choice
) -> PackingProblem:
    specs = tuple(cluster.specs[s] for s in scope.signatures.tolist())
    free, slots, devices = _room(cluster, scope, batch, movable, tried)
    priority = np.array([s.priority for s in specs], np.int64)
    gpus = [(s.gpu.count, s.gpu.milli) if s.gpu else (0, 0) for s in specs]
    supply = [int((batch[movable] == s).sum()) for s in scope.signatures.tolist()]
    return PackingProblem(
        specs=specs,
        supply=np.array(supply, np.int64),
        tier=np.unique(-priority, return_inverse=True)[1].reshape(-1).astype(np.int64),
        requests=np.array([cluster.pod(s).requests for s in scope.signatures.tolist()]),
        gpu_count=np.array([count for count, _ in gpus], np.int64),
        gpu_milli=np.array([milli for _, milli in gpus], np.int64),
        eligible=scope.allowed,
        free=free,
        slots=slots,
        devices=devices,
        # What opens a node is no concern here.
        occupied=np.ones(len(scope.rows), np.bool_),
    )


def _room(
    cluster: Cluster, scope: Candidates, batch: Ints, movable: Mask, tried: Choice
) -> tuple[Ints, Ints, Ints]:
    """Return what the scope's nodes have left beside the pods that stay: (k, R), (k,), (k, D)."""
    free = (cluster.allocatable - cluster.requested)[scope.rows]
    slots = (cluster.allowed_pods - cluster.pod_count)[scope.rows]
    devices = cluster.device_free[scope.rows]
    stay = ~movable & np.isin(tried.rows, scope.rows)
    for pod in np.flatnonzero(stay).tolist():
        at, gpu = np.searchsorted(scope.rows, tried.rows[pod]), cluster.specs[batch[pod]].gpu
        free[at] -= cluster.pod(int(batch[pod])).requests
        slots[at] -= 1
        if gpu is not None:
            devices[at] -= load([int(tried.devices[pod])], gpu.milli, devices.shape[1])
    return np.maximum(free, 0), np.maximum(slots, 0), devices
