"""Two changes at once, for pods that no single one would let fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

import numpy as np

from schedlab.explain.proposals import (
    Proposal,
    lowered,
    proposals,
    softened,
    with_request,
)
from schedlab.explain.turn import Rows, Turn
from schedlab.model.objects import PodSpec

MOST_FIRST = 20
"""How many first changes are combined with every second one."""

Second = Callable[[PodSpec], Iterator[Proposal]]
"""Yields the changes that are worth trying on a spec that is changed already."""

Room = Callable[[str, Rows], Rows]
"""Returns what a pod could get of a resource on some rows."""

Fits = Callable[[PodSpec], Rows]


def pairs(turn: Turn, spec: PodSpec, second: Second, room: Room, fits: Fits) -> Iterator[Proposal]:
    """Yield what to try: two changes of the spec at once, each pair once."""
    seen: set[frozenset[str]] = set()
    for one in _firsts(turn, spec):
        for other in second(one.spec):
            both = frozenset((one.text, other.text))
            if both not in seen:
                seen.add(both)
                yield _joined(one, other)
    yield from _requests(spec, room, fits)


def _firsts(turn: Turn, spec: PodSpec) -> list[Proposal]:
    hard = [i for i, constraint in enumerate(spec.spread) if constraint.is_hard]
    every = [*(softened(spec, i) for i in hard), *proposals(spec, turn.cluster)]
    return every[:MOST_FIRST]


def _joined(one: Proposal, other: Proposal) -> Proposal:
    return Proposal(f"{one.text}, and {other.text}", other.spec, one.size + other.size)


def _requests(spec: PodSpec, room: Room, fits: Fits) -> Iterator[Proposal]:
    """Propose to lower two requests, on the node where that gives up least."""
    for one, other in combinations([r for r, asked in spec.requests if asked], 2):
        rows = fits(with_request(with_request(spec, one, 0), other, 0))
        if not len(rows):
            continue
        amounts = [
            np.clip(room(resource, rows), 0, spec.request(resource)) for resource in (one, other)
        ]
        kept = amounts[0] / spec.request(one) + amounts[1] / spec.request(other)
        best = int(kept.argmax())
        first = lowered(spec, one, int(amounts[0][best]))
        last = lowered(first.spec, other, int(amounts[1][best]))
        yield _joined(first, last)
