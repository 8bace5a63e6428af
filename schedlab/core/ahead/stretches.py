"""The queue in order, cut into runs of equal pods and stretches of unequal ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from schedlab.api import PodBatch
from schedlab.core.ahead.runs import SHORTEST, RunPath
from schedlab.core.profile import QueueSort

Ints = NDArray[np.int64]


def queue_order(queue_sort: QueueSort, pods: PodBatch) -> Ints:
    """Return the pods' indices in the order in which they are scheduled, shape (P,)."""
    if queue_sort == "Arrival":
        return np.arange(len(pods), dtype=np.int64)
    return np.argsort(-pods.priority, kind="stable")


def stretches(interned: Ints, pods: PodBatch, sequence: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Yield consecutive pods' signatures (the cluster's) and numbers, in the order of ``sequence``.

    Each is a run, or there is none in it.
    """
    if not len(sequence):
        return
    signatures = interned[pods.signature[sequence]]
    starts = np.flatnonzero(np.diff(signatures, prepend=-1))
    lengths = np.diff(starts, append=len(sequence))
    runs = lengths >= SHORTEST
    cuts = starts[1:][runs[1:] | runs[:-1]]
    yield from zip(np.split(signatures, cuts), np.split(sequence, cuts), strict=True)


def is_run(signatures: Ints) -> bool:
    """Say whether a stretch is of equal pods, enough of them for placing them as a run."""
    return RunPath.pays(len(signatures)) and bool((signatures == signatures[0]).all())
