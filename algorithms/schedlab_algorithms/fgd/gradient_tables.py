"""FGD's scores from tables: those of :mod:`gradient`, at a fraction of the work."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from schedlab.api import NodeView, PodView
from schedlab.model.objects import CPU
from schedlab_algorithms.fgd import gradient
from schedlab_algorithms.fgd.fragmentation import TypicalPods
from schedlab_algorithms.fgd.gradient import NO_SCORE, States
from schedlab_algorithms.fgd.usable import NEVER, Usable
from schedlab_algorithms.gpu_share import WHOLE, is_share

Ints = NDArray[np.int64]

NO_CHANGE = 50
"""The score of ΔF = 0."""


@dataclass(frozen=True)
class GradientTables:
    """FGD's tables of one cluster; ``shares`` holds what shares take, by their thousandths."""

    typical: TypicalPods
    usable: Usable
    score_starts: Ints
    shares: dict[int, Ints] = field(default_factory=dict)

    @classmethod
    def of(cls, nodes: NodeView, typical: TypicalPods) -> GradientTables:
        """Return the tables for the nodes of a cluster."""
        usable = Usable.of(typical, nodes.device_free.shape[1])
        return cls(typical, usable, score_starts(usable.total))

    def share(self, milli: int) -> Ints:
        """Return :meth:`Usable.taken_by_share`, tabulating it at first use."""
        if milli not in self.shares:
            self.shares[milli] = self.usable.taken_by_share(milli)
        return self.shares[milli]


class PodGradient:
    """FGD's scores of one pod by exact integers, and by floats where ΔF is exactly 0.

    A *gain* is ΔF in thousandths times the number of typical pods.  Only at 0 can the
    simulator's rounding errors decide: every other score starts at an irrational ΔF.
    """

    def __init__(self, tables: GradientTables, pod: PodView) -> None:
        self._tables = tables
        self._usable = tables.usable
        self._pod = pod
        request = pod.spec.gpu
        self._cpu = pod.spec.request(CPU)
        self._count = request.count if request else 0
        self._milli = request.milli if request else 0
        self._share = tables.share(self._milli) if request and is_share(request) else None
        self._look = States.of if tables.usable.by_model else States.of_any_model
        self._taken = self._count * self._milli * self._usable.total
        self._whole_taken = self._taken - self._count * self._usable.of_a_whole_one()

    def scores(self, nodes: NodeView) -> Ints:
        """Return the score under the best choice of devices, shape (n,)."""
        states = self._look(nodes)
        gains = self._gains(states)
        scores = self._tables.score_starts.searchsorted(gains, "right")
        if np.count_nonzero(gains) < len(gains):
            unsure = np.flatnonzero(gains == 0)
            scores[unsure] = self._rounded(states.rows(unsure))
        return scores

    def scores_by_device(self, nodes: NodeView) -> Ints:
        """Return the score of a share on each device, NO_SCORE without room, shape (n, D)."""
        states = self._look(nodes)
        others, gains = self._share_gains(states)
        gains += others[:, None]
        if np.count_nonzero(gains) < gains.size:
            return gradient.scores_by_device(self._tables.typical, self._pod, states)
        scores = self._tables.score_starts.searchsorted(gains, "right")
        scores[states.free < self._milli] = NO_SCORE
        return scores

    def _gains(self, states: States) -> Ints:
        """Return the gain of the best choice of devices, shape (n,)."""
        if self._share is not None:
            others, gains = self._share_gains(states)
            return others + gains.max(axis=1, initial=NEVER)
        usable, free = self._usable, states.free
        now, then = self._numbers(states)
        after = usable.device.take(usable.at(then, free))
        gains = (after - usable.device.take(usable.at(now, free))).sum(axis=1)
        if self._count:
            gains += self._whole_taken.take(then)
        if usable.several is not None:
            whole = states.whole
            gains += usable.of_whole(then, np.maximum(whole - self._count, 0))
            gains -= usable.of_whole(now, whole)
        return gains

    def _share_gains(self, states: States) -> tuple[Ints, Ints]:
        """Return a share's gain without its device (n,), and by device, or NEVER, (n, D)."""
        assert self._share is not None
        usable, free = self._usable, states.free
        now, then = self._numbers(states)
        at = usable.at(then, free)
        cpu = usable.device.take(at) - usable.device.take(usable.at(now, free))
        others, gains = cpu.sum(axis=1) + self._taken, self._share.take(at)
        if usable.several is not None:
            whole = states.whole
            still = usable.of_whole(then, whole)
            others += still - usable.of_whole(now, whole)
            fewer = usable.of_whole(then, np.maximum(whole - 1, 0)) - still
            gains += (free == WHOLE) * fewer[:, None]
        return others, gains

    def _numbers(self, states: States) -> tuple[Ints, Ints]:
        """Return the nodes' states by free cpu as it is, and without what the pod takes."""
        of = self._usable.states
        return of(states.model, states.cpu), of(states.model, states.cpu - self._cpu)

    def _rounded(self, states: States) -> Ints:
        """Return the scores of nodes whose gain is exactly 0, rounding errors included."""
        scores = np.full(len(states.cpu), NO_CHANGE)
        differs = np.maximum(states.free, 0).sum(axis=1) > 0
        if not self._count:
            now, then = self._numbers(states)
            differs &= now != then
        unsure = np.flatnonzero(differs)
        if len(unsure):
            exact = gradient.scores(self._tables.typical, self._pod, states.rows(unsure))
            scores[unsure] = exact
        return scores


def score_starts(total: int) -> Ints:
    """Return the least gain of each score from 1 to 99, shape (99,), for ``total`` pods.

    trunc(100 sigmoid(x)) reaches j at x = ln(j / (100 - j)), and 100 nowhere.
    """
    part = np.arange(1, 100) / 100
    starts = np.ceil(1000 * total * np.log(part / (1 - part))).astype(np.int64)
    starts[NO_CHANGE - 1] = 0
    return starts
