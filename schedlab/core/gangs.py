"""Gangs of a batch: how many pods each takes, and how many it has.

Kubernetes 1.35 (plugins/gangscheduling, alpha) lets pods of a gang wait for one another on
nodes whose room they hold, and gives it back if not enough of them come in time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from schedlab.core.cluster import Cluster
from schedlab.model.gangs import GangName, gang_of, gang_sizes
from schedlab.model.objects import PodBatch, PodSpec

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

NO_GANG = -1


def missing(cluster: Cluster, specs: Iterable[PodSpec]) -> dict[GangName, int]:
    """Return how many more pods of each gang of ``specs`` must be placed together, if any.

    Raises
    ------
    InputError
        If pods of one gang, running ones included, do not agree on how many it takes.
    """
    gangs = _of_specs(cluster, tuple(specs))
    if not gangs:
        return {}
    there = _there(cluster, {name: i for i, name in enumerate(gangs)})
    return {
        name: least - here
        for (name, least), here in zip(gangs.items(), there.tolist(), strict=True)
        if here < least
    }


def _of_specs(cluster: Cluster, specs: Sequence[PodSpec]) -> dict[GangName, int]:
    """Return the gangs of some specs, and how many pods each takes."""
    if not any(s.gang for s in specs):
        return {}
    sizes = gang_sizes((*specs, *cluster.specs))
    return {name: sizes[name] for s in specs if (name := gang_of(s))}


def _numbers(specs: Iterable[PodSpec], number: dict[GangName, int]) -> Ints:
    """Return the number of each spec's gang, NO_GANG for those of none."""
    names = (gang_of(s) for s in specs)
    return np.array([number.get(n, NO_GANG) if n else NO_GANG for n in names], np.int64)


def _there(cluster: Cluster, number: dict[GangName, int]) -> Ints:
    """Return how many pods of each gang are on nodes, shape (G,)."""
    log = cluster.log
    gang = _numbers(cluster.specs, number)[log.signatures(0)]
    sign = np.where(gang == NO_GANG, 0, log.signs(0))
    return np.bincount(gang + 1, sign, minlength=len(number) + 1)[1:].astype(np.int64)


class Gangs:
    """The gangs of a batch, numbered.

    Attributes
    ----------
    of_pod : int64, shape (P,)
        The gang of each pod, NO_GANG for those of none.
    least : int64, shape (G,)
        How many pods each takes, running ones included.
    others : int64, shape (G,)
        How many run that are not of the batch; :meth:`count_others` brings it up to date.
    """

    def __init__(self, cluster: Cluster, pods: PodBatch) -> None:
        sizes = _of_specs(cluster, pods.specs)
        self._cluster = cluster
        self._number = {name: i for i, name in enumerate(sizes)}
        by_spec = _numbers(pods.specs, self._number)
        self.of_pod: Ints = by_spec[pods.signature] if len(by_spec) else np.zeros(0, np.int64)
        self.least = np.array(list(sizes.values()), np.int64)
        self.others = _there(cluster, self._number) if sizes else np.zeros(0, np.int64)

    def __len__(self) -> int:
        return len(self.least)

    def count(self, pods: Ints) -> Ints:
        """Return how many of some pods of the batch each gang has, shape (G,)."""
        return np.bincount(self.of_pod[pods] + 1, minlength=len(self) + 1)[1:]

    def count_others(self, node: NDArray[np.int32]) -> None:
        """Count again who runs, where ``node`` (P,) tells which pods of the batch are placed."""
        placed = self.count(np.flatnonzero(node >= 0))
        self.others = _there(self._cluster, self._number) - placed

    def would_break(self, node: NDArray[np.int32], pod: int, victims: NDArray[np.int32]) -> bool:
        """Say whether a gang that pods of the batch joined comes short without some pods.

        ``node`` (P,) tells which pods of the batch are placed, and ``pod`` is about to be;
        ``victims`` are signatures.
        """
        specs = (self._cluster.specs[i] for i in victims.tolist())
        gone = np.bincount(_numbers(specs, self._number) + 1, minlength=len(self) + 1)[1:]
        if not gone.any():
            return False
        joined = self.count(np.append(np.flatnonzero(node >= 0), pod)) > 0
        there = _there(self._cluster, self._number) - gone
        return bool((joined & (gone > 0) & (there < self.least)).any())

    def at(self, pods: Ints, of_gang: Mask) -> Mask:
        """Return for each pod what holds of its gang, False for those of none, shape (n,)."""
        return np.append(of_gang, False)[self.of_pod[pods]]
