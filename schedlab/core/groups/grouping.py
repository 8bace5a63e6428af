"""Finding the groups: which parts of what plugins say are of few domains, or of one node each."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from schedlab.api import CountsByDomain, FollowsDomainCount, FollowsLeast, Part
from schedlab.core.groups.cells import GroupCells, joint_cells, one_each
from schedlab.core.groups.grouped import Grouped
from schedlab.core.groups.kinds import TooManyKindsError, numbered
from schedlab.core.groups.news import News
from schedlab.core.groups.panel import Panel
from schedlab.core.groups.questions import Questions
from schedlab.core.groups.scores import GroupScore, Present
from schedlab.core.groups.voices import Voice
from schedlab.core.normalized import NormalizedScore

Ints = NDArray[np.int64]
Alone = dict[int, bool]
"""Whether no two nodes are in one domain, by the id of the column of codes."""


def group_nodes(
    questions: Questions, own: Sequence[NormalizedScore], local: Ints
) -> Grouped | None:
    """Group all nodes as CLUSTER plugins see them; None if that cannot be done, or is for nothing.

    Parameters
    ----------
    questions : Questions
        What these plugins are asked.
    own : sequence of NormalizedScore
        The other normalised scores.
    local : int64, shape (N,)
        The totals by SPEC and NODE plugins that are not normalised.
    """
    verdicts, raws = questions.answers()
    parts = [*verdicts, *(part for each in raws for part in each)]
    counted = [part for part in parts if isinstance(part, CountsByDomain)]
    if not counted or len(counted) < len(parts) or not len(local):
        return None
    alone = {id(codes): one_each(codes) for codes in _all_codes(counted)}
    if not _can_be_grouped(questions, raws, own) or not all(_is_clear(p, alone) for p in counted):
        return None
    cells = _cells(questions, list(_columns(counted, own, alone)), len(local))
    if cells is None:
        return None
    news = News()
    voices = _voices(questions, counted, cells, alone, news)
    scores = _scores(questions, raws, own, voices, cells, alone)
    panel = Panel(voices[: len(verdicts)], scores, news)
    try:
        return Grouped(questions, counted, panel, cells, local)
    except TooManyKindsError:
        return None


def _all_codes(parts: Sequence[CountsByDomain]) -> Iterator[NDArray[np.integer]]:
    for part in parts:
        yield part.codes
        if isinstance(part.follows, FollowsDomainCount):
            yield part.follows.codes


def _can_be_grouped(
    questions: Questions, raws: Sequence[Sequence[Part]], own: Sequence[NormalizedScore]
) -> bool:
    """Say whether all scores are normalised, and can be foreseen or stay."""
    return not any(score.moves for score in own) and all(
        plugin.normalizes and getattr(part, "follows", None) is not None
        for (plugin, _), each in zip(questions.scores, raws, strict=True)
        for part in each
    )


def _is_clear(part: CountsByDomain, alone: Alone) -> bool:
    """Say whether a part whose domains are nodes follows from the counts on each node itself."""
    if not alone[id(part.codes)]:
        return True
    codes, counted = part.codes, part.sums.codes
    elsewhere = (counted >= 0) & (counted != codes)
    if not isinstance(part.follows, FollowsLeast):
        elsewhere &= codes >= 0
    return not elsewhere.any()


def _cells(
    questions: Questions, columns: Sequence[NDArray[np.integer]], nodes: int
) -> GroupCells | None:
    distinct = {id(column): column for column in columns}
    found = joint_cells(list(distinct.values()), nodes)
    if found is None:
        return None
    codes, examples = found
    name = "nodes by cell", codes.astype(np.uint8).tobytes()
    return questions.cluster.shared(name, lambda: GroupCells.of(codes, examples))


def _columns(
    parts: Sequence[CountsByDomain], own: Sequence[NormalizedScore], alone: Alone
) -> Iterator[NDArray[np.integer]]:
    """Yield all columns in which the nodes of one cell must be alike."""
    for part in parts:
        if not alone[id(part.codes)]:
            yield part.codes
        if isinstance(part.follows, FollowsDomainCount):
            present = part.follows.codes
            yield np.minimum(present, 0) if alone[id(present)] else present
    for score in own:
        yield numbered(score.raw)[0]


def _voices(
    questions: Questions,
    parts: Sequence[CountsByDomain],
    cells: GroupCells,
    alone: Alone,
    news: News,
) -> list[Voice]:
    log, signature = questions.cluster.log, questions.pod.signature
    by_node = itertools.count()
    return [
        Voice(
            part,
            log,
            cells.examples,
            next(by_node) if alone[id(part.codes)] else -1,
            signature,
            news,
        )
        for part in parts
    ]


def _scores(
    questions: Questions,
    raws: Sequence[Sequence[Part]],
    own: Sequence[NormalizedScore],
    voices: Sequence[Voice],
    cells: GroupCells,
    alone: Alone,
) -> list[GroupScore]:
    scores = []
    rest = iter(voices[len(voices) - sum(map(len, raws)) :])
    for (plugin, weight), each in zip(questions.scores, raws, strict=True):
        if each:
            own_voices = list(itertools.islice(rest, len(each)))
            present = [_present(voice, cells, alone) for voice in own_voices]
            scores.append(GroupScore(plugin, weight, own_voices, present=present))
    for score in own:
        by_cell = score.raw[cells.examples].tolist()
        scores.append(GroupScore(score.plugin, score.weight, by_cell=by_cell))
    return scores


def _present(voice: Voice, cells: GroupCells, alone: Alone) -> Present:
    if not isinstance(voice.follows, FollowsDomainCount):
        return Present((), each_node=False)
    codes = voice.follows.codes
    return Present(codes[cells.examples].tolist(), alone[id(codes)])
