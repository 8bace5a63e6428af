"""CLUSTER plugins' say over nodes by groups, so that a decision looks at groups and not at nodes.

Where the parts of what they say have few topology domains, or domains of one node each,
nodes fall into a few groups of which all of them say the same.  A placement moves one node
to another group, or changes what is said of a group; the best node is the best of the
groups' best.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schedlab.api import CountsByDomain
from schedlab.core.ahead.chains import INFEASIBLE
from schedlab.core.answers import EVERY, Rows
from schedlab.core.groups.cells import GroupCells
from schedlab.core.groups.kinds import TooManyKindsError
from schedlab.core.groups.members import Members
from schedlab.core.groups.panel import Panel
from schedlab.core.groups.questions import Questions

Ints = NDArray[np.int64]


class Grouped:
    """All nodes by group, for one pod, and which of them is the best."""

    def __init__(
        self,
        questions: Questions,
        parts: Sequence[CountsByDomain],
        panel: Panel,
        cells: GroupCells,
        local: Ints,
    ) -> None:
        self.panel = panel
        self.members = Members(cells, panel.by_node, local)
        self._questions = questions
        self._log = questions.cluster.log
        self._parts = parts
        self._specs = len(questions.cluster.specs)
        self._seen = len(self._log)

    def update(self, rows: Rows, local: Ints) -> bool:
        """Take in totals of rows that changed; say False if the nodes are to be grouped anew."""
        try:
            if not self._listen():
                return False
            self.members.take(rows, local)
        except TooManyKindsError:
            return False
        self._sync()
        return True

    def _sync(self) -> None:
        """Have all voices take in the counts as the cluster stands."""
        self.panel.news.members = True
        at, self._seen = self._seen, len(self._log)
        if at == self._seen - 1:
            change = self._log.entry(at)
            for voice in self.panel.voices:
                voice.sync_one(at, *change)
        else:
            for voice in self.panel.voices:
                voice.sync()

    def _listen(self) -> bool:
        """Ask the plugins again if need be; say False if they now speak of other domains."""
        specs = len(self._questions.cluster.specs)
        if specs == self._specs and self.panel.foresees and not self._log.left_since(self._seen):
            return True
        self._specs = specs
        verdicts, raws = self._questions.answers()
        said = [*verdicts, *(part for each in raws for part in each)]
        parts = [part for part in said if isinstance(part, CountsByDomain)]
        if not len(said) == len(parts) == len(self._parts):
            return False
        if not all(map(_continues, self._parts, parts)):
            return False
        for voice, part in zip(self.panel.voices, parts, strict=True):
            voice.listen(part)
        return True

    def best_row(self) -> int:
        """Return the lowest row of the highest total, -1 if no node is feasible."""
        groups = self.panel.feasible(self.members.groups.values())
        if len(groups) <= 1:  # one alone has no rival, whatever it is worth
            return self.members.row(groups[0]) if groups else -1
        self.panel.weigh(groups)
        best = max([group.head + group.worth for group in groups])
        highest = [group for group in groups if group.head + group.worth == best]
        return min([self.members.row(group) for group in highest])

    def totals(self, local: Ints, rows: Rows = EVERY) -> Ints:
        """Return the totals of some nodes, shape (n,), of which ``local`` are those before."""
        worth = np.zeros(self.members.shape, np.int64)
        fits = np.zeros(worth.shape, np.bool_)
        groups = self.panel.feasible(self.members.groups.values())
        self.panel.weigh(groups)
        for group in groups:
            at = group.cell, group.kind
            worth[at], fits[at] = group.worth, True
        each = self.members.group_of(rows)
        return np.where(fits[each] & (local != INFEASIBLE), local + worth[each], INFEASIBLE)


def _continues(one: CountsByDomain, other: CountsByDomain) -> bool:
    """Say whether a part speaks of the same domains and counts as another did."""
    return other.codes is one.codes and other.sums is one.sums
