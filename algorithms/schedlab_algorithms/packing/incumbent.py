"""The best placement so far, as counts by signature and node, and what it leaves free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Placement, PodBatch
from schedlab.engine import Exclusion, PackingProblem
from schedlab_algorithms.packing.arrays import Ints, Mask
from schedlab_algorithms.packing.devices import load
from schedlab_algorithms.packing.objectives import (
    ALL,
    DEFAULT,
    Nodes,
    Objectives,
    Value,
    used,
    value_of,
)

Masks = dict[tuple[int, int], list[int]]
Pod = tuple[int, int, int]
"""The signature, node and device mask of a placed pod."""

AT_A_TIME = 512
"""Nodes in one matrix product."""


class Incumbent:
    """A feasible placement.

    Attributes
    ----------
    counts : int32, shape (S, N)
        Pods of each signature on each node.
    free, slots, devices
        What is left, in the shapes of :class:`PackingProblem`.
    unplaced : int64, shape (S,)
    masks : dict
        For pods with GPUs, the device masks by (signature, node).
    objectives : tuple of str
        What it is judged by (:mod:`schedlab_algorithms.packing.objectives`).
    home : int32, shape (S, N), or None
        Pods that ran before the batch and may be moved, where they were.
    exclusions : sequence of Exclusion
        Who may not share a topology domain; whoever adds a pod asks :meth:`blocked` before.
    """

    def __init__(
        self,
        problem: PackingProblem,
        objectives: Objectives = DEFAULT,
        home: NDArray[np.int32] | None = None,
        exclusions: Sequence[Exclusion] = (),
    ) -> None:
        self.problem = problem
        self.objectives = objectives
        self.home = home
        self.exclusions = exclusions
        self.counts: NDArray[np.int32] = np.zeros(problem.eligible.shape, np.int32)
        self.free = problem.free.copy()
        self.slots = problem.slots.copy()
        self.devices = problem.devices.copy()
        self.unplaced = problem.supply.copy()
        self.masks: Masks = {}

    @classmethod
    def of(
        cls,
        problem: PackingProblem,
        pods: PodBatch,
        placement: Placement,
        objectives: Objectives = DEFAULT,
    ) -> Incumbent:
        """Count what a placement of the batch put where."""
        found = cls(problem, objectives)
        placed = np.flatnonzero(placement.node >= 0)
        rows, codes, devices = placement.node[placed], pods.signature[placed], placement.devices
        shape = found.counts.shape
        cells = codes.astype(np.int64) * shape[1] + rows
        counted = np.bincount(cells, minlength=shape[0] * shape[1])
        found.counts = counted.astype(np.int32).reshape(shape)
        found.free -= _taken(found.counts, problem.requests)
        found.slots -= found.counts.sum(axis=0)
        found.unplaced -= found.counts.sum(axis=1)
        found._hold(codes, rows, devices[placed])
        return found

    def _hold(self, codes: NDArray[np.int32], rows: NDArray[np.int32], masks: Ints) -> None:
        """Take the devices of pods given by signature, node and device mask, each shape (k,)."""
        sharing = np.flatnonzero(masks)
        codes, rows, masks = codes[sharing], rows[sharing], masks[sharing]
        for device in range(self.devices.shape[1]):
            on = np.flatnonzero(masks >> device & 1)
            np.subtract.at(self.devices[:, device], rows[on], self.problem.gpu_milli[codes[on]])
        for code, row, mask in zip(codes.tolist(), rows.tolist(), masks.tolist(), strict=True):
            self.masks.setdefault((code, row), []).append(mask)

    @property
    def value(self) -> Value:
        """What is maximised, lexicographically."""
        return value_of(self, self.objectives)

    def value_on(self, nodes: Ints) -> Value:
        """Return what some nodes contribute to :attr:`value`; the others do not depend on it."""
        return value_of(self, self.objectives, nodes)

    def placed(self, nodes: Nodes = ALL) -> Ints:
        """Return the pods of each signature on some nodes, shape (S,)."""
        if nodes is ALL:
            return self.problem.supply - self.unplaced
        return self.counts[:, nodes].sum(axis=1, dtype=np.int64)

    @property
    def nodes_used(self) -> int:
        """Nodes that hold any pod, of this batch or not."""
        return int(used(self).sum())

    def replace(
        self,
        signatures: Ints,
        nodes: Ints,
        counts: NDArray[np.int32],
        masks: Mapping[tuple[int, int], list[int]],
    ) -> None:
        """Put ``counts`` (m, k) of some signatures on some nodes in place of what was there."""
        problem, scope = self.problem, np.ix_(signatures, nodes)
        change = counts - self.counts[scope]
        self.counts[scope] = counts
        self.free[nodes] -= _taken(change, problem.requests[signatures])
        self.slots[nodes] -= change.sum(axis=0)
        self.unplaced[signatures] -= change.sum(axis=1)
        with_gpu = signatures[problem.gpu_count[signatures] > 0].tolist()
        for n in nodes.tolist():
            for s in with_gpu:
                self._set_masks(s, n, masks.get((s, n), []))

    def copy(self) -> Incumbent:
        """Return a placement that later changes leave alone."""
        same = Incumbent(self.problem, self.objectives, self.home, self.exclusions)
        same.restore(self)
        return same

    def restore(self, other: Incumbent) -> None:
        """Become the same placement as ``other``, of the same problem."""
        self.counts[:], self.free[:], self.slots[:] = other.counts, other.free, other.slots
        self.devices[:], self.unplaced[:] = other.devices, other.unplaced
        self.masks = {key: list(masks) for key, masks in other.masks.items()}

    def change(self, pod: Pod, sign: int) -> None:
        """Add (``sign`` +1) or take away (-1) one pod."""
        signature, node, mask = pod
        self.counts[signature, node] += sign
        self.free[node] -= sign * self.problem.requests[signature]
        self.slots[node] -= sign
        self.unplaced[signature] -= sign
        if mask:
            held = list(self.masks.get((signature, node), []))
            if sign > 0:
                held.append(mask)
            else:
                held.remove(mask)
            self._set_masks(signature, node, held)

    def blocked(self, signature: int) -> Mask:
        """Return the nodes that other pods of the batch keep one more pod off, shape (N,)."""
        off = np.zeros(len(self.slots), np.bool_)
        for exclusion in self.exclusions:
            if exclusion.members[signature]:
                off |= exclusion.blocked(signature, self.counts)
        return off

    def pods_on(self, node: int, among: Mask) -> list[Pod]:
        """Return the pods on a node whose signatures are ``among`` (bool, shape (S,))."""
        present = np.flatnonzero(among & (self.counts[:, node] > 0)).tolist()
        return [
            (s, node, mask)
            for s in present
            for mask in self.masks.get((s, node), [0] * int(self.counts[s, node]))
        ]

    @property
    def load(self) -> NDArray[np.float64]:
        """The largest share of any resource that is taken of each node, shape (N,)."""
        offered = self.problem.free
        taken = 1 - self.free / np.maximum(offered, 1)
        load: NDArray[np.float64] = np.where(offered > 0, taken, 0.0).max(axis=1)
        return load

    def taken(self, signature: int, node: int) -> Ints:
        """Return what the pods of one signature take of a node's devices, shape (D,)."""
        masks = self.masks.get((signature, node), [])
        return load(masks, int(self.problem.gpu_milli[signature]), self.devices.shape[1])

    def masks_of(self, signatures: Ints, nodes: Ints) -> Masks:
        """Return the device masks of some signatures on some nodes."""
        keys = ((s, n) for s in signatures.tolist() for n in nodes.tolist())
        return {key: self.masks[key] for key in keys if key in self.masks}

    def _set_masks(self, signature: int, node: int, masks: list[int]) -> None:
        key = signature, node
        if key not in self.masks and not masks:
            return
        self.devices[node] += self.taken(signature, node)
        self.masks.pop(key, None)
        if masks:
            self.masks[key] = masks
            self.devices[node] -= self.taken(signature, node)


def _taken(counts: NDArray[np.int32], requests: Ints) -> Ints:
    """Return what ``counts`` (m, k) of pods that ask for ``requests`` (m, R) take of nodes, (k, R).

    Some nodes at a time, so that what is computed on the way stays in the cache.
    """
    taken = np.empty((counts.shape[1], requests.shape[1]), np.int64)
    for start in range(0, len(taken), AT_A_TIME):
        nodes = slice(start, start + AT_A_TIME)
        taken[nodes] = counts[:, nodes].T.astype(np.int64) @ requests
    return taken
