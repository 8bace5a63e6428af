"""The best placement so far, as counts by signature and node, and what it leaves free."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Placement, PodBatch
from schedlab.engine import PackingProblem
from schedlab_algorithms.packing.arrays import Ints, Mask
from schedlab_algorithms.packing.devices import load

Value = tuple[int, ...]
Masks = dict[tuple[int, int], list[int]]
Pod = tuple[int, int, int]
"""The signature, node and device mask of a placed pod."""


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
    """

    def __init__(self, problem: PackingProblem) -> None:
        self.problem = problem
        self.counts: NDArray[np.int32] = np.zeros(problem.eligible.shape, np.int32)
        self.free = problem.free.copy()
        self.slots = problem.slots.copy()
        self.devices = problem.devices.copy()
        self.unplaced = problem.supply.copy()
        self.masks: Masks = {}

    @classmethod
    def of(cls, problem: PackingProblem, pods: PodBatch, placement: Placement) -> Incumbent:
        """Count what a placement of the batch put where."""
        found = cls(problem)
        placed = np.flatnonzero(placement.node >= 0)
        rows, codes = placement.node[placed], pods.signature[placed]
        counts = np.zeros_like(found.counts)
        np.add.at(counts, (codes, rows), 1)
        masks: Masks = {}
        for pod in placed[problem.gpu_count[codes] > 0].tolist():
            key = int(pods.signature[pod]), int(placement.node[pod])
            masks.setdefault(key, []).append(int(placement.devices[pod]))
        every_node, every_signature = np.arange(counts.shape[1]), np.arange(counts.shape[0])
        found.replace(every_signature, every_node, counts, masks)
        return found

    @property
    def value(self) -> Value:
        """What is maximised, lexicographically: pods placed by tier, then minus nodes used."""
        placed = self.problem.by_tier(self.problem.supply - self.unplaced)
        return (*placed.tolist(), -self.nodes_used)

    @property
    def nodes_used(self) -> int:
        """Nodes that hold any pod, of this batch or not."""
        return int((self.problem.occupied | (self.slots < self.problem.slots)).sum())

    def replace(
        self,
        signatures: Ints,
        nodes: Ints,
        counts: NDArray[np.int32],
        masks: Mapping[tuple[int, int], list[int]],
    ) -> None:
        """Put ``counts`` (m, k) of some signatures on some nodes in place of what was there."""
        problem, scope = self.problem, np.ix_(signatures, nodes)
        change = counts.astype(np.int64) - self.counts[scope]
        self.counts[scope] = counts
        self.free[nodes] -= change.T @ problem.requests[signatures]
        self.slots[nodes] -= change.sum(axis=0)
        self.unplaced[signatures] -= change.sum(axis=1)
        with_gpu = signatures[problem.gpu_count[signatures] > 0].tolist()
        for n in nodes.tolist():
            for s in with_gpu:
                self._set_masks(s, n, masks.get((s, n), []))

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
