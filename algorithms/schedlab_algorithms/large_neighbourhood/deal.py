"""GPU devices whose shares are dealt anew, and how many of them are to hold which pattern."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from schedlab_algorithms.packing.arrays import WHOLE_DEVICE, Ints
from schedlab_algorithms.packing.incumbent import Incumbent, Pod

Cell = tuple[int, int]


@dataclass(frozen=True)
class Deal:
    """Devices whose shares are dealt anew, and how many of them get which pattern.

    Attributes
    ----------
    incumbent : Incumbent
    sizes : int64, shape (K,)
        In thousandths; the last is a whole device.
    patterns : int64, shape (Q, K)
        How many pods of each size; the last is one pod with a whole device.
    then : int64, shape (Q - 1,)
        How many of the devices shall have each pattern but the last.
    node, device, held : int64, shape (C,)
        The devices, and which pattern each holds now.
    wanted : int64, shape (w,)
        Signatures that wait for one whole device.
    """

    incumbent: Incumbent
    sizes: Ints
    patterns: Ints
    then: Ints
    node: Ints
    device: Ints
    held: Ints
    wanted: Ints

    @cached_property
    def nodes(self) -> Ints:
        """The distinct nodes (k,), ascending."""
        return np.unique(self.node)

    @cached_property
    def lifted(self) -> list[Pod]:
        """The pods on the devices."""
        problem, masks = self.incumbent.problem, self.incumbent.masks
        chosen = set(zip(self.node.tolist(), (1 << self.device).tolist(), strict=True))
        there, shared = set(self.nodes.tolist()), problem.gpu_milli < WHOLE_DEVICE
        among = sorted((s, n) for s, n in masks if n in there and shared[s])
        return [(s, n, mask) for s, n in among for mask in masks[s, n] if (n, mask) in chosen]

    @cached_property
    def signatures(self) -> Ints:
        """The signatures of the lifted pods, then those that wait, (m,)."""
        moved = np.unique(np.array([s for s, _, _ in self.lifted], np.int64))
        return np.concatenate([moved, self.wanted])

    @cached_property
    def placed(self) -> Ints:
        """How many lifted pods of each signature were on each node, shape (m, k)."""
        placed = np.zeros((len(self.signatures), len(self.nodes)), np.int64)
        row = {s: i for i, s in enumerate(self.signatures.tolist())}
        column = {n: j for j, n in enumerate(self.nodes.tolist())}
        for s, n, _ in self.lifted:
            placed[row[s], column[n]] += 1
        return placed

    @cached_property
    def devices(self) -> list[list[int]]:
        """The devices on each node."""
        return [self.device[self.node == n].tolist() for n in self.nodes.tolist()]


def carry_out(deal: Deal, cuts: Mapping[Cell, int], pods: Mapping[Cell, int]) -> None:
    """Take the lifted pods off their devices and place them and waiting ones anew.

    Given are devices of each pattern by (pattern, node), and pods by (signature, node): their
    numbers in ``deal``.
    """
    for pod in deal.lifted:
        deal.incumbent.change(pod, -1)
    free = [list(devices) for devices in deal.devices]
    slots: dict[Cell, list[int]] = defaultdict(list)
    for (q, j), times in sorted(cuts.items()):
        for device in (free[j].pop() for _ in range(times)):
            for size, shares in zip(deal.sizes.tolist(), deal.patterns[q].tolist(), strict=True):
                slots[size, j] += [device] * shares
    for (i, j), times in sorted(pods.items()):
        signature = int(deal.signatures[i])
        size = int(deal.incumbent.problem.gpu_milli[signature])
        for _ in range(times):
            mask = 1 << slots[size, j].pop()
            deal.incumbent.change((signature, int(deal.nodes[j]), mask), 1)
