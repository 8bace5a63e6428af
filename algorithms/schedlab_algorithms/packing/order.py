"""In which order a start places pods, and how they are taken back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster, Placement, PodBatch
from schedlab.engine import FluidBound, PackingProblem


def guided_order(problem: PackingProblem, fluid: FluidBound, pods: PodBatch) -> NDArray[np.int64]:
    """Order pods by tier, and in it those that the relaxation places, largest first.

    The others follow, smallest first: where not all fit, many small pods count for more.
    Pods alike stand together, which a scheduler may use to place them in one step.
    """
    quota = np.rint(fluid.pods).astype(np.int64)
    left = _rank_in_signature(pods) >= quota[pods.signature]
    classes = np.arange(2 * len(pods.specs))  # of a signature, those chosen and those left
    signature, is_left = classes // 2, classes % 2
    size = problem.dominant_share[signature] * np.where(is_left, 1, -1)
    keys = signature, size, is_left, problem.tier[signature]
    place = np.empty_like(classes)
    place[np.lexsort(keys)] = classes
    return _sorted(place[2 * pods.signature.astype(np.int64) + left])


def _rank_in_signature(pods: PodBatch) -> NDArray[np.int64]:
    """Return how many earlier pods of the batch have the pod's signature, shape (P,)."""
    order = _sorted(pods.signature)
    codes = pods.signature[order]
    rank = np.empty(len(pods), np.int64)
    rank[order] = np.arange(len(pods)) - np.searchsorted(codes, codes)
    return rank


def _sorted(codes: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the stable order of codes (P,), at least 0; of short integers it is soon found."""
    short = codes.astype(np.min_scalar_type(int(codes.max(initial=0))))
    return np.argsort(short, kind="stable").astype(np.int64)


def take_back(cluster: Cluster, pods: PodBatch, placement: Placement) -> None:
    """Remove a placed batch from the cluster."""
    known = np.array([cluster.signature(s) for s in pods.specs], np.int32)
    plain = np.flatnonzero((placement.node >= 0) & (placement.devices == 0))
    cluster.remove_many(known[pods.signature[plain]], placement.node[plain])
    shared = np.flatnonzero((placement.node >= 0) & (placement.devices > 0))
    columns = known[pods.signature[shared]], placement.node[shared], placement.devices[shared]
    for signature, row, devices in zip(*(c.tolist() for c in columns), strict=True):
        cluster.remove(signature, row, devices)
