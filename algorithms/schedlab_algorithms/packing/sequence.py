"""The order in which spread pods and pods with affinity are placed, so that each is legal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from schedlab_algorithms.packing.affinity import Affinity, nodes_with
from schedlab_algorithms.packing.arrays import Ints
from schedlab_algorithms.packing.spread import Spread

ILLEGAL = np.iinfo(np.int64).max

Turn = tuple[int, int]
"""The signature and node of a pod to be placed."""


@dataclass(frozen=True)
class Component:
    """Signatures whose spread constraints and affinity terms count one another's pods.

    ``owners`` (k,) state the constraints ``spreads`` and the terms ``affinities``;
    ``members`` (m,) are these and the signatures without either that they count.
    """

    spreads: tuple[Spread, ...]
    owners: Ints
    members: Ints
    affinities: tuple[Affinity, ...] = ()


@dataclass(frozen=True)
class Order:
    """Who is placed ``first`` of all pods of the batch, and who after all without constraints."""

    first: list[Turn]
    then: list[Turn]


def components(
    spreads: Sequence[Spread], affinities: Sequence[Affinity], signatures: int
) -> tuple[Component, ...]:
    """Split constraints over S ``signatures`` into parts that do not affect one another."""
    pairs = [(s.owner, other) for s in spreads for other in np.flatnonzero(s.matches).tolist()]
    for affinity in affinities:
        someone, *others = np.flatnonzero(affinity.owners | affinity.meant).tolist()
        pairs += [(someone, other) for other in others]
    rows, columns = np.array(pairs, np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(signatures, signatures))
    label = connected_components(graph, directed=False)[1]
    spreading, near = dict[int, list[Spread]](), dict[int, list[Affinity]]()
    for spread in spreads:
        spreading.setdefault(int(label[spread.owner]), []).append(spread)
    for affinity in affinities:
        near.setdefault(int(label[affinity.owners.argmax()]), []).append(affinity)
    return tuple(
        _component(spreading.get(n, []), near.get(n, []), np.flatnonzero(label == n))
        for n in dict.fromkeys((*spreading, *near))
    )


def _component(
    spreads: Sequence[Spread], affinities: Sequence[Affinity], members: Ints
) -> Component:
    stating = [s.owner for s in spreads]
    stating += [owner for a in affinities for owner in np.flatnonzero(a.owners).tolist()]
    owners = np.unique(stating).astype(np.int64)
    return Component(tuple(spreads), owners, members, tuple(affinities))


def in_order(
    parts: Sequence[Component], placed: NDArray[np.int32], changed: NDArray[np.int64]
) -> bool:
    """Say whether every component with a ``changed`` signature can be sequenced."""
    touched = [p for p in parts if np.isin(p.members, changed).any()]
    return all(sequence(part, placed) is not None for part in touched)


def sequence(part: Component, placed: NDArray[np.int32]) -> Order | None:
    """Order a component's constrained pods so that each is legal at its turn.

    Those that have to be the first of their kind come before everybody else.  Then
    everything else in ``placed`` (S, N) is there.  The pod whose domains are emptiest comes
    next, which finds an order whenever the final skews of one constraint allow it; by
    affinity alone any that is legal may come next.
    None where no pod that is still due is legal.
    """
    turns, first, then = _Turns(part, placed), _first(part, placed), list[Turn]()
    if first is None or not all(turns.begin(*turn) for turn in first):
        return None
    while turns.due.any():
        targets = turns.ready()
        if not len(targets):
            return None
        then += turns.take(targets)
    return Order(first, then)


def _first(part: Component, placed: NDArray[np.int32]) -> list[Turn] | None:
    """Return who has to be the first of their kind, none after one that it seeks.

    None where that cannot be: each of some seeks another one of them.
    """
    found = [(a, a.first(placed)) for a in part.affinities]
    left = [(a.meant, turn) for a, turn in found if turn is not None]
    turns = list[Turn]()
    while left:
        sought = np.sum([meant for meant, _ in left], axis=0)
        alone = [i for i, (own, (s, _)) in enumerate(left) if sought[s] == own[s]]
        if not alone:
            return None
        turns.append(left.pop(alone[0])[1])
    return turns


class _Turns:
    """The distinct targets, how many pods are due at each, and what is there so far."""

    def __init__(self, part: Component, placed: NDArray[np.int32]) -> None:
        owners, others = part.owners, np.ones(len(placed), np.bool_)
        others[owners] = False
        position, self.nodes = np.nonzero(placed[owners])
        self.signatures = owners[position]
        self.due = placed[self.signatures, self.nodes].astype(np.int64)
        self.spreads = [(s, np.flatnonzero(self.signatures == s.owner)) for s in part.spreads]
        self.tallies = [s.counts(placed, without=owners.tolist()) for s in part.spreads]
        self.begun = [s.base.copy() for s in part.spreads]
        self.near = [(a, np.flatnonzero(a.owners[self.signatures])) for a in part.affinities]
        self.live = [a.live(nodes_with(placed, a.meant & others)) for a in part.affinities]

    def begin(self, signature: int, node: int) -> bool:
        """Place a pod before everything else, if that is within the skews."""
        target = np.flatnonzero((self.signatures == signature) & (self.nodes == node))
        for (spread, owned), tally in zip(self.spreads, self.begun, strict=True):
            skew = self._skew(spread, np.intersect1d(owned, target), tally)
            if (skew > spread.max_skew).any():
                return False
        if len(target):
            self._count(self.begun, signature, node)
            self._place(target, np.ones_like(target))
        return len(target) > 0

    def ready(self) -> Ints:
        """Return the legal target with the least skew, all legal ones where no skew counts."""
        crowding = np.where(self.due > 0, 0, ILLEGAL)
        for (affinity, owned), live in zip(self.near, self.live, strict=True):
            crowding[owned[~affinity.admits(live, self.nodes[owned])]] = ILLEGAL
        for (spread, owned), tally in zip(self.spreads, self.tallies, strict=True):
            skew = self._skew(spread, owned, tally)
            legal = (skew <= spread.max_skew) & (crowding[owned] != ILLEGAL)
            crowding[owned] = np.where(legal, crowding[owned] + skew, ILLEGAL)
        legal = np.flatnonzero(crowding != ILLEGAL)
        if len(legal) and self.spreads:
            return legal[[crowding[legal].argmin()]]
        return legal

    def take(self, targets: Ints) -> list[Turn]:
        """Place a pod of each target, all its pods where no skew counts; return their turns."""
        pods = np.ones_like(targets) if self.spreads else self.due[targets]
        self._place(targets, pods)
        turns = self.signatures[targets], self.nodes[targets]
        return list(zip(*(np.repeat(c, pods).tolist() for c in turns), strict=True))

    def _place(self, targets: Ints, pods: Ints) -> None:
        signatures, nodes = self.signatures[targets], self.nodes[targets]
        self.due[targets] -= pods
        for signature, node in zip(signatures.tolist(), nodes.tolist(), strict=True):
            self._count(self.tallies, signature, node)
        for (affinity, _), live in zip(self.near, self.live, strict=True):
            affinity.enliven(live, nodes[affinity.meant[signatures]])

    def _count(self, tallies: Sequence[Ints], signature: int, node: int) -> None:
        for (spread, _), tally in zip(self.spreads, tallies, strict=True):
            if spread.matches[signature] and spread.counted[node]:
                tally[spread.domain[node]] += 1

    def _skew(self, spread: Spread, owned: NDArray[np.intp], tally: Ints) -> Ints:
        domain = spread.domain[self.nodes[owned]]
        here = np.where(spread.registered[domain], tally[domain], 0)
        return here + int(spread.counts_itself) - spread.lowest(tally)
