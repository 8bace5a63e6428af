"""Tuning a list of pods to a demand ratio, as the ATC 2023 simulator does, by NumPy's generator."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Node, PodSpec
from schedlab.model.objects import GPU_MILLI

Ints = NDArray[np.int64]


def tune(
    nodes: Sequence[Node], pods: Sequence[PodSpec], ratio: float, seed: int
) -> tuple[Ints, Ints]:
    """Return an arrival order (positions in ``pods``) and a rank for each node.

    The pods are shuffled.  While they ask for less than ``ratio`` times the GPUs of the nodes,
    one drawn at random is copied to the end (the last is the first that would pass the
    target by what it asks of a single device); while they ask for more, one at random is
    taken out.  The rules are the simulator's, the random numbers are not.
    """
    random = np.random.default_rng(seed)
    milli = np.array([spec.request(GPU_MILLI) for spec in pods], np.int64)
    share = np.array([spec.gpu.milli if spec.gpu else 0 for spec in pods], np.int64)
    target = ratio * sum(node.allocatable.get(GPU_MILLI, 0) for node in nodes)
    order = random.permutation(len(pods))
    if milli.sum() > target:
        order = order[_kept(random, milli[order], target)]
    elif milli.any():
        order = np.concatenate([order, _copies(random, milli, share, target)])
    return order, random.permutation(len(nodes))


def _kept(random: np.random.Generator, milli: Ints, target: float) -> Ints:
    """Return, ascending, which pods stay when random ones leave until the target is met."""
    leaving = random.permutation(len(milli))
    excess = milli.sum() - np.cumsum(milli[leaving])
    last = int(np.argmax(excess <= target))
    return np.sort(leaving[last + 1 :])


def _copies(random: np.random.Generator, milli: Ints, share: Ints, target: float) -> Ints:
    """Return the pods drawn, with replacement, before the target would be passed."""
    drawn: list[int] = []
    total = int(milli.sum())
    while True:
        pod = int(random.integers(len(milli)))
        if total + share[pod] > target:
            return np.array(drawn, np.int64)
        drawn.append(pod)
        total += int(milli[pod])
