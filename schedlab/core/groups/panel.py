"""What all CLUSTER plugins, and all normalised scores, say of groups of nodes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from schedlab.core.counts import FollowsLeast
from schedlab.core.groups.news import News
from schedlab.core.groups.scores import Group, GroupScore
from schedlab.core.groups.voices import Voice

G = TypeVar("G", bound=Group)


class Panel:
    """The voices of filters, each of which may reject a group, and the normalised scores."""

    def __init__(self, filters: Sequence[Voice], scores: Sequence[GroupScore], news: News) -> None:
        self.filters = filters
        self.scores = scores
        self.news = news
        self.voices = [*filters, *(voice for score in scores for voice in score.voices)]
        self.by_node = [voice for voice in self.voices if voice.at_node >= 0]
        self._may_be_unsure = [v for v in self.by_node if isinstance(v.follows, FollowsLeast)]

    def copied(self) -> Panel:
        """Return a panel that can be told of pods that are not there."""
        news = News()
        filters = [voice.copied(news) for voice in self.filters]
        return Panel(filters, [score.copied(news) for score in self.scores], news)

    @property
    def unsure(self) -> bool:
        """Whether some answer cannot be told from what is known here."""
        return any(voice.unsure for voice in self._may_be_unsure)

    @property
    def foresees(self) -> bool:
        """Whether all answers can be told while more pods are placed."""
        return all(voice.follows is not None for voice in self.voices)

    def feasible(self, groups: Iterable[G]) -> list[G]:
        """Return the groups that no filter rejects."""
        news = self.news
        every, cells = news.every, news.cells
        news.every, news.cells = False, set()
        fitting = []
        for group in groups:
            if every or group.stale or group.cell in cells:
                self._ask_about(group)
            if group.fits:
                fitting.append(group)
        return fitting

    def _ask_about(self, group: Group) -> None:
        fitted = group.fits and not group.stale
        group.stale, group.fits = False, True
        for voice in self.filters:
            if voice.of(group.cell, group.counts):
                group.fits = False
                break
        if group.fits != fitted:
            self.news.members = True
        group.raws = [score.raw(group) for score in self.scores]

    def weigh(self, feasible: Sequence[Group]) -> None:
        """Note of all feasible groups what scores add to them."""
        for group in feasible:
            group.worth = 0
        members, self.news.members = self.news.members, False
        for number, score in enumerate(self.scores if feasible else ()):
            if members and score.count_domains(feasible):
                for group in feasible:
                    group.raws[number] = score.raw(group)
            score.add_to(feasible, number)
