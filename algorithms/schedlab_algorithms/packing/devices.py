"""GPU devices of one node: shares in classes that may be pooled, and the way back to bit masks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schedlab.engine import PackingProblem
from schedlab_algorithms.packing.arrays import WHOLE_DEVICE, Ints


@dataclass(frozen=True, order=True)
class ShareClass:
    """Shares of ``milli`` thousandths whose pods take ``apart`` distinct devices each.

    Where two shares do not fit on one device, any choice of devices is distinct, so pods
    of every count are pooled as shares with ``apart`` 1.
    """

    milli: int
    apart: int

    @classmethod
    def of(cls, count: int, milli: int) -> ShareClass:
        """Return the class of a pod that wants ``count`` devices with ``milli`` on each."""
        return cls(milli, 1 if 2 * milli > WHOLE_DEVICE else count)


def share_classes(problem: PackingProblem, signatures: Ints) -> dict[ShareClass, list[int]]:
    """Group positions in ``signatures`` by the class of their shares (those with GPUs)."""
    groups: dict[ShareClass, list[int]] = {}
    for position, s in enumerate(signatures.tolist()):
        count, milli = int(problem.gpu_count[s]), int(problem.gpu_milli[s])
        if count:
            groups.setdefault(ShareClass.of(count, milli), []).append(position)
    return dict(sorted(groups.items()))


def masks_of(share: ShareClass, slots: Sequence[int], counts: Sequence[int]) -> Iterator[int]:
    """Yield one device mask for each pod of a class, in order.

    ``slots`` are the devices of the class's shares, ascending, a device repeated once for
    each share on it; ``counts`` is how many devices each pod takes.  With ``apart`` above 1
    no device repeats more often than there are pods, so a stride deals distinct ones.
    """
    if share.apart > 1:
        for pod in range(len(counts)):
            yield _mask(slots[pod :: len(counts)])
        return
    taken = 0
    for count in counts:
        yield _mask(slots[taken : taken + count])
        taken += count


def _mask(devices: Sequence[int]) -> int:
    return sum(1 << d for d in devices)


def devices_in(mask: int) -> list[int]:
    """Return the devices of a bit mask, ascending."""
    return [d for d in range(mask.bit_length()) if mask >> d & 1]


def load(masks: Sequence[int], milli: int, width: int) -> Ints:
    """Return the thousandths that pods with these masks take of each device, shape (D,)."""
    taken = np.zeros(width, np.int64)
    for mask in masks:
        taken[devices_in(mask)] += milli
    return taken


def tightest_mask(free: Ints, count: int, milli: int) -> int:
    """Return the ``count`` devices with the least room that is enough, as a bit mask."""
    enough = np.flatnonzero(free >= milli)
    chosen = enough[np.argsort(free[enough], kind="stable")[:count]]
    return int((1 << chosen).sum())


def canonical_order(free: Ints, taken: Ints) -> NDArray[np.intp]:
    """Order devices by free thousandths, then by what is taken, both descending.

    Devices that are free alike are interchangeable; in this order their loads descend,
    which is how the model breaks the symmetry.
    """
    return np.lexsort((-taken, -free))
