"""FGD's fragmentation F of a node's GPUs: what a random typical pod could not use of them.

Two computations of the same: :func:`fragments` in the order and the floating-point numbers of
the authors' simulator, and :class:`Usable` by exact integers from tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray

from schedlab.api import NodeView
from schedlab.model.typical import NO_GPU, PodKind, typical_kinds
from schedlab_algorithms.gpu_share import WHOLE

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

Q1, Q2, Q4, XL, XR, NO_ACCESS = range(6)
"""The paper's classes of a (node, typical pod) pair, in the order in which they are added up.

The free GPU of a pair of class Q3 (the pod fits) is no fragment, but for devices too full for
it, which are booked as Q2.
"""

LEVELS = WHOLE + 2
"""Free thousandths 0 to 1000, and a last entry, which index -1 reaches, for no device."""

FITS = 1 << 32
"""What a device with room adds to a sum beside its thousandths: both are summed in one go."""


@dataclass(frozen=True)
class TypicalPods:
    """The typical pods as columns, shape (M,), and which GPU models each may use.

    ``often`` is how many pods of a kind the history's ``pods`` hold.
    ``access[model, m]`` is over the cluster's models, with a last row for nodes without.
    ``room[free, m]`` is FITS + free where a device with ``free`` thousandths has room, else 0.
    """

    cpu: Ints
    milli: Ints
    count: Ints
    often: Ints
    access: Mask
    room: Ints
    pods: int

    @classmethod
    def of(cls, nodes: NodeView) -> TypicalPods:
        """Return those of the cluster's history; without one, a pod that asks for nothing."""
        kinds = typical_kinds(nodes.history) or [PodKind(0, NO_GPU, 1)]
        milli = np.array([k.gpu.milli for k in kinds], np.int64)
        return cls(
            cpu=np.array([k.cpu for k in kinds], np.int64),
            milli=milli,
            count=np.array([k.gpu.count for k in kinds], np.int64),
            often=np.array([k.count for k in kinds], np.int64),
            access=_access(kinds, nodes.gpu_model.values),
            room=_room(milli),
            pods=max(len(nodes.history), 1),
        )

    @cached_property
    def probability(self) -> Floats:
        """Each kind's share of the typical pods, shape (M,), rounded as the simulator's."""
        return (self.often / self.pods) / (self.often.sum() / self.pods)


def fragments(typical: TypicalPods, cpu: Ints, free: Ints, model: Ints) -> Floats:
    """Return F of nodes in a given state, shape (n,), in thousandths of a device.

    ``cpu`` is free milli-cores (n,), ``free`` thousandths by device (n, D), -1 where there is
    none, ``model`` the GPU model's code (n,).  Sums go class by class over the typical pods
    in their order, as the simulator's: a truncated score can tell 1e-13 from 0.
    """
    roomy = typical.room[free].sum(axis=1)
    hosts = roomy >= typical.count * FITS
    has_cpu = cpu[:, None] >= typical.cpu
    case = 8 * (typical.count > 0) + 4 * typical.access[model] + 2 * has_cpu + hosts
    left = np.maximum(free, 0).sum(axis=1)[:, None]
    amount = typical.probability * (left - (roomy & (FITS - 1)) * (case == FITTING))
    by_class = IN_CLASS[case] * amount[:, :, None]
    sums = np.add.accumulate(by_class, axis=1)[:, -1]
    total: Floats = np.add.accumulate(sums, axis=1)[:, -1]
    return total


def _class(wants_gpu: bool, access: bool, has_cpu: bool, hosts: bool) -> int:
    if not wants_gpu:
        return XL if has_cpu else XR
    if not access:
        return NO_ACCESS
    if has_cpu:
        return Q2
    return Q4 if hosts else Q1


IN_CLASS = np.eye(6)[[_class(*case) for case in product((False, True), repeat=4)]]
"""1 at the class of each case: 8 wants GPU + 4 has access + 2 cpu suffices + 1 devices do."""

FITTING = 15


def _room(milli: Ints) -> Ints:
    level = np.arange(LEVELS)[:, None]
    roomy = (level >= milli) & (milli > 0) & (level < LEVELS - 1)
    return np.where(roomy, FITS + level, 0)


def _access(kinds: list[PodKind], models: tuple[str, ...]) -> Mask:
    allowed = [[not k.gpu.models or model in k.gpu.models for k in kinds] for model in models]
    return np.array([*allowed, [not k.gpu.models for k in kinds]], np.bool_)
