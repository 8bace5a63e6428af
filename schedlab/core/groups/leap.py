"""A run's places by groups of nodes in one leap, as long as the same groups are feasible.

Where what scores add stays as it is, the next places are those of all feasible nodes'
chains in greedy order, until a filter would say something else of a group.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schedlab.core.ahead.chains import INFEASIBLE, certain, greedy_order
from schedlab.core.counts import FollowsDomainCount, FollowsLeast
from schedlab.core.groups.panel import Panel
from schedlab.core.groups.runs import Race, Rivals
from schedlab.core.groups.voices import Voice

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

MOST_DOMAINS = 64
"""Domains of one filter's part up to which all their counts are followed."""


def leap(race: Race, totals: Ints, count: int) -> Ints:
    """Return the rows of the next pods that can be told at once, maybe none.

    Parameters
    ----------
    race : Race
        A fresh one.
    totals : int64, shape (rows, depth)
        What its rows would total after 0, 1, 2, ... more pods.
    count : int
        At most so many.
    """
    groups = race.panel.feasible(race.groups)
    lengths, moving = _lengths(race, groups, totals.shape[1])
    if not groups or not _can_be_told(race.panel, several=len(groups) > 1 or moving):
        return np.zeros(0, np.int64)
    if len(groups) > 1:
        race.panel.weigh(groups)
    return _places(race, groups, totals, lengths, count)


def _can_be_told(panel: Panel, *, several: bool) -> bool:
    """Say whether what scores add stays, where ``several`` groups are rivals."""
    if any(v.weight and isinstance(v.follows, FollowsLeast) for v in panel.by_node):
        return False
    voices = (voice for score in panel.scores for voice in score.voices)
    return not several or not any(
        voice.weight or isinstance(voice.follows, FollowsDomainCount) for voice in voices
    )


def _lengths(race: Race, groups: Sequence[Rivals], depth: int) -> tuple[Ints, bool]:
    """Return how many pods each of the groups' rows takes until a filter rejects it by its counts.

    Also whether some row is in another feasible group after a pod.
    """
    moves = race.moves()
    lengths = np.full(len(race.rows), depth)
    moving = False
    for group in groups:
        own = moves[group.part]
        known = {move: _length(race.panel, group, move, depth) for move in set(own)}
        lengths[group.part] = [known[move] for move in own]
        moving = moving or any(any(move) and length > 1 for move, length in known.items())
    return lengths, moving


def _length(panel: Panel, group: Rivals, move: tuple[int, ...], depth: int) -> int:
    counts = group.counts
    for pods in range(1, depth if any(move) else 0):
        counts = tuple(map(int.__add__, counts, move))
        if any(voice.of(group.cell, counts) for voice in panel.filters):
            return pods
    return depth


def _places(race: Race, groups: Sequence[Rivals], totals: Ints, lengths: Ints, count: int) -> Ints:
    index = np.concatenate([np.arange(g.part.start, g.part.stop) for g in groups])
    member = np.repeat(np.arange(len(groups)), [g.part.stop - g.part.start for g in groups])
    order = np.argsort(race.rows[index])
    index, member = index[order], member[order]
    rows, local = race.rows[index], totals[index]
    worth = np.array([group.worth for group in groups])[member]
    ends = (local == INFEASIBLE) | (np.arange(local.shape[1]) >= lengths[index][:, None])
    known = np.where(ends, INFEASIBLE, local + worth[:, None])
    chain, at = greedy_order(known, min(count, known.size))
    limit = certain(known, chain, at, rows, _best_unseen(groups))
    chain, at = chain[:limit], at[:limit]
    leaves = known[chain, np.minimum(at + 1, known.shape[1] - 1)] == INFEASIBLE
    limit = min(limit, _until_one_is_empty(groups, member[chain], leaves))
    for voice in race.panel.filters:
        if voice.at_node < 0 and voice.weight:
            limit = min(limit, _until_it_turns(voice, rows[chain], race.groups))
    if limit and at[limit - 1] == known.shape[1] - 1:
        race.stopped_by = "depth"
    return rows[chain[:limit]]


def _best_unseen(groups: Sequence[Rivals]) -> tuple[int, int]:
    """Return the total and row of the best of the rows that were not looked at."""
    others = [(g.unseen[0] + g.worth, -g.unseen[1]) for g in groups if g.unseen[0] != INFEASIBLE]
    total, row = max(others, default=(INFEASIBLE, 0))
    return total, -row


def _until_one_is_empty(groups: Sequence[Rivals], member: Ints, leaves: Mask) -> int:
    """Return how many places are taken until a group has lost all its nodes, which others see."""
    limit = len(member)
    for number, group in enumerate(groups if len(groups) > 1 else ()):
        lost = np.cumsum(leaves & (member == number))
        if limit and lost[-1] >= group.size:
            limit = min(limit, int((lost >= group.size).argmax()) + 1)
    return limit


def _until_it_turns(voice: Voice, rows: Ints, groups: Sequence[Rivals]) -> int:
    """Return how many places are taken until a filter says something else of a group."""
    size = len(voice.counts) - 1
    if size > MOST_DOMAINS or voice.answer is None:
        return 0
    counts = np.empty((len(rows) + 1, size), np.int64)
    counts[0] = voice.counts[:-1]
    counts[1:] = voice.weight * (voice.sums.codes[rows][:, None] == np.arange(size))
    np.cumsum(counts, axis=0, out=counts)
    if voice.least_of is not None:
        counts -= counts[:, voice.least_of.domains].min(axis=1, keepdims=True)
    says = voice.answer(counts.ravel()).reshape(counts.shape) != 0
    asked = sorted({voice.domains[group.cell] for group in groups} - {-1})
    turns = (says[1:, asked] != says[0, asked]).any(axis=1)
    return int(turns.argmax()) + 1 if turns.any() else len(rows)
