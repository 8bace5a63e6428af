"""One step of a run by groups of nodes: by leaps where nothing turns, else place by place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab.core.ahead.run_steps import Chains, Shape
from schedlab.core.groups.leap import leap
from schedlab.core.groups.runs import Race

Ints = NDArray[np.int64]

SHORTEST = 32
"""Places from which on a leap is taken."""


def group_step(chains: Chains, shape: Shape, count: int) -> Ints | None:
    """Return the rows that the next pods take; None if a plugin looks beyond its nodes."""
    grouped = chains.state.grouped
    assert grouped is not None
    wide, depth = shape.fit(count)
    race = Race(grouped, max(wide // max(len(grouped.members.groups), 1), 1))
    if not len(race.rows):
        return race.rows
    depth = max(depth, 2)
    asked = chains.ask(race.rows, depth)
    if asked is None:
        return None
    taken = leap(race, asked[0], count)
    if len(taken) < min(count, SHORTEST):
        taken = np.array(race.run(asked[0], count), np.int64)
    shape.learn(len(taken), len(race.rows), depth, race.stopped_by == "depth")
    return taken
