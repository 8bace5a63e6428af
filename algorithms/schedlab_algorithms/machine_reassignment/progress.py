"""What a search may spend, what it has found, and how it is told."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from schedlab.api import never
from schedlab_algorithms.machine_reassignment.problem import Ints
from schedlab_algorithms.machine_reassignment.state import State

Tell = Callable[[float, int], None]
"""Hears of the share of the effort that is spent, and of the best value."""


@dataclass(frozen=True)
class Effort:
    """What a search may spend: batches of moves, seconds, or the scarcer of both.

    The same number of batches gives the same answer on every run; seconds do not.  They are
    counted by ``clock``: wall-clock seconds unless it is told otherwise.  Once ``cancelled()``
    is true, which may be asked from another thread, nothing is left.
    """

    batches: int | None = None
    seconds: float | None = None
    clock: Callable[[], float] = time.perf_counter
    cancelled: Callable[[], bool] = never
    started: float = field(init=False)

    def __post_init__(self) -> None:
        if self.batches is None and self.seconds is None:
            raise ValueError("an effort needs batches or seconds")
        object.__setattr__(self, "started", self.clock())

    def elapsed(self) -> float:
        """Return the seconds since the start."""
        return self.clock() - self.started

    def left(self) -> float:
        """Return the seconds left: infinite without a bound, 0 once cancelled."""
        if self.cancelled():
            return 0.0
        return float("inf") if self.seconds is None else self.seconds - self.elapsed()

    def share(self, batches: int) -> float:
        """Return which share is spent, at least 1 when nothing is left."""
        if self.cancelled():
            return 1.0
        spent = 0.0 if self.batches is None else batches / max(self.batches, 1)
        if self.seconds is None:
            return spent
        return max(spent, self.elapsed() / max(self.seconds, 1e-9))


@dataclass
class Result:
    """The best legal assignment and how it was found.

    Attributes
    ----------
    assignment : int64, shape (P,)
    value : int
    trace : list of (seconds, value)
        Every incumbent from the first assignment on, with the seconds since the start.
    batches : int
    """

    assignment: Ints
    value: int
    trace: list[tuple[float, int]]
    batches: int = 0

    def keep(self, state: State, effort: Effort) -> None:
        """Take a state's assignment if it is legal and better."""
        value = state.objective()
        if value < self.value and not state.broken():
            self.value, self.assignment = value, state.at.copy()
            self.trace.append((effort.elapsed(), value))
