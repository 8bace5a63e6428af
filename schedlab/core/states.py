"""What is kept of each signature, within bounds: memory is nodes x signatures otherwise."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

RECOUNT = 64
"""States grow after they are made: all are counted anew after so many new ones."""


class Kept(Protocol):
    """A state: how much memory it takes, and how much of the change log it had seen when used."""

    seen: int

    @property
    def nbytes(self) -> int:
        """Bytes."""


S = TypeVar("S", bound=Kept)


class States(Generic[S]):
    """States by signature; those that were not used for the longest are dropped for new ones.

    All together take ``most`` bytes.  A state that was dropped is made anew when it is asked
    for, to the same effect.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._states: dict[int, S] = {}
        self._bytes = 0
        self._made = 0
        self.get = self._states.get

    def keep(self, signature: int, state: S) -> None:
        """Keep a new state."""
        self._states[signature] = state
        self._made += 1
        self._bytes += state.nbytes
        if self._made % RECOUNT == 0 or self._bytes > self._most:
            self._bytes = sum(s.nbytes for s in self._states.values())
        if self._bytes > self._most:
            self._drop_half(signature)

    def _drop_half(self, but: int) -> None:
        """Drop the older half, ``but`` not the newest one."""
        oldest = sorted((s for s in self._states if s != but), key=lambda s: self._states[s].seen)
        for signature in oldest[: (len(oldest) + 1) // 2]:
            self._bytes -= self._states.pop(signature).nbytes

    @property
    def made(self) -> int:
        """How many states were made."""
        return self._made
