"""A batch on a cluster as an integer packing problem: pods grouped by signature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster, FilterPlugin, PodBatch, PodSpec
from schedlab.bound.eligibility import eligibility

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

WHOLE_DEVICE = 1000
MOST_DOUBLINGS = 20
"""How often the weight of a pod doubles at most from one priority to the next higher one."""


@dataclass(frozen=True)
class PackingProblem:
    """S distinct pod specs with their multiplicities, N nodes as the batch finds them.

    Attributes
    ----------
    specs : tuple of PodSpec, length S
    supply : int64, shape (S,)
        How many pods of each signature wait.
    tier : int64, shape (S,)
        0 for the highest priority in the batch, counting up.
    requests : int64, shape (S, R)
    gpu_count, gpu_milli : int64, shape (S,)
        Devices and thousandths of each; 0 where a pod asks for none.
    eligible : bool, shape (S, N)
        What the filters that read specs alone say.
    free : int64, shape (N, R)
        Not below 0: an overcommitted node takes only pods that ask for nothing there.
    slots : int64, shape (N,)
        How many more pods the node may hold.
    devices : int64, shape (N, D)
        Free thousandths by GPU device, -1 where a node has fewer.
    occupied : bool, shape (N,)
        Nodes that hold pods which are not of this batch.
    """

    specs: tuple[PodSpec, ...]
    supply: Ints
    tier: Ints
    requests: Ints
    gpu_count: Ints
    gpu_milli: Ints
    eligible: Mask
    free: Ints
    slots: Ints
    devices: Ints
    occupied: Mask

    def admitting(self, admitted: Mapping[int, Mask]) -> PackingProblem:
        """Return the problem with these signatures only on nodes that admit them, each (N,)."""
        if not admitted:
            return self
        eligible = self.eligible.copy()
        for signature, nodes in admitted.items():
            eligible[signature] &= nodes
        return replace(self, eligible=eligible)

    @property
    def tiers(self) -> int:
        """The number of distinct priorities."""
        return int(self.tier.max(initial=-1)) + 1

    @cached_property
    def value_weights(self) -> Ints:
        """What a pod of each signature is worth, shape (S,): 1 for the lowest priority.

        Twice as much for each higher one, up to 2**20.
        """
        doublings = np.minimum(self.tiers - 1 - self.tier, MOST_DOUBLINGS)
        return np.left_shift(1, doublings).astype(np.int64)

    @cached_property
    def placeable(self) -> Mask:
        """Signatures of which at least one pod fits on some node as the batch finds it, (S,)."""
        room = self.free, self.slots, self.devices
        fits = [bool((copies(self, s, *room)[e] > 0).any()) for s, e in enumerate(self.eligible)]
        return np.array(fits, np.bool_)

    @cached_property
    def dominant_share(self) -> Floats:
        """Each signature's largest request as a share of all that is free, shape (S,)."""
        shares = self.requests / np.maximum(self.free.sum(axis=0), 1)
        dominant: Floats = shares.max(axis=1, initial=0.0)
        return dominant

    @cached_property
    def inverse_free(self) -> Floats:
        """1 / ``free``, 0 where nothing is, shape (N, R)."""
        return np.where(self.free > 0, 1 / np.maximum(self.free, 1), 0.0)

    def by_tier(self, counts: Ints) -> Ints:
        """Sum ``counts`` (S,) over the signatures of each tier, shape (tiers,)."""
        return np.bincount(self.tier, counts, minlength=self.tiers).astype(np.int64)


def packing_problem(
    filters: Sequence[FilterPlugin], cluster: Cluster, pods: PodBatch
) -> PackingProblem:
    """Group a batch by signature under ``filters``, and read the state of ``cluster``."""
    gpus = [spec.gpu for spec in pods.specs]
    return PackingProblem(
        specs=pods.specs,
        supply=np.bincount(pods.signature, minlength=len(pods.specs)).astype(np.int64),
        tier=_tiers(pods.specs),
        requests=_requests(cluster, pods.specs),
        gpu_count=np.array([g.count if g else 0 for g in gpus], np.int64),
        gpu_milli=np.array([g.milli if g else 0 for g in gpus], np.int64),
        eligible=eligibility(filters, cluster, pods.specs),
        free=np.maximum(cluster.allocatable - cluster.requested, 0),
        slots=np.maximum(cluster.allowed_pods - cluster.pod_count, 0),
        devices=cluster.device_free.copy(),
        occupied=cluster.pod_count > 0,
    )


def _requests(cluster: Cluster, specs: Sequence[PodSpec]) -> Ints:
    rows = [cluster.pod(cluster.signature(spec)).requests for spec in specs]
    return np.array(rows, np.int64).reshape(len(specs), len(cluster.resources))


def _tiers(specs: Sequence[PodSpec]) -> Ints:
    priorities = np.array([s.priority for s in specs], np.int64)
    return np.unique(-priorities, return_inverse=True)[1].astype(np.int64)


def copies(problem: PackingProblem, signature: int, free: Ints, slots: Ints, devices: Ints) -> Ints:
    """Return how many pods of one signature alone would fit on each of n nodes, shape (n,).

    Exact but for pods that want several shared devices, where it may be too high.
    ``free`` is (n, R), ``slots`` (n,), ``devices`` (n, D).
    """
    request = problem.requests[signature]
    asked = np.flatnonzero(request)
    fit = np.minimum(slots, problem.supply[signature])
    if len(asked):
        fit = np.minimum(fit, (free[:, asked] // request[asked]).min(axis=1))
    if problem.gpu_count[signature]:
        count, milli = problem.gpu_count[signature], problem.gpu_milli[signature]
        shares = np.maximum(devices, 0) // milli
        fit = np.minimum(fit, shares.sum(axis=1) // count)
        fit = np.where((shares > 0).sum(axis=1) >= count, fit, 0)
    return np.maximum(fit, 0)
