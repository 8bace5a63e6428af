"""Topology spread over groups of nodes: no domain gets far beyond the least."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster, CountsByDomain, FilterPlugin, FollowsLeast, PodSpec, Stays, never
from schedlab.bound.problem import Ints, Mask, PackingProblem
from schedlab.bound.rows import Rows

MOST_DOMAINS = 16
"""Constraints over more domains say nothing here: each pair of domains is a row."""

MOST_STATING = 300
"""So many signatures that state constraints are read, one takes 0.1 to 0.5 ms."""

MOST_SKEW = 10_000
"""Constraints that allow more than this are not looked at."""


Name = tuple[bytes, bytes, bytes, bytes]


@dataclass(frozen=True)
class Spread:
    """Pods of ``members``, all of which state one constraint and are counted by it.

    After the last of them came to a domain, its count was at most ``above`` more than the least
    one, which no later pod has lowered.  So it is in the end, if nobody leaves or moves.

    Attributes
    ----------
    domain : int32, shape (N,)
        The domain in which a node's pods count, -1: in none.
    members : bool, shape (S,)
    base : int64, shape (D,)
        Pods that are counted and not of the batch.
    least : int64, shape (L,)
        The domains whose least count is meant; none of them: it is 0.
    above : int
    """

    domain: NDArray[np.int32]
    members: Mask
    base: Ints
    least: Ints
    above: int

    @property
    def name(self) -> Name:
        """What one constraint is told from another by, but for how far it lets counts go.

        Two that mean the same pods of the batch may count different running ones.
        """
        columns = self.domain, self.members, self.base, self.least
        domain, members, base, least = (c.tobytes() for c in columns)
        return domain, members, base, least


def spreads_of(
    filters: Sequence[FilterPlugin],
    cluster: Cluster,
    specs: Sequence[PodSpec],
    cancelled: Callable[[], bool] = never,
) -> tuple[Spread, ...]:
    """Return the constraints whose counted pods of the batch all state them.

    Once ``cancelled()`` is true, or many signatures were read, only those of whom that is known
    by then.
    """
    codes = np.array([cluster.signature(s) for s in specs], np.int64)
    found: dict[Name, list[Spread]] = {}
    stated: dict[Name, set[int]] = {}
    for plugin in filters:
        for owner, part in _parts(plugin, cluster, codes, cancelled):
            spread = _spread(part, codes, int(part.sums.weights()[codes[owner]]))
            if spread is not None:
                found.setdefault(spread.name, []).append(spread)
                stated.setdefault(spread.name, set()).add(owner)
    return tuple(
        max(alike, key=lambda s: s.above)
        for name, alike in found.items()
        if set(np.flatnonzero(alike[0].members).tolist()) <= stated[name]
    )


def _parts(
    plugin: FilterPlugin, cluster: Cluster, codes: Ints, cancelled: Callable[[], bool]
) -> Iterator[tuple[int, CountsByDomain]]:
    """Yield (position of the owner, what a constraint of its says by domain)."""
    if plugin.name != "PodTopologySpread":
        return
    pods = ((owner, cluster.pod(code)) for owner, code in enumerate(codes.tolist()))
    stating = ((owner, pod) for owner, pod in pods if not plugin.skips_filter(pod))
    for owner, pod in islice(stating, MOST_STATING):
        if cancelled():
            return
        for part in plugin.verdict_by_domain(pod, cluster.view()) or ():
            if isinstance(part, CountsByDomain):
                yield owner, part


def _spread(part: CountsByDomain, codes: Ints, own: int) -> Spread | None:
    """Return what a part says, None if it is too much or the least count says nothing."""
    if not isinstance(part.follows, FollowsLeast | Stays):
        return None
    base, domain = part.sums.current()[:-1].copy(), np.array(part.sums.codes, np.int32)
    members = part.sums.weights()[codes] > 0
    if not 0 < len(base) <= MOST_DOMAINS or not members.any():
        return None
    least, answer = np.zeros(0, np.int64), part.answer
    if isinstance(part.follows, FollowsLeast):
        least, answer = part.follows.domains, part.follows.above
    refused = np.flatnonzero(answer(np.arange(MOST_SKEW)) != 0)
    if not len(refused):
        return None
    return Spread(domain, members, base, least, int(refused[0]) - 1 + own)


def rows_spread(
    problem: PackingProblem, group: Ints, most: Ints, spreads: Iterable[Spread]
) -> list[Rows]:
    """Return rows that bound a domain by another one: pods here - pods there <= what is allowed.

    Pods here are those of groups that are in the domain alone, pods there those of groups
    with any node in the other.
    """
    return [rows for s in spreads for rows in _rows(problem, group, most, s)]


def _rows(problem: PackingProblem, group: Ints, most: Ints, spread: Spread) -> Iterator[Rows]:
    members, domains = np.flatnonzero(spread.members), len(spread.base)
    may: Mask = np.logical_or.reduce(problem.eligible[members])
    touched = np.zeros((domains + 1, most.shape[1]), np.bool_)
    touched[spread.domain[may], group[may]] = True
    nowhere = np.zeros(most.shape[1], np.bool_)
    alone = touched & (touched.sum(axis=0) == 1)
    for here in np.flatnonzero(alone[:-1].any(axis=1)).tolist():
        allowed = spread.above - spread.base[here]
        if not len(spread.least):
            yield _row(members, problem.supply, most, alone[here], nowhere, allowed)
        for there in spread.least[spread.least != here].tolist():
            limit = allowed + spread.base[there]
            yield _row(members, problem.supply, most, alone[here], touched[there], limit)


def _row(members: Ints, supply: Ints, most: Ints, here: Mask, there: Mask, limit: int) -> Rows:
    weight = here.astype(np.int64) - there
    position, group = np.nonzero((most[members] > 0) & (weight != 0))
    asked = np.minimum(most[np.ix_(members, here)].sum(axis=1), supply[members]).sum()
    # Where the limit is below 0 nobody comes here as long as nobody comes there.
    limit = max(int(limit), 0)
    return Rows(
        row=np.zeros(len(group), np.int64),
        signature=members[position],
        group=group.astype(np.int64),
        weight=weight[group].astype(np.float64),
        limit=np.array([limit], np.float64),
        wanted=np.array([asked / max(limit, 1e-3)]),
    )
