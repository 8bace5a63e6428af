"""What may still be spent: deterministic solver seconds, and wall-clock time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from schedlab.api import Budget, never


@dataclass
class Effort:
    """A budget that is used up.

    Attributes
    ----------
    left : float
        CP-SAT's deterministic seconds.
    deadline : float
        A reading of ``time.perf_counter()``, infinite without a bound.
    seed : int
    started : float
        A reading of ``time.perf_counter()``.
    cancelled : callable
        Whether whoever asked wants no more than what there is.
    cut : bool
        Whether the wall clock ended something early, so that another run may differ.
    spent : float
        Deterministic seconds spent so far.
    """

    left: float
    deadline: float
    seed: int
    started: float = 0.0
    cancelled: Callable[[], bool] = never
    cut: bool = False
    spent: float = 0.0

    @classmethod
    def of(cls, budget: Budget) -> Effort:
        """Return what a budget allows."""
        wall = math.inf if budget.seconds is None else budget.seconds
        seed = budget.seed % (1 << 31)
        return cls(budget.effort, budget.started + wall, seed, budget.started, budget.cancelled)

    def reserve(self, seconds: float) -> None:
        """Keep wall-clock time for what comes after the search."""
        self.deadline -= seconds

    @property
    def seconds(self) -> float:
        """The wall-clock seconds left, not below 0, and 0 once cancelled."""
        return 0.0 if self.cancelled() else max(self.deadline - time.perf_counter(), 0.0)

    def affords(self, seconds: float) -> bool:
        """Say whether there is time for something, noting it if not."""
        enough = not self.cancelled() and self.deadline - time.perf_counter() >= seconds
        self.cut |= not enough
        return enough

    def is_over(self) -> bool:
        """Say whether the clock has run out or nobody waits any more, noting it."""
        return not self.affords(0)

    def exhausted(self) -> bool:
        """Say whether nothing is left."""
        return not self.affords(0) or self.left <= 0

    @contextmanager
    def within(self, part: float) -> Iterator[None]:
        """Let a block spend only a part (0 to 1) of what is left, of effort and wall clock."""
        kept, deadline = (1 - part) * self.left, self.deadline
        self.left -= kept
        if math.isfinite(deadline):
            self.deadline = time.perf_counter() + part * self.seconds
        try:
            yield
        finally:
            self.left += kept
            self.deadline = deadline

    def charge(self, deterministic: float) -> None:
        """Spend deterministic seconds."""
        self.left -= deterministic
        self.spent += deterministic
