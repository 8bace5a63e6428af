"""The cluster's change log: what was placed on, or removed from, which row."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class NotLocalError(RuntimeError):
    """A plugin asked for what is placed elsewhere, where that cannot be answered."""


class ChangeLog:
    """Append-only columns (row, signature, sign) over so many nodes.

    A reader remembers the length it has seen.

    While it is ``closed``, tables that are folded over it refuse to answer.  ``devices``
    holds the GPU devices, as a bit mask, that the change at a position took or gave back.
    ``undone`` are stretches (from, up to) of changes that cancel out, in their order: what was
    decided in vain, and its undoing.
    """

    closed = False

    def __init__(self, nodes: int, capacity: int = 1024) -> None:
        self._latest = np.full(nodes, -1)
        self._positions = np.arange(capacity)
        self._rows = np.empty(capacity, np.int64)
        self._signatures = np.empty(capacity, np.int32)
        self._signs = np.empty(capacity, np.int8)
        self._length = 0
        self._last_left = -1
        self.devices: dict[int, int] = {}
        self.undone: tuple[tuple[int, int], ...] = ()

    def __len__(self) -> int:
        return self._length

    def append(self, row: int, signature: int, sign: int) -> None:
        """Record one placement (+1) or removal (-1)."""
        at = self._length
        if at == len(self._rows):
            self._grow(at + 1)
        self._rows[at] = row
        self._signatures[at] = signature
        self._signs[at] = sign
        self._latest[row] = at
        self._length = at + 1
        if sign < 0:
            self._last_left = at

    def extend(self, rows: NDArray[np.integer], signatures: NDArray[np.int32], sign: int) -> None:
        """Record many changes of one sign at once."""
        at, end = self._length, self._length + len(rows)
        self._grow(end)
        self._rows[at:end] = rows
        self._signatures[at:end] = signatures
        self._signs[at:end] = sign
        # Of a repeated row NumPy keeps what is assigned last.
        self._latest[rows] = self._positions[at:end]
        self._length = end
        if sign < 0 and len(rows):
            self._last_left = end - 1

    def note_undone(self, since: int) -> None:
        """Note that all changes after the first ``since`` cancel out."""
        self.undone = (*(u for u in self.undone if u[0] < since), (since, self._length))

    def entry(self, at: int) -> tuple[int, int, int]:
        """Return row, signature and sign of one change."""
        return self._rows.item(at), self._signatures.item(at), self._signs.item(at)

    def rows(self, since: int) -> NDArray[np.int64]:
        """Return the rows changed after the first ``since`` entries (repeats kept)."""
        return self._rows[since : self._length]

    def changed(self, since: int) -> NDArray[np.int64]:
        """Return the rows changed after the first ``since`` entries, each once, as last changed."""
        rows = self._rows[since : self._length]
        return rows[self._latest.take(rows) == self._positions[since : self._length]]

    def signatures(self, since: int) -> NDArray[np.int32]:
        """Return the signatures placed or removed after the first ``since`` entries."""
        return self._signatures[since : self._length]

    def signs(self, since: int) -> NDArray[np.int8]:
        """Return +1 or -1 for each change after the first ``since`` entries."""
        return self._signs[since : self._length]

    def left_since(self, since: int) -> bool:
        """Say whether any pod was removed after the first ``since`` entries."""
        return self._last_left >= since

    def _grow(self, needed: int) -> None:
        if needed <= len(self._rows):
            return
        size = max(needed, 2 * len(self._rows))
        for name in ("_rows", "_signatures", "_signs"):
            old = getattr(self, name)
            new = np.empty(size, old.dtype)
            new[: self._length] = old[: self._length]
            setattr(self, name, new)
        self._positions = np.arange(size)
