"""Shares of GPU devices, moved together so that other devices become whole.

Pods that want whole devices wait where each device has a little left.  A greedy start puts
a share wherever it fits; here shares are moved and exchanged, over all nodes, by a potential
as in local search for bin packing: the sum of squared loads (Csirik et al., 2006), and
above it the load of devices that cannot become whole anyway.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schedlab_algorithms.packing.arrays import WHOLE_DEVICE, Ints, Mask
from schedlab_algorithms.packing.effort import Effort
from schedlab_algorithms.packing.incumbent import Incumbent

KEPT = 2 * WHOLE_DEVICE
"""By how much a load is preferred where the device cannot become whole; more than by squares."""

COST_OF_SHARE = 2e-4
"""Deterministic seconds charged for looking for a better place for a share."""


@dataclass
class Sharing:
    """The P loose pods with a share of one device, and where they are.

    Attributes
    ----------
    incumbent : Incumbent
        Changed in place; every pod stays placed.
    effort : Effort
    signature, node, device : int64, shape (P,)
    milli : int64, shape (P,)
    large : int64, shape (P,)
        1 for shares of which no two fit on a device.
    keepers : int64, shape (N, D)
        Large shares, and 1 for anything that is not loose: how many keep a device from
        becoming whole.
    """

    incumbent: Incumbent
    effort: Effort
    signature: Ints
    node: Ints
    device: Ints
    milli: Ints
    large: Ints
    keepers: Ints

    def tighten(self) -> int:
        """Give each pod in turn a better place or exchange it, if one is; return how many."""
        changed = 0
        for pod in range(len(self.signature)):
            if self.effort.exhausted():
                break
            self.effort.charge(COST_OF_SHARE)
            to_move, node, device = self._best_move(pod)
            to_exchange, other = self._best_exchange(pod)
            if to_move > 0 and to_move >= to_exchange:
                self._put(pod, node, device)
            elif to_exchange > 0:
                self._exchange(pod, other)
            changed += max(to_move, to_exchange) > 0
        return changed

    def _best_move(self, pod: int) -> tuple[int, int, int]:
        """Return the gain, node and device of a pod's best place on a device in use."""
        incumbent, signature, milli = self.incumbent, self.signature[pod], self.milli[pod]
        node, device, large = self.node[pod], self.device[pod], self.large[pod]
        free, load = incumbent.devices, WHOLE_DEVICE - incumbent.devices
        able = (incumbent.free >= incumbent.problem.requests[signature]).all(axis=1)
        able &= (incumbent.slots > 0) & incumbent.problem.eligible[signature]
        able[node] = True
        here, keepers = load[node, device], self.keepers[node, device]
        gain = _worth(load + milli, self.keepers + large) - _worth(load, self.keepers)
        gain += _worth(here - milli, keepers - large) - _worth(here, keepers)
        gain = np.where((free >= milli) & (load > 0) & able[:, None], gain, 0)
        gain[node, device] = 0
        best = int(gain.argmax())
        return int(gain.flat[best]), *divmod(best, free.shape[1])

    def _best_exchange(self, pod: int) -> tuple[int, int]:
        """Return the gain of a pod's best exchange with a smaller share, and that one's number."""
        node, device = self.node[pod], self.device[pod]
        more, larger = self.milli[pod] - self.milli, self.large[pod] - self.large
        free, keepers = self.incumbent.devices[self.node, self.device], self._keepers()
        load, here, kept = WHOLE_DEVICE - free, WHOLE_DEVICE - free[pod], keepers[pod]
        gain = _worth(load + more, keepers + larger) - _worth(load, keepers)
        gain += _worth(here - more, kept - larger) - _worth(here, kept)
        there = (self.node != node) | (self.device != device)
        others = np.flatnonzero((more > 0) & (free >= more) & (gain > 0) & there)
        others = others[self._exchangeable(pod, others)]
        if not len(others):
            return 0, -1
        best = int(others[gain[others].argmax()])
        return int(gain[best]), best

    def _keepers(self) -> Ints:
        return self.keepers[self.node, self.device]

    def _exchangeable(self, pod: int, others: NDArray[np.intp]) -> Mask:
        """Say which pods could change nodes with ``pod``, their devices left aside, (k,)."""
        problem, free = self.incumbent.problem, self.incumbent.free
        mine, theirs = self.signature[pod], self.signature[others]
        more = problem.requests[mine] - problem.requests[theirs]
        fits = (free[self.node[others]] >= more).all(axis=1)
        fits &= (free[self.node[pod]] >= -more).all(axis=1)
        fits |= self.node[others] == self.node[pod]
        fits &= problem.eligible[mine, self.node[others]]
        able: Mask = fits & problem.eligible[theirs, self.node[pod]]
        return able

    def _exchange(self, pod: int, other: int) -> None:
        node, device = int(self.node[pod]), int(self.device[pod])
        self._take(other)
        self._put(pod, int(self.node[other]), int(self.device[other]))
        self._give(other, node, device)

    def _put(self, pod: int, node: int, device: int) -> None:
        self._take(pod)
        self._give(pod, node, device)

    def _take(self, pod: int) -> None:
        node, device = int(self.node[pod]), int(self.device[pod])
        self.incumbent.change((int(self.signature[pod]), node, 1 << device), -1)
        self.keepers[node, device] -= self.large[pod]

    def _give(self, pod: int, node: int, device: int) -> None:
        self.node[pod], self.device[pod] = node, device
        self.incumbent.change((int(self.signature[pod]), node, 1 << device), 1)
        self.keepers[node, device] += self.large[pod]


def sharing(incumbent: Incumbent, loose: Mask, effort: Effort) -> Sharing:
    """Find the placed pods of ``loose`` signatures (bool, shape (S,)) with one share."""
    signature, node, device = single_shares(incumbent, loose)
    milli = incumbent.problem.gpu_milli[signature]
    large = (2 * milli > WHOLE_DEVICE).astype(np.int64)
    others = WHOLE_DEVICE - incumbent.devices
    np.subtract.at(others, (node, device), milli)
    keepers = (others > 0).astype(np.int64)
    np.add.at(keepers, (node, device), large)
    return Sharing(incumbent, effort, signature, node, device, milli, large, keepers)


def single_shares(incumbent: Incumbent, loose: Mask) -> tuple[Ints, Ints, Ints]:
    """Return signature, node and device of each such pod, in their order, (P,) each."""
    problem = incumbent.problem
    single = loose & (problem.gpu_count == 1) & (problem.gpu_milli < WHOLE_DEVICE)
    held = ((s, n, m) for (s, n), masks in incumbent.masks.items() if single[s] for m in masks)
    placed = sorted((s, n, mask.bit_length() - 1) for s, n, mask in held)
    signature, node, device = np.array(placed, np.int64).reshape(-1, 3).T.copy()
    return signature, node, device


def _worth(load: Ints, keepers: Ints) -> Ints:
    """Return the potential of devices."""
    return load * load + KEPT * load * (keepers > 0)
