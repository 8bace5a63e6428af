"""Kinds: small numbers for the counts that placed pods make on nodes of their own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schedlab.core.groups.voices import NOWHERE, Voice

Ints = NDArray[np.int64]
Counts = tuple[int, ...]

MOST = 64
"""Kinds beyond which it is no longer quicker to look at each of them."""

SPAN = 1 << 14
"""Counts that lie so close together are told apart without sorting them."""


class TooManyKindsError(Exception):
    """More kinds of nodes than are worth a look each."""


class Kinds:
    """Numbers for tuples of counts, of which unused ones are given anew.

    ``columns`` hold each of their ``width`` counts by number.
    """

    def __init__(self, counts: Sequence[Counts], width: int) -> None:
        self.counts = list(counts)
        self.columns = np.full((width, 2 * MOST), NOWHERE)
        self.columns[:, : len(counts)] = np.array(counts, np.int64).reshape(len(counts), width).T
        self.capacity = 4 if width else 1
        while self.capacity < len(self.counts):
            self.capacity *= 2
        self._number = {one: i for i, one in enumerate(self.counts)}
        self.uses = [0] * len(self.counts)

    def number(self, counts: Counts) -> int:
        """Return the number of some counts, maybe beyond ``capacity``, which then has doubled."""
        number = self._number.get(counts)
        if number is None:
            number = self._number[counts] = self._unused()
            self.counts[number] = counts
            self.columns[:, number] = counts
        return number

    def _unused(self) -> int:
        if len(self.counts) < self.capacity:
            self.counts.append(())
            self.uses.append(0)
            return len(self.counts) - 1
        if 0 in self.uses:
            number = self.uses.index(0)
            del self._number[self.counts[number]]
            return number
        if self.capacity >= MOST:
            raise TooManyKindsError
        self.capacity *= 2
        return self._unused()


def kinds_of(voices: Sequence[Voice], rows: Ints) -> tuple[Ints, list[Counts]]:
    """Return what kind each row is of, and the counts that make each kind.

    Raises
    ------
    TooManyKindsError
    """
    if not voices:
        return np.zeros(len(rows), np.int64), [()]
    kinds, count = np.zeros(len(rows), np.int64), 1
    columns = [voice.counts_at(rows) for voice in voices]
    for column in columns:
        numbers, size = numbered(column)
        kinds, count = numbered(kinds * size + numbers)
        if count > MOST:
            raise TooManyKindsError
    example = np.zeros(count, np.int64)
    example[kinds] = np.arange(len(rows))
    return kinds, list(zip(*(c[example].tolist() for c in columns), strict=True))


def numbered(column: Ints) -> tuple[Ints, int]:
    """Return the position of each entry among the distinct ones, and how many there are."""
    known = column[column != NOWHERE]
    low = int(known.min(initial=np.iinfo(np.int64).max))
    high = int(known.max(initial=np.iinfo(np.int64).min))
    if high - low > SPAN:
        values, numbers = np.unique(column, return_inverse=True)
        return numbers.astype(np.int64), len(values)
    # NOWHERE is far below all counts, and becomes 0.
    shifted = np.maximum(column, low - 1) - (low - 1)
    occurs = np.zeros(max(high - low, 0) + 2, np.bool_)
    occurs[shifted] = True
    return (np.cumsum(occurs) - 1)[shifted], int(np.count_nonzero(occurs))
