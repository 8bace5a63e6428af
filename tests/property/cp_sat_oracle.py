"""What any scheduler could do, by trying every order, node and device."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from schedlab import engine
from schedlab.api import Cluster, Workload

Value = tuple[int, ...]
Outcome = tuple[Value, int]
"""Pods placed by signature, and nodes in use."""


def best_reachable(workload: Workload, profile: engine.Profile) -> Value:
    """Return the greatest (pods placed by priority, minus nodes used) over all legal histories."""
    priorities = [s.priority for s in workload.pods.specs]
    tiers = sorted(set(priorities), reverse=True)
    return max(
        (*(sum(n for n, p in zip(placed, priorities, strict=True) if p == t) for t in tiers), -used)
        for placed, used in reachable(workload, profile)
    )


def reachable(workload: Workload, profile: engine.Profile) -> set[Outcome]:
    """Return what all legal histories lead to, unfinished ones too."""
    cluster, specs = Cluster.of(workload), workload.pods.specs
    left = np.bincount(workload.pods.signature, minlength=len(specs)).tolist()
    placed = [0] * len(specs)
    seen: set[tuple[bytes, ...]] = set()
    where: list[tuple[int, int]] = []
    found: set[Outcome] = set()

    def explore() -> None:
        state = (
            cluster.dynamic.tobytes(),
            cluster.device_free.tobytes(),
            repr(sorted(where)).encode(),
        )
        if state in seen:
            return
        seen.add(state)
        found.add((tuple(placed), int((cluster.pod_count > 0).sum())))
        for i, spec in enumerate(specs):
            if left[i]:
                for row, devices in moves(cluster.signature(spec)):
                    cluster.place(cluster.signature(spec), row, devices)
                    left[i] -= 1
                    placed[i] += 1
                    where.append((i, row))
                    explore()
                    where.pop()
                    placed[i] -= 1
                    left[i] += 1
                    cluster.remove(cluster.signature(spec), row, devices)

    def moves(signature: int) -> Iterator[tuple[int, int]]:
        gpu = cluster.specs[signature].gpu
        for row in engine.feasible(profile, cluster, signature).tolist():
            if gpu is None:
                yield row, 0
                continue
            fitting = np.flatnonzero(cluster.device_free[row] >= gpu.milli).tolist()
            for chosen in combinations(fitting, gpu.count):
                yield row, sum(1 << d for d in chosen)

    explore()
    return found
