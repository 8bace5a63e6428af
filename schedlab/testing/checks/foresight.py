"""What parts from counts say their answers follow from, held against what is answered later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schedlab.api import CountsByDomain, FollowsDomainCount, FollowsLeast, NodeView, Part


def unforeseen(before: Sequence[Part], now: Sequence[Part], nodes: NodeView) -> str:
    """Return what a part answers otherwise than it was to follow; "" if none does.

    ``now`` is answered with ``nodes`` in view, after more pods of known specs came than
    ``before``.
    """
    for one, other in zip(before, now, strict=False):
        if not isinstance(one, CountsByDomain) or not isinstance(other, CountsByDomain):
            continue
        same = one.codes is other.codes and one.sums is other.sums
        if same and one.follows is not None:
            expected = _foreseen(one, nodes)
            if not np.array_equal(expected, other.values):
                what = type(one.follows).__name__
                return f"{other.values.tolist()}, where {what} foresaw {expected.tolist()}"
    return ""


def _foreseen(part: CountsByDomain, nodes: NodeView) -> NDArray[Any]:
    """Return the values that a part says it will answer as things stand now."""
    sums, follows = part.sums.current(), part.follows
    if isinstance(follows, FollowsLeast):
        values = follows.above(sums - sums[follows.domains].min())
    elif isinstance(follows, FollowsDomainCount):
        values = follows.answer(nodes.domain_count(follows.codes, follows.size))(sums)
    else:
        values = part.answer(sums)
    values[-1] = part.without
    return values
