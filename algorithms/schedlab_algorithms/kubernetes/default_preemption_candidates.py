"""The nodes on which preemption may make room, and how much harm that does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schedlab.engine import Handle

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

NOBODY = -1

HARMS = 5

ABOVE_ZERO = 1 << 31
"""What makes every priority positive, so that more victims are never a smaller sum."""


@dataclass(frozen=True)
class Candidates:
    """Nodes with victims, in ascending order.

    Attributes
    ----------
    rows : int64, shape (n,)
    numbers : int64, shape (n, K)
        The running pods that would go, in the order in which they could not be reprieved;
        NOBODY elsewhere.
    harm : int64, shape (n, HARMS)
        What makes a candidate worse, the most important first: broken budgets, the highest
        priority of a victim, the sum of priorities, the number of victims, and how early
        the first victim of the highest priority started.
    """

    rows: Ints
    numbers: Ints
    harm: Ints

    @classmethod
    def of(cls, handle: Handle, rows: Ints, numbers: Ints, protected: Mask) -> Candidates:
        """Return the rows that have victims; ``protected`` are those whom a budget protects."""
        gone = numbers != NOBODY
        some = gone.any(axis=1)
        if not some.all():
            rows, numbers = rows[some], numbers[some]
            gone, protected = gone[some], protected[some]
        return cls(rows, numbers, _harm(handle, numbers, gone, protected))

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, positions: Ints) -> Candidates:
        """Return some of them."""
        return Candidates(self.rows[positions], self.numbers[positions], self.harm[positions])

    def victims(self, position: int, handle: Handle) -> tuple[int, ...]:
        """Return a node's victims, the most important first."""
        numbers = self.numbers[position]
        numbers = numbers[numbers != NOBODY]
        running = handle.running
        order = np.lexsort((running.start(numbers), -running.priority(numbers)))
        return tuple(numbers[order].tolist())


def _harm(handle: Handle, numbers: Ints, gone: Mask, protected: Mask) -> Ints:
    """Return the ranking's keys (pickOneNodeForPreemption), shape (n, HARMS)."""
    running = handle.running
    priority = np.where(gone, running.priority(numbers), np.iinfo(np.int32).min - 1)
    highest = priority.max(axis=1, initial=np.iinfo(np.int32).min - 1)
    first = gone & (priority == highest[:, None])
    start = np.where(first, running.start(numbers), np.iinfo(np.int64).max)
    count = gone.sum(axis=1)
    harm = np.empty((len(numbers), HARMS), np.int64)
    harm[:, 0] = (protected & gone).sum(axis=1)
    harm[:, 1] = highest
    harm[:, 2] = np.where(gone, priority, 0).sum(axis=1) + count * ABOVE_ZERO
    harm[:, 3] = count
    harm[:, 4] = -start.min(axis=1, initial=np.iinfo(np.int64).max)
    return harm


def least_harm(harm: Ints, rows: Ints) -> Ints:
    """Return the positions in ``rows`` of the least rows of ``harm``, in order."""
    best = np.arange(len(rows))
    for key in range(HARMS):
        if len(best) < 2:
            break
        values = harm[rows[best], key]
        best = best[values == values.min()]
    return best
