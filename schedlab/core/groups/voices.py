"""What parts of a CLUSTER plugin's answer say of groups of nodes, one number for each group.

A part with few domains speaks by cell.  One whose domains are single nodes (hostnames)
speaks by the count on the node, which is part of what makes a group.
"""

from __future__ import annotations

import copy
from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from schedlab.core.counts import Answer, CountsByDomain, FollowsDomainCount, FollowsLeast
from schedlab.core.groups.least import LeastCount
from schedlab.core.groups.news import News
from schedlab.core.log import ChangeLog

Ints = NDArray[np.int64]

AHEAD = 16
"""Answers for so many counts are looked up at once: counts mostly go up one by one."""

TABLES = 64
"""Numbers of domains of which the answers are kept."""

UNSEEN = -2
"""Has a voice take in all counts anew."""

NOWHERE = np.iinfo(np.int64).min
"""Stands for the count of a node that is in no domain."""


class Voice:
    """One part, with the counts that it depends on: as they stand, or as more pods make them.

    Attributes
    ----------
    at_node : int
        The part's position in a group's counts, -1 where it speaks by cell.
    weight : int
        What one more pod of the signature adds to a count.
    counts : list of int
        By domain, and NOWHERE at the end; empty where the domains are nodes.
    domains : list of int
        By cell, -1 for none.
    table : dict of int to int or float
        What is said, as far as it was asked for, by how far a count is above ``least``.
    answer : callable
        Returns what is said, by how far counts are above ``least``.
    least_of : LeastCount or None
        Tells ``least``; None: it is 0.
    news : News
        Where it tells what it has heard.
    unsure : bool
        Whether what is said cannot be told from what is known here.
    """

    def __init__(
        self,
        part: CountsByDomain,
        log: ChangeLog,
        examples: Ints,
        at_node: int,
        signature: int,
        news: News,
    ) -> None:
        self.codes = part.codes
        self.sums = part.sums
        self.at_node = at_node
        self.weight = part.sums.weights().item(signature)
        self.counts: list[int] = []
        self._counted = part.sums.codes
        self._weights: dict[int, int] = {}
        self.news = news
        self.unsure = False
        self._log = log
        self.domains: list[int] = part.codes[examples].tolist()
        self._cells: dict[int, list[int]] = defaultdict(list)
        for cell, domain in enumerate(self.domains):
            self._cells[domain].append(cell)
        self._without: float = np.array(part.without).astype(part.values.dtype).item()
        self.answer: Answer | None = None
        self.table: dict[int, float] = {}
        self._among = -1
        self._tables: dict[int, tuple[Answer, dict[int, float]]] = {}
        self.least_of: LeastCount | None = None
        self.least = 0
        self._seen = UNSEEN
        self.listen(part)
        self.sync()

    def copied(self, news: News) -> Voice:
        """Return a voice that can be told of pods that are not there."""
        other = copy.copy(self)
        other.counts = self.counts.copy()
        other.least_of = copy.copy(self.least_of)
        other.news = news
        return other

    def listen(self, part: CountsByDomain) -> None:
        """Take in what the plugin says now."""
        self.follows = part.follows
        if not isinstance(part.follows, FollowsLeast):
            self._answer_by(part.answer)
            self._among, self._tables = -1, {}
            self.least_of, self.least = None, 0
        elif self.least_of is None or part.follows.domains is not self.least_of.domains:
            self._answer_by(part.follows.above)
            self.least_of = LeastCount(part.follows.domains, part.sums.current())
            self._seen = UNSEEN

    def _answer_by(self, answer: Answer) -> None:
        if answer != self.answer:
            self.answer, self.table, self.news.every = answer, {}, True

    def of(self, cell: int, counts: tuple[int, ...]) -> float:
        """Return what is said of the group of this cell and these counts."""
        at_node = self.at_node
        count = counts[at_node] if at_node >= 0 else self.counts[self.domains[cell]]
        said = self.table.get(count - self.least)
        return self.look_up(count) if said is None else said

    def look_up(self, count: int) -> float:
        """Return what is said of a count that is not in the table yet."""
        if count == NOWHERE:
            return self._without
        assert self.answer is not None
        numbers = np.arange(count - self.least, count - self.least + AHEAD)
        said = self.answer(numbers).tolist()
        self.table.update(zip(numbers.tolist(), said, strict=True))
        return said[0]

    def count_at(self, row: int) -> int:
        """Return the count on a node, for a part whose domains are nodes."""
        code = self.codes.item(row)
        return NOWHERE if code < 0 else self.sums.current().item(code)

    def counts_at(self, rows: Ints) -> Ints:
        """Return the counts on some nodes, shape (n,)."""
        codes = self.codes[rows]
        return np.where(codes < 0, NOWHERE, self.sums.current()[codes])

    # -- what the answer follows from ----------------------------------------------

    def among_domains(self, count: int) -> bool:
        """Take in how many domains the feasible nodes are in; say whether that is new."""
        if count == self._among:
            return False
        assert isinstance(self.follows, FollowsDomainCount)
        if len(self._tables) > TABLES:
            self._tables = {}
        if count not in self._tables:
            self._tables[count] = self.follows.answer(count), {}
        self.answer, self.table = self._tables[count]
        self._among, self.news.every = count, True
        return True

    def sync(self) -> None:
        """Take in the counts as the cluster stands."""
        if self._seen != len(self._log):
            self._sync_all()

    def sync_one(self, at: int, row: int, signature: int, sign: int) -> None:
        """Take in the one change that came last, the one at this position of the log."""
        if self._seen != at:
            self.sync()
            return
        self._seen = at + 1
        weight = self._weights.get(signature)
        if weight is None:
            weight = self._weights[signature] = self.sums.weights().item(signature)
        domain = self._counted.item(row) if weight else -1
        if domain >= 0:
            after = self.sums.current().item(domain)
            self.move(domain, after - sign * weight, after)
            if self.unsure:
                self._sync_all()

    def _sync_all(self) -> None:
        sums = self.sums.current()
        if self.at_node < 0:
            self._take_counts([*sums[:-1].tolist(), NOWHERE])
        if self.least_of is not None:
            self.least_of.find(sums)
            self._hear_least(self.least_of.value)
        self.unsure = False
        self._seen = len(self._log)

    def _take_counts(self, counts: list[int]) -> None:
        if counts == self.counts:
            return
        for domain, (now, before) in enumerate(zip(counts, self.counts, strict=False)):
            if now != before:
                self.news.cells.update(self._cells[domain])
        self.counts = counts

    def move(self, domain: int, before: int, after: int) -> None:
        """Take in that the count of a domain is another."""
        if self.at_node < 0:
            self.counts[domain] = after
            self.news.cells.update(self._cells[domain])
        if self.least_of is None:
            return
        self.least_of.move(domain, before, after)
        if not self.least_of.known:
            if self.at_node >= 0:
                self.unsure = True
                return
            self.least_of.find(np.array(self.counts))
        self._hear_least(self.least_of.value)

    def _hear_least(self, least: int) -> None:
        if least != self.least:
            self.least, self.news.every = least, True
