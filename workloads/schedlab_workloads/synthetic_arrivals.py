"""The pods that wait: replica sets of every class, in order of arrival."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab_workloads.synthetic_config import Arrival, SyntheticConfig
from schedlab_workloads.synthetic_sets import ReplicaSets

CLASS_STREAM, ARRIVAL_STREAM, FILL_STREAM = range(3)
"""What sets the random streams of one seed apart, so that one part's draws move no other's."""


def draw_arrivals(
    config: SyntheticConfig, seed: int
) -> tuple[list[ReplicaSets], NDArray[np.int32]]:
    """Draw the replica sets of each class and, pod by pod, the set (over all classes) it is of."""
    groups: list[ReplicaSets] = []
    sizes: list[NDArray[np.int64]] = []
    for i, (pod_class, pods) in enumerate(zip(config.classes, config.class_sizes(), strict=True)):
        rng = np.random.default_rng([seed, CLASS_STREAM, i])
        sizes.append(pod_class.sizes(rng, pods))
        groups.append(ReplicaSets.draw(pod_class, rng, pod_class.name, len(sizes[-1])))
    rng = np.random.default_rng([seed, ARRIVAL_STREAM])
    return groups, arrange(np.concatenate(sizes), config.arrival, rng)


def arrange(
    sizes: NDArray[np.int64], arrival: Arrival, rng: np.random.Generator
) -> NDArray[np.int32]:
    """Return the replica set of each pod, in order of arrival, int32, shape (sum of sizes,)."""
    sets = np.arange(len(sizes), dtype=np.int32)
    if arrival == "by-replica-set":
        sets = rng.permutation(sets)
    pods = np.repeat(sets, sizes[sets])
    return rng.permutation(pods) if arrival == "shuffled" else pods
