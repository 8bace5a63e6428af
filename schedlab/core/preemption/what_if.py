"""Nodes as they would be if some of their pods were gone, or others there."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from schedlab.core.log import NotLocalError
from schedlab.core.running import NOBODY
from schedlab.core.views import Ints, Mask, NodeView, frozen
from schedlab.model.objects import PodSpec

if TYPE_CHECKING:
    from schedlab.core.cluster import Cluster

Weigh = Callable[[PodSpec], int]


class WhatIf(NodeView):
    """Rows of a cluster, each considered by itself, with pods taken away or added.

    Everything a NODE plugin may read answers for the pods that are ``present``.  Tables of
    the whole cluster know nothing of them: a CLUSTER plugin adds :meth:`difference`.

    Attributes
    ----------
    rows : int64, shape (n,)
    signatures : int32, shape (n, K)
        The pods in question, by slot.
    really : bool, shape (n, K)
        Which of them are on the node as the cluster stands.
    present : bool, shape (n, K)
        Which of them are assumed to be.
    """

    __slots__ = ("_devices", "_kinds", "_masks", "present", "really", "rows", "signatures")

    def __init__(
        self, cluster: Cluster, rows: Ints, signatures: NDArray[np.int32], really: Mask
    ) -> None:
        super().__init__(cluster, rows)
        self.rows = rows
        self.signatures = signatures
        self.really = really
        self.present = really.copy()
        self._masks: Ints | None = None
        self._kinds: Mask | None = None
        self._devices: Ints | None = None

    @classmethod
    def of_running(cls, cluster: Cluster, rows: Ints, numbers: Ints) -> WhatIf:
        """Return rows with the running pods ``numbers`` (n, K) in question."""
        made = cls(cluster, rows, cluster.running.signature(numbers), numbers != NOBODY)
        if cluster.log.devices:
            made._masks = cluster.running.devices(numbers)
        return made

    def with_more(self, positions: Ints, more: NDArray[np.int32]) -> WhatIf:
        """Return a copy of some rows, with pods of the signatures ``more`` (n, M) there, too.

        A signature of -1 stands for no pod.
        """
        fresh = np.zeros(more.shape, np.bool_)
        copy = WhatIf(
            self._cluster,
            self.rows[positions],
            np.hstack([self.signatures[positions], np.maximum(more, 0)]),
            np.hstack([self.really[positions], fresh]),
        )
        if self._masks is not None:
            none = np.zeros(more.shape, np.int64)
            copy._masks = np.hstack([self._masks[positions], none])
        copy.assume(np.hstack([self.present[positions], more >= 0]))
        return copy

    # -- assuming ----------------------------------------------------------------------

    def assume(self, present: Mask) -> None:
        """Assume that exactly the pods ``present``, shape (n, K), are there."""
        self._kinds = None
        for slot in np.flatnonzero((present != self.present).any(axis=0)).tolist():
            self.put(slot, present[:, slot])

    def clear(self) -> None:
        """Assume that none of the pods in question are there."""
        self.assume(np.zeros(self.present.shape, np.bool_))

    def put(self, slot: int, present: Mask) -> None:
        """Assume on which rows the pod in a slot is there, shape (n,)."""
        self._read()
        sign = present.astype(np.int64) - self.present[:, slot]
        changed = np.flatnonzero(sign)
        if len(changed):
            self._put(slot, changed, sign)
        self.present[:, slot] = present

    def _put(self, slot: int, changed: Ints, sign: Ints) -> None:
        assert self._dynamic is not None
        if len(changed) == len(sign) and (sign == sign[0]).all():
            change = self._deltas(self.signatures[:, slot])
            (np.add if sign[0] > 0 else np.subtract)(self._dynamic, change, out=self._dynamic)
        else:
            change = self._deltas(self.signatures[changed, slot])
            self._dynamic[changed] += sign[changed, None] * change
        if self._masks is not None:
            self._put_devices(slot, changed, sign)

    def _deltas(self, signatures: NDArray[np.int32]) -> Ints:
        """Return what pods add to the columns, each of which lies in one piece of memory."""
        return self._cluster.delta(slice(None)).T.take(signatures, axis=1).T

    def difference(self, weights: Ints) -> Ints:
        """Return Σ ``weights[signature]`` over pods assumed minus those really there, (n,)."""
        total = np.zeros(len(self.rows), np.int64)
        if not weights[self._concerned(len(weights))].any():
            return total
        for slot in np.flatnonzero((self.present != self.really).any(axis=0)).tolist():
            sign = self.present[:, slot].astype(np.int64) - self.really[:, slot]
            total += sign * weights[self.signatures[:, slot]]
        return total

    def _concerned(self, signatures: int) -> Mask:
        """Return which of so many signatures the pods in question have."""
        if self._kinds is None or len(self._kinds) < signatures:
            self._kinds = np.zeros(signatures, np.bool_)
            self._kinds[self.signatures[self.really | self.present]] = True
        return self._kinds

    def weights(self, key: Hashable, weigh: Weigh) -> Ints:
        """Return ``weigh(spec)`` of every signature; ``key`` stands for ``weigh``."""
        known: list[Ints] = self._cluster.shared(("weights", key), lambda: [np.zeros(0, np.int64)])
        specs = self._cluster.specs
        if len(known[0]) < len(specs):
            fresh = [weigh(s) for s in specs[len(known[0]) :]]
            known[0] = np.append(known[0], np.array(fresh, np.int64))
        return known[0]

    def apply(self, position: int, sign: int) -> None:
        """Really make one row what is assumed of it (``sign`` -1: take that back)."""
        row = int(self.rows[position])
        for slot in np.flatnonzero(self.present[position] != self.really[position]).tolist():
            signature = int(self.signatures[position, slot])
            devices = 0 if self._masks is None else int(self._masks[position, slot])
            comes = bool(self.present[position, slot]) == (sign > 0)
            change = self._cluster.place if comes else self._cluster.remove
            change(signature, row, devices)

    # -- what plugins read ---------------------------------------------------------------

    def sum_placed(self, key: Hashable, weigh: Weigh) -> Ints:
        """Return the sums over the pods that are assumed to be there."""
        there = self.at(self._cluster.sums_by_node(key, weigh).settled())
        return there + self.difference(self.weights(key, weigh))

    @property
    def free(self) -> Ints:
        """``allocatable - requested``, shape (n, R), with the pods that are assumed to be there."""
        return self.allocatable - self.requested

    @property
    def device_free(self) -> Ints:
        """Free thousandths of each GPU device with the pods that are assumed to be there."""
        self._read()
        assert self._devices is not None
        return frozen(self._devices)

    @property
    def whole(self) -> NodeView:
        """Every node as it is; not for those who say that they look at one at a time."""
        self._refuse_local()
        return super().whole

    def changes(self, since: int) -> tuple[Ints, Sequence[PodSpec], NDArray[np.int8]]:
        """Return what really changed; not for those who say that they look at one node."""
        self._refuse_local()
        return super().changes(since)

    def _refuse_local(self) -> None:
        if self._cluster.log.closed:
            raise NotLocalError

    def _read(self) -> None:
        if self._dynamic is None:
            super()._read()
            self._dynamic = np.array(self._dynamic)
            self._devices = np.array(self.at(self._cluster.device_free))

    def _put_devices(self, slot: int, changed: Ints, sign: Ints) -> None:
        assert self._masks is not None
        assert self._devices is not None
        milli = self.weights("gpu milli", lambda s: s.gpu.milli if s.gpu else 0)
        share = sign[changed] * milli[self.signatures[changed, slot]]
        for device in range(self._devices.shape[1]):
            held = self._masks[changed, slot] >> device & 1
            self._devices[changed, device] -= share * held
