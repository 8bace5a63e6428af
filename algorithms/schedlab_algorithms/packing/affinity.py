"""Required pod affinity: pods that go only where others are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster, PodSpec
from schedlab_algorithms.kubernetes.inter_pod_affinity_counts import RequiredTables
from schedlab_algorithms.packing.arrays import Ints, Mask

Live = list[Mask]
"""By topology key, which domains hold a pod that is meant, each of shape (D + 1,)."""

NOBODY = (-1, -1)
"""In place of a signature and node: somebody has to begin and nobody can."""


@dataclass(frozen=True)
class Affinity:
    """The required affinity terms that some signatures of one namespace share.

    A pod that states them needs, for each topology key, a pod that all of them mean in its
    node's domain.  If they mean itself and no pod that they mean is anywhere, it may go to
    any node that has the keys: it is the first of its kind.

    Attributes
    ----------
    domain : int32, shape (K, N)
        The node's domain of each key, -1 where it lacks the key.
    owners : bool, shape (S,)
        Signatures that state the terms.
    meant : bool, shape (S,)
        Signatures that all the terms mean.
    running : tuple of K bool arrays, shape (D + 1,)
        Domains of each key where pods that are meant ran before the batch; the last entry
        stands for nodes without the key.
    """

    domain: NDArray[np.int32]
    owners: Mask
    meant: Mask
    running: tuple[Mask, ...]

    @property
    def kin(self) -> Mask:
        """Owners of which one may be the first of its kind, shape (S,)."""
        return self.owners & self.meant

    @property
    def may_begin(self) -> bool:
        """Whether there may be a first of its kind: no pod that is meant ran before."""
        return not any(r.any() for r in self.running)

    @property
    def admitted(self) -> Mask:
        """Where owners may go: the keys are there, and running pods if no others count, (N,)."""
        present: Mask = np.logical_and.reduce(self.domain >= 0)
        if self.meant.any():
            return present
        return self.admits(list(self.running), np.arange(len(present)))

    @property
    def matters(self) -> bool:
        """Whether pods of the batch may decide where owners may go."""
        return bool(self.meant.any())

    def live(self, nodes: Ints) -> Live:
        """Return the domains with a pod that is meant if ``nodes`` (k,) hold one each."""
        found = [r.copy() for r in self.running]
        self.enliven(found, nodes)
        return found

    def enliven(self, live: Live, nodes: Ints) -> None:
        """Add the domains of some nodes."""
        for at, codes in zip(live, self.domain[:, nodes], strict=True):
            at[codes[codes >= 0]] = True

    def admits(self, live: Live, nodes: Ints) -> Mask:
        """Return of which of some nodes (k,) all domains are live, shape (k,)."""
        each = [at[codes] for at, codes in zip(live, self.domain[:, nodes], strict=True)]
        admitted: Mask = np.logical_and.reduce(each)
        return admitted

    def first(self, counts: NDArray[np.int32]) -> tuple[int, int] | None:
        """Return the (signature, node) that has to be the first of its kind in ``counts`` (S, N).

        None where nobody has to be, NOBODY where somebody has to and nobody can.
        """
        live = self.live(nodes_with(counts, self.meant & ~self.owners))
        housed = nodes_with(counts, self.owners)
        lonely = housed[~self.admits(live, housed)]
        if not len(lonely):
            return None
        able = nodes_with(counts, self.kin) if self.may_begin else lonely[:0]
        for at, codes in zip(live, self.domain, strict=True):
            dead = np.unique(codes[lonely][~at[codes[lonely]]])
            able = able[(codes[able][:, None] == dead).all(axis=1)]
        if not len(able):
            return NOBODY
        node = int(able[0])
        return int(np.flatnonzero(self.kin & (counts[:, node] > 0))[0]), node


def nodes_with(counts: NDArray[np.int32], signatures: Mask) -> Ints:
    """Return the nodes on which ``counts`` (S, N) has pods of ``signatures`` (bool, (S,))."""
    return np.flatnonzero(counts[signatures].any(axis=0))


def affinities(cluster: Cluster, specs: Sequence[PodSpec]) -> tuple[Affinity, ...]:
    """Return the required affinities of a batch, over what already runs on ``cluster``."""
    codes: Ints = np.array([cluster.signature(s) for s in specs], np.int64)
    owners: dict[object, list[int]] = {}
    for i, spec in enumerate(specs):
        if spec.required_affinity:
            owners.setdefault((spec.namespace, spec.required_affinity), []).append(i)
    return tuple(_affinity(cluster, codes, mine) for mine in owners.values())


def _affinity(cluster: Cluster, codes: Ints, owners: list[int]) -> Affinity:
    pod = cluster.pod(int(codes[owners[0]]))
    tables = RequiredTables(pod, cluster.view()).affinity
    stating = np.zeros(len(codes), np.bool_)
    stating[owners] = True
    return Affinity(
        domain=np.array([t.codes for t in tables], np.int32),
        owners=stating,
        meant=tables[0].sums.weights()[codes] > 0,
        running=tuple(t.counts() > 0 for t in tables),
    )
