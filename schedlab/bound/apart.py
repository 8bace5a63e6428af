"""Exclusions over groups of nodes: how many pods that may not be together there is place for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from schedlab.bound.exclusion import Exclusion
from schedlab.bound.problem import Floats, Ints, Mask, PackingProblem, copies
from schedlab.bound.rows import Rows


@dataclass(frozen=True)
class Grouping:
    """Nodes of a problem in groups.

    Attributes
    ----------
    examples : int64, shape (M,)
        One node of each kind.
    kind, group : int64, shape (N,)
    most : int64, shape (S, G)
        Pods of a signature that a group could hold if it got no others.
    """

    examples: Ints
    kind: Ints
    group: Ints
    most: Ints


@dataclass(frozen=True)
class Parts:
    """Groups of nodes that share domains with one another, and with no other group.

    ``label`` (G,) is the part of each group, -1 where pods may go to nodes in no domain;
    ``inside`` (N,) are the nodes of those that have one, ``domains`` (parts,) their domains.
    """

    label: Ints
    inside: Mask
    domains: Ints


def is_by_node(domain: NDArray[np.int32]) -> bool:
    """Say whether no two nodes share a domain (shape (N,), -1: none)."""
    return bool(np.bincount(domain[domain >= 0]).max(initial=0) <= 1)


def rows_apart(
    problem: PackingProblem, grouping: Grouping, exclusions: Iterable[Exclusion]
) -> list[Rows]:
    """Return for each exclusion rows that every placement keeps.

    In a domain is one single pod, or are owners, or such as are meant; of the latter two at
    most as many as there is room for, so that Σ single + Σ owners / most owners + Σ meant /
    most meant <= 1.  Added up over the domains of groups that share any.  An exclusion of
    one signature by node says nothing that ``most`` does not say.
    """
    return [
        _rows(problem, grouping, exclusion)
        for exclusion in exclusions
        if exclusion.members.sum() > 1 or not is_by_node(exclusion.domain)
    ]


def _rows(problem: PackingProblem, grouping: Grouping, exclusion: Exclusion) -> Rows:
    members = np.flatnonzero(exclusion.members)
    may: Mask = np.logical_or.reduce(problem.eligible[members])
    parts = _parts(exclusion, may, grouping.group)
    weights = np.zeros((len(members), len(parts.domains)))
    for side, weight in _weights(problem, grouping, exclusion, parts):
        weights[side[members]] = weight
    most = grouping.most[members]
    position, group = np.nonzero((most > 0) & (parts.label >= 0))
    part = parts.label[group]
    pods = np.zeros(weights.shape, np.int64)
    np.add.at(pods, (position, part), most[position, group])
    asked = np.minimum(pods, problem.supply[members][:, None])
    limit = parts.domains.astype(np.float64)
    wanted = (weights * asked).sum(axis=0) / np.maximum(limit, 1)
    return Rows(part, members[position], group, weights[position, part], limit, wanted)


def _parts(exclusion: Exclusion, may: Mask, group: Ints) -> Parts:
    """Divide the groups of nodes where any member ``may`` go, (N,)."""
    domain, groups = exclusion.domain, int(group.max(initial=-1)) + 1
    free = np.bincount(group[may & (domain < 0)], minlength=groups) > 0
    inside = may & (domain >= 0) & ~free[group]
    edges = np.unique(np.column_stack([group[inside], domain[inside]]), axis=0).astype(np.int64)
    names, code = np.unique(edges[:, 1], return_inverse=True)
    size = groups + len(names)
    graph = coo_array((np.ones(len(edges)), (edges[:, 0], groups + code)), shape=(size, size))
    component = connected_components(graph, directed=False)[1]
    used, number = np.unique(component[groups:], return_inverse=True)
    label = np.full(size, -1)
    label[used] = np.arange(len(used))
    return Parts(label[component[:groups]], inside, np.bincount(number, minlength=len(used)))


def _weights(
    problem: PackingProblem, grouping: Grouping, exclusion: Exclusion, parts: Parts
) -> Iterator[tuple[Mask, Floats]]:
    """Yield each side and what one of its pods takes of a domain, by part."""
    single, *others = exclusion.sides
    yield single, np.ones(len(parts.domains))
    for side in others:
        if side.any():
            most = _most_of(problem, grouping, side, exclusion.domain, parts)
            # Rounded down, so that what is true of 1 / most is true of it.
            yield side, np.nextafter(1 / np.maximum(most, 1), 0)


def _most_of(
    problem: PackingProblem,
    grouping: Grouping,
    side: Mask,
    domain: NDArray[np.int32],
    parts: Parts,
) -> Ints:
    """Return how many pods of a side one domain of each part has room for, (parts,)."""
    nodes = np.flatnonzero(parts.inside)
    room = _room(problem, grouping.examples, np.flatnonzero(side))[grouping.kind[nodes]]
    by_domain = np.bincount(domain[nodes], room, minlength=1).astype(np.int64)
    most = np.zeros(len(parts.domains), np.int64)
    np.maximum.at(most, parts.label[grouping.group[nodes]], by_domain[domain[nodes]])
    return np.minimum(most, problem.supply[side].sum())


def _room(problem: PackingProblem, nodes: Ints, signatures: Ints) -> Ints:
    """Return a number of pods of some signatures that no more of fit on each of some nodes."""
    room = problem.free[nodes], problem.slots[nodes], problem.devices[nodes]
    total = np.zeros(len(nodes), np.int64)
    for s in signatures.tolist():
        total += np.where(problem.eligible[s, nodes], copies(problem, s, *room), 0)
    least = problem.requests[signatures].min(axis=0)
    asked = np.flatnonzero(least)
    if len(asked):
        total = np.minimum(total, (room[0][:, asked] // least[asked]).min(axis=1))
    return np.minimum(total, room[1])
