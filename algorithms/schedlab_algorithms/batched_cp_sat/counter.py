"""Deciding about the pods of a batch in turn, on the cluster as it is at each turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from schedlab import engine
from schedlab.api import Cluster
from schedlab.engine import IncrementalPath, Profile
from schedlab_algorithms.packing.arrays import Ints

Value = tuple[int, ...]


@dataclass(frozen=True)
class Choice:
    """Where the b pods of a batch go, in their order.

    Attributes
    ----------
    rows : int64, shape (b,)
        -1 where a pod is left.
    devices : int64, shape (b,)
    value : tuple of int
        Pods placed by priority from the highest down, then the sum of what each pod's node
        totals at its turn.
    """

    rows: Ints
    devices: Ints
    value: Value


@dataclass(frozen=True)
class Counter:
    """Places pods, and takes them back, on a cluster that lives on.

    ``signatures`` in what follows are those of the cluster, of the b pods of a batch.  Once
    ``over()`` nobody waits for more.
    """

    profile: Profile
    cluster: Cluster
    path: IncrementalPath
    over: Callable[[], bool]

    def one_by_one(self, signatures: Sequence[int]) -> Choice:
        """Place each pod where the profile wants it, as long as anybody waits."""
        rows, devices, worth = [], [], 0
        for signature in signatures:
            row = -1 if self.over() else self.path.pick(signature)
            mask = engine.choose_devices(self.profile, self.cluster, signature, row)
            worth += self._put(signature, row, mask)
            rows.append(row)
            devices.append(mask)
        return self._choice(signatures, rows, devices, worth)

    def as_told(self, signatures: Sequence[int], rows: Ints, devices: Ints) -> Choice:
        """Place each pod on its row."""
        worth = sum(self._put(*one) for one in _each(signatures, rows, devices))
        return self._choice(signatures, rows, devices, worth)

    def take_back(self, signatures: Sequence[int], choice: Choice) -> None:
        """Undo a choice, the last pod first."""
        told = list(_each(signatures, choice.rows, choice.devices))
        for signature, row, devices in reversed(told):
            if row >= 0:
                self.cluster.remove(signature, row, devices)

    def put_again(self, signatures: Sequence[int], choice: Choice) -> None:
        """Carry out a choice whose value is known."""
        for signature, row, devices in _each(signatures, choice.rows, choice.devices):
            if row >= 0:
                self.cluster.place(signature, row, devices)

    def _put(self, signature: int, row: int, devices: int) -> int:
        """Place a pod and return what its node totalled for it."""
        if row < 0:
            return 0
        worth = int(self.path.totals(signature, np.array([row]))[0])
        self.cluster.place(signature, row, devices)
        return worth

    def _choice(
        self,
        signatures: Sequence[int],
        rows: Sequence[int] | Ints,
        devices: Sequence[int] | Ints,
        worth: int,
    ) -> Choice:
        row = np.asarray(rows, np.int64)
        priority = np.array([self.cluster.specs[s].priority for s in signatures], np.int64)
        tiers = np.unique(priority)[::-1].tolist()
        placed = (int(((row >= 0) & (priority == t)).sum()) for t in tiers)
        return Choice(row, np.asarray(devices, np.int64), (*placed, worth))


def _each(signatures: Sequence[int], rows: Ints, devices: Ints) -> Iterator[tuple[int, int, int]]:
    """Yield the signature, row and devices of each pod."""
    return zip(signatures, rows.tolist(), devices.tolist(), strict=True)
