"""What every node has left for one more pod, as the incumbent stands."""

from __future__ import annotations

import numpy as np

from schedlab_algorithms.packing.arrays import Floats, Mask
from schedlab_algorithms.packing.devices import tightest_mask
from schedlab_algorithms.packing.incumbent import Incumbent


def fits(incumbent: Incumbent, signature: int) -> Mask:
    """Return which nodes could take one more pod as they are, shape (N,)."""
    problem = incumbent.problem
    request, count = problem.requests[signature], problem.gpu_count[signature]
    asked = np.flatnonzero(request)
    able: Mask = _open(incumbent, signature) & (incumbent.slots > 0)
    able &= (incumbent.free[:, asked] >= request[asked]).all(axis=1)
    if count:
        able &= (incumbent.devices >= problem.gpu_milli[signature]).sum(axis=1) >= count
    return able


def part_that_fits(incumbent: Incumbent, signature: int) -> Floats:
    """Return which part of a pod each node could hold as it is, 0 to 1, shape (N,)."""
    parts = _parts(incumbent, signature)
    return np.where(_open(incumbent, signature), parts.min(axis=1), 0.0)


def nearness(incumbent: Incumbent, signature: int) -> Floats:
    """Return how near each node is to holding a pod, shape (N,); 0 where it never could.

    The part that fits, and the mean over what is asked, which tells full nodes apart.
    """
    parts = _parts(incumbent, signature)
    return np.where(_open(incumbent, signature), parts.min(axis=1) + parts.mean(axis=1), 0.0)


def _open(incumbent: Incumbent, signature: int) -> Mask:
    """Return the nodes that take a pod as far as anything but room goes, shape (N,)."""
    eligible = incumbent.problem.eligible[signature]
    return eligible & ~incumbent.blocked(signature) if incumbent.exclusions else eligible


def _parts(incumbent: Incumbent, signature: int) -> Floats:
    """Return which part of each thing asked every node has, 0 to 1, shape (N, k)."""
    problem = incumbent.problem
    request, count = problem.requests[signature], problem.gpu_count[signature]
    asked = np.flatnonzero(request)
    parts = [np.clip(incumbent.free[:, asked] / request[asked], 0.0, 1.0)]
    parts.append(np.clip(incumbent.slots, 0, 1)[:, None])
    if count:
        freest = -np.sort(-incumbent.devices, axis=1)[:, :count]
        shares = np.clip(freest / problem.gpu_milli[signature], 0.0, 1.0)
        parts.append(shares.sum(axis=1, keepdims=True) / count)
    return np.hstack(parts)


def spare(incumbent: Incumbent, signature: int) -> Floats:
    """Return what each node would have left after one more pod, summed as shares, shape (N,)."""
    left = incumbent.free - incumbent.problem.requests[signature]
    shares: Floats = (left * incumbent.problem.inverse_free).sum(axis=1)
    return shares


def tightest_devices(incumbent: Incumbent, signature: int, node: int) -> int:
    """Return the devices with the least room that is enough, as a bit mask (0 without GPUs)."""
    problem = incumbent.problem
    count, milli = int(problem.gpu_count[signature]), int(problem.gpu_milli[signature])
    return tightest_mask(incumbent.devices[node], count, milli) if count else 0
