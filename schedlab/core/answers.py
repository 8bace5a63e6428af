"""What plugins that answer by topology domain last said, and which nodes that concerns.

Comparing what such a plugin says of each domain with what it said before tells which nodes
are concerned, so that one placement need not touch all of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schedlab.api import ByDomain, Cluster, CountsByDomain, Part

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
Rows = Ints | slice

EVERY = slice(None)
NONE = np.zeros(0, np.int64)

MANY = 8
"""Touching one row in so many costs as much as going through all of them in order."""


def union(one: Rows, other: Rows, size: int) -> Rows:
    """Return the rows of both of a cluster of ``size``, maybe repeated, or all if they are many."""
    if isinstance(one, slice) or isinstance(other, slice):
        return EVERY
    if not len(other):
        return one
    return EVERY if MANY * (len(one) + len(other)) > size else np.concatenate([one, other])


def distinct(numbers: NDArray[np.integer]) -> Ints:
    """Return the distinct numbers, which are few as a rule."""
    if len(numbers) < 2:
        return numbers.astype(np.int64)
    if len(numbers) < 32:
        return np.array(sorted(set(numbers.tolist())), np.int64)
    return np.unique(numbers).astype(np.int64)


class RowsOfDomains:
    """The rows in each domain of a column of ``codes``; -1 stands for domain ``size``.

    ``domains`` are the codes so completed (int64: NumPy looks up by these twice as fast).
    """

    def __init__(self, codes: NDArray[np.integer], size: int) -> None:
        self.domains = np.where(codes < 0, size, codes).astype(np.int64)
        self._order = np.argsort(self.domains, kind="stable")
        self._starts = np.searchsorted(self.domains[self._order], np.arange(size + 2))
        self._codes = codes

    def rows(self, domains: Ints) -> Rows:
        """Return the rows in any of the distinct domains, or all if they are many."""
        if len(domains) == 1:
            start, end = self._starts.item(domains[0]), self._starts.item(domains[0] + 1)
            return EVERY if MANY * (end - start) > len(self._order) else self._order[start:end]
        starts = self._starts[domains]
        lengths = self._starts[domains + 1] - starts
        total = int(lengths.sum())
        if MANY * total > len(self._order):
            return EVERY
        ends = np.cumsum(lengths)
        return self._order[np.repeat(starts - ends + lengths, lengths) + np.arange(total)]


class Answer:
    """One part of what a plugin last said: its ``values`` by domain."""

    def __init__(self, part: Part, cluster: Cluster) -> None:
        self.codes = codes = part.codes
        self.values = np.array(part.values)
        size = len(self.values) - 1
        # The shared object keeps the codes, so that their id stays their own.
        self._rows: RowsOfDomains = cluster.shared(
            ("rows of domains", id(codes)), lambda: RowsOfDomains(codes, size)
        )
        self._part = part
        self._log = cluster.log
        self._seen = len(cluster.log)

    @property
    def domains(self) -> Ints:
        """Each node's position in ``values``, shape (N,)."""
        return self._rows.domains

    def continues(self, part: Part) -> bool:
        """Say whether ``part`` is the same one as the last, maybe with other values."""
        if part.codes is not self.codes or type(part) is not type(self._part):
            return False
        return isinstance(part, ByDomain) or part.sums is self._part.sums  # type: ignore[union-attr]

    def moved(self, part: Part) -> Rows:
        """Take in what the plugin says now; return the rows about which that is new."""
        candidates = self._candidates(part)
        self._part, self._seen = part, len(self._log)
        if candidates is None:
            values = part.values
            domains = np.flatnonzero(values != self.values)
            self.values[domains] = values[domains]
        elif not len(candidates):
            return NONE
        else:
            assert isinstance(part, CountsByDomain)
            values = part.answer(part.sums.current()[candidates])
            domains = candidates[values != self.values[candidates]]
            self.values[candidates] = values
        return self._rows.rows(domains) if len(domains) else NONE

    def _candidates(self, part: Part) -> Ints | None:
        """Return the domains whose values may be new, None if any may."""
        if isinstance(part, ByDomain) or part.answer != self._part.answer:  # type: ignore[union-attr]
            return None
        return part.sums.touched(self._seen)

    def differ_from_0(self, rows: Rows) -> Mask:
        """Return which of the rows have another value than 0."""
        if isinstance(rows, slice):
            return (self.values != 0)[self.domains[rows]]
        return self.values[self.domains[rows]] != 0


class Answers:
    """All parts of what one plugin last said; ``layout`` counts how often other parts came."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.parts: list[Answer] = []
        self.layout = 0

    def moved(self, parts: Sequence[Part]) -> Rows:
        """Take in what the plugin says now; return the rows about which that may be new."""
        if not self._continued_by(parts):
            self.parts = [Answer(part, self._cluster) for part in parts]
            self.layout += 1
            return EVERY
        moved: Rows = NONE
        for answer, part in zip(self.parts, parts, strict=True):
            moved = union(moved, answer.moved(part), len(self._cluster))
        return moved

    def _continued_by(self, parts: Sequence[Part]) -> bool:
        pairs = zip(self.parts, parts, strict=False)
        return len(parts) == len(self.parts) and all(a.continues(p) for a, p in pairs)


class Quiet:
    """Whether a plugin has nothing to say by domain, which lasts until more specs are known."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._specs = -1

    def lasts(self) -> bool:
        """Say whether nothing can have changed since the last note."""
        return self._specs == len(self._cluster.specs)

    def note(self, *, quiet: bool) -> None:
        """Remember whether the plugin had nothing to say just now."""
        self._specs = len(self._cluster.specs) if quiet else -1
