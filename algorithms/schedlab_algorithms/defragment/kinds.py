"""The distinct specs of what runs and what waits, as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from schedlab import engine
from schedlab.api import Cluster, PodSpec
from schedlab.engine import Profile
from schedlab_algorithms.packing.arrays import Ints, Mask
from schedlab_algorithms.packing.rules import rules_of


@dataclass(frozen=True)
class Kinds:
    """S distinct specs.

    Attributes
    ----------
    specs : tuple of PodSpec, length S
    signature : int64, shape (S,)
        Their numbers in the cluster.
    requests : int64, shape (S, R)
    size : float64, shape (S,)
        The largest request as a share of what all nodes offer.
    gpu_count, gpu_milli, priority : int64, shape (S,)
    loose : bool, shape (S,)
        Specs whose pods need nothing but room, and which no rule of any other pod counts.
    zones : bool, shape (K, N)
        The distinct sets of nodes that specs admit, whatever is placed.
    zone : int64, shape (S,)
        Which of them each spec has.
    """

    specs: tuple[PodSpec, ...]
    signature: Ints
    requests: Ints
    size: np.typing.NDArray[np.float64]
    gpu_count: Ints
    gpu_milli: Ints
    priority: Ints
    loose: Mask
    zones: Mask
    zone: Ints

    @classmethod
    def of(cls, profile: Profile, cluster: Cluster, specs: Sequence[PodSpec]) -> Kinds:
        """Read specs under the filters of a profile, on a cluster as it stands."""
        signature = np.array([cluster.signature(s) for s in specs], np.int64)
        rows = [cluster.pod(s).requests for s in signature.tolist()]
        requests = np.array(rows, np.int64).reshape(len(specs), len(cluster.resources))
        offered = np.maximum(cluster.allocatable.sum(axis=0), 1)
        zones, zone = engine.eligible_kinds(profile, cluster, specs)
        return cls(
            specs=tuple(specs),
            signature=signature,
            requests=requests,
            size=(requests / offered).max(axis=1, initial=0.0),
            gpu_count=np.array([s.gpu.count if s.gpu else 0 for s in specs], np.int64),
            gpu_milli=np.array([s.gpu.milli if s.gpu else 0 for s in specs], np.int64),
            priority=np.array([s.priority for s in specs], np.int64),
            loose=rules_of(profile, cluster, tuple(specs)).loose,
            zones=zones,
            zone=zone,
        )
