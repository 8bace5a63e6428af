"""What normalised scores add to the total of each group of nodes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schedlab.api import IGNORED, FollowsDomainCount, ScorePlugin
from schedlab.core.ahead.chains import INFEASIBLE
from schedlab.core.groups.news import News
from schedlab.core.groups.voices import Voice
from schedlab.core.verdicts import normalized

Ints = NDArray[np.int64]

KEPT = 4096
"""Pairs of extremes for which final scores are kept."""


class Group:
    """Nodes of which all CLUSTER plugins say the same.

    Attributes
    ----------
    cell : int
    counts : tuple of int
        What is counted on each of the nodes, by the parts whose domains are nodes.
    kind : int
        The number that stands for ``counts``.
    size : int
        How many of them are feasible as far as SPEC and NODE plugins say.
    head : int
        The highest total among these, by SPEC and NODE plugins.
    row : int
        The lowest row that has it, -1 if that is to be looked up.
    fits : bool
        Whether no CLUSTER plugin rejects them.
    raws : list of int
        What each normalised score says of them.
    worth : int
        What these add to their totals, where they fit.
    stale : bool
        Whether this is to be asked.
    """

    __slots__ = ("cell", "counts", "fits", "head", "kind", "raws", "row", "size", "stale", "worth")

    def __init__(self, cell: int, counts: tuple[int, ...], kind: int) -> None:
        self.cell = cell
        self.counts = counts
        self.kind = kind
        self.size = 0
        self.head = int(INFEASIBLE)
        self.row = -1
        self.fits = True
        self.raws: list[int] = []
        self.worth = 0
        self.stale = True

    def challenge(self, total: int, row: int) -> None:
        """Take in the total of one more node."""
        if total > self.head:
            self.head, self.row = total, row
        elif total == self.head and row < self.row:
            self.row = row


@dataclass(frozen=True, slots=True)
class Present:
    """In which domains the nodes of each cell are; ``each_node`` if every node is in its own."""

    by_cell: Sequence[int]
    each_node: bool

    def domains(self, groups: Sequence[Group]) -> int:
        """Return how many domains the feasible nodes of some groups are in."""
        by_cell = self.by_cell
        if self.each_node:
            return sum([g.size for g in groups if by_cell[g.cell] >= 0])
        return len({by_cell[g.cell] for g in groups} - {-1})


class GroupScore:
    """One normalised score: the sum of some voices, or a number for each cell."""

    def __init__(
        self,
        plugin: ScorePlugin,
        weight: int,
        voices: Sequence[Voice] = (),
        by_cell: Sequence[int] = (),
        present: Sequence[Present] = (),
    ) -> None:
        self.plugin = plugin
        self.weight = weight
        self.voices = voices
        self.by_cell = by_cell
        self.present = present
        counting = zip(voices, present, strict=True)
        self._counting = [(v, p) for v, p in counting if isinstance(v.follows, FollowsDomainCount)]
        self._finals: dict[tuple[int, int], dict[int, int]] = {}

    def copied(self, news: News) -> GroupScore:
        """Return a score that can be told of pods that are not there."""
        voices = [voice.copied(news) for voice in self.voices]
        other = GroupScore(self.plugin, self.weight, voices, self.by_cell, self.present)
        other._finals = self._finals
        return other

    def raw(self, group: Group) -> int:
        """Return the raw score of a group as things stand.

        Summed in order, as NumPy does, and not by ``sum``, which is more exact.
        """
        if self.by_cell:
            return self.by_cell[group.cell]
        total: float = 0
        cell, counts = group.cell, group.counts
        for voice in self.voices:  # as Voice.of, in line
            at = voice.at_node
            count = counts[at] if at >= 0 else voice.counts[voice.domains[cell]]
            said = voice.table.get(count - voice.least)
            total += voice.look_up(count) if said is None else said
        if isinstance(total, int):
            return total
        return IGNORED if total == -math.inf else math.floor(total + 0.5)

    def add_to(self, groups: Sequence[Group], number: int) -> None:
        """Add the final scores to the worths of all feasible groups; theirs is this ``number``."""
        raws = [group.raws[number] for group in groups]
        low, high = min(raws), max(raws)
        ignored = low == IGNORED
        if ignored:
            low = min((raw for raw in raws if raw != IGNORED), default=0)
            high = max(high, low)
        finals = self._finals.get((low, high))
        if finals is None:
            finals = self._begin(low, high, raws, some_ignored=ignored)
        for group, raw in zip(groups, raws, strict=True):
            final = finals.get(raw)
            if final is None:
                finals.update(self._normalized(raws, low, high, some_ignored=ignored))
                final = finals[raw]
            group.worth += final

    def count_domains(self, groups: Sequence[Group]) -> bool:
        """Count the domains that feasible nodes are in; say whether raw scores may be others."""
        changed = [
            voice.among_domains(present.domains(groups)) for voice, present in self._counting
        ]
        return any(changed)

    def _begin(self, low: int, high: int, raws: list[int], *, some_ignored: bool) -> dict[int, int]:
        """Keep the weighted final scores of some raw ones by extremes not met before."""
        if len(self._finals) > KEPT:
            self._finals.clear()
        finals = self._finals[low, high] = self._normalized(
            raws, low, high, some_ignored=some_ignored
        )
        return finals

    def _normalized(
        self, raws: list[int], low: int, high: int, *, some_ignored: bool
    ) -> dict[int, int]:
        """Return the weighted final scores of some raw ones."""
        found = np.array(raws)
        if some_ignored:
            given = self.weight * normalized(self.plugin, found, low, high)
        else:
            given = self.weight * self.plugin.normalize(found, low, high)
        return dict(zip(raws, given.tolist(), strict=True))
