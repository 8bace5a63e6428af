"""What a trial left behind: the input of every metric."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Placement
from schedlab.core.cluster import Cluster
from schedlab.metrics.settled import bound_rows, settled
from schedlab.model.objects import GPU_MILLI, PodSpec, Workload

if TYPE_CHECKING:
    from schedlab.metrics.bounds import Bounds

NVIDIA_GPU = "nvidia.com/gpu"


@dataclass(frozen=True, eq=False)
class Outcome:
    """A workload and where a scheduler put its pods.

    ``seconds`` is the wall clock of the scheduler's call and ``peak_memory_mb`` the
    memory of its process, in MB (10^6 bytes); NaN where nobody measured them.
    """

    workload: Workload
    placement: Placement
    seconds: float = math.nan
    peak_memory_mb: float = math.nan

    @property
    def placed(self) -> NDArray[np.bool_]:
        """Which pods were placed, shape (P,)."""
        return self.placement.node >= 0

    @cached_property
    def cluster(self) -> Cluster:
        """The cluster in its final state: bound pods where they ended up, and placed ones."""
        cluster = settled(self.workload, self.stayed, self.placement.moves)
        number = self._numbers(self.workload.pods.specs, cluster)[self.workload.pods.signature]
        plain = self.placed & (self.placement.devices == 0)
        cluster.place_many(number[plain], self.placement.node[plain])
        for pod in np.flatnonzero(self.placed & ~plain).tolist():
            devices = int(self.placement.devices[pod])
            cluster.place(int(number[pod]), int(self.placement.node[pod]), devices)
        return cluster

    @cached_property
    def stayed(self) -> NDArray[np.bool_]:
        """Which bound pods were not evicted, shape (B,)."""
        stayed = np.ones(len(self.workload.bound), np.bool_)
        stayed[[e.bound for e in self.placement.evictions if e.bound >= 0]] = False
        return stayed

    @cached_property
    def bounds(self) -> Bounds:
        """What holds for every placement of these pods beside the bound ones that stayed."""
        from schedlab.metrics.bounds import Bounds  # OR-Tools takes long to import

        evicting = bool(self.placement.evictions)
        return Bounds.of(self.workload, self.stayed, self.placement.moves, evicting)

    @cached_property
    def placed_by_signature(self) -> NDArray[np.int64]:
        """The number of pods placed of each of the batch's specs, shape (S,)."""
        pods = self.workload.pods
        counts = np.bincount(pods.signature[self.placed], minlength=len(pods.specs))
        return counts.astype(np.int64)

    @cached_property
    def fewest_nodes(self) -> int:
        """How many nodes are in use at least where these pods are placed."""
        return self.bounds.fewest_nodes(self.placed_by_signature)

    @cached_property
    def gpu(self) -> str | None:
        """The resource that counts GPUs here: shared devices before whole ones, else None."""
        offered = {r for n in self.workload.nodes for r, amount in n.allocatable.items() if amount}
        return next((r for r in (GPU_MILLI, NVIDIA_GPU) if r in offered), None)

    @cached_property
    def running(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """The spec number (in ``cluster.specs``) and the row of every pod on a node."""
        bound, pods = self.workload.bound, self.workload.pods
        theirs = self._numbers(bound.specs, self.cluster)[bound.signature[self.stayed]]
        ours = self._numbers(pods.specs, self.cluster)[pods.signature[self.placed]]
        bound_node = bound_rows(self.workload, self.placement.moves)
        rows = (bound_node[self.stayed], self.placement.node[self.placed])
        return np.concatenate([theirs, ours]), np.concatenate(rows)

    @staticmethod
    def _numbers(specs: tuple[PodSpec, ...], cluster: Cluster) -> NDArray[np.int32]:
        return np.array([cluster.signature(s) for s in specs], np.int32)
