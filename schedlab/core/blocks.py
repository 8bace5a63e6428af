"""The position of the maximum of a long array of which few entries change at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BLOCK = 32
"""Entries whose maximum is kept together: a cache-friendly compromise between scan and repair."""


class BlockMaxima:
    """Maxima by block of an integer array that its owner changes in place.

    ``argmax`` scans the block maxima and one block; ``update`` repairs the blocks of the
    changed entries.
    """

    def __init__(self, values: NDArray[np.signedinteger]) -> None:
        self._values = values
        whole = len(values) // BLOCK * BLOCK
        self._blocks = values[:whole].reshape(-1, BLOCK)
        self._rest = values[whole:]
        self._lowest = np.iinfo(values.dtype).min
        self._maxima = np.empty(len(self._blocks) + 1, values.dtype)
        self._maxima[:-1] = self._blocks.max(axis=1)
        self._update_rest()

    @staticmethod
    def pays(values: NDArray[np.signedinteger]) -> bool:
        """Say whether the array is long enough for scanning it to cost more than this.

        Narrow integers are scanned so fast that it seldom is.
        """
        return len(values) >= (20_000 if values.itemsize > 2 else 400_000)

    def update(self, changed: NDArray[np.int64]) -> None:
        """Repair the maxima after entries changed (repeats allowed)."""
        blocks = changed // BLOCK
        if len(self._rest):
            self._update_rest()
            blocks = blocks[blocks < len(self._blocks)]
        self._maxima[blocks] = self._blocks[blocks].max(axis=1)

    def argmax(self) -> int:
        """Return the lowest position of the maximum."""
        block = int(self._maxima.argmax())
        start = block * BLOCK
        return start + int(self._values[start : start + BLOCK].argmax())

    def _update_rest(self) -> None:
        self._maxima[-1] = self._rest.max(initial=self._lowest)
