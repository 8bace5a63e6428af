"""The order in which spread pods are placed, so that each is legal at its turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from schedlab_algorithms.packing.arrays import Ints
from schedlab_algorithms.packing.spread import Spread

ILLEGAL = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Component:
    """Signatures whose spread constraints count one another's pods.

    ``owners`` (k,) state the constraints ``spreads``; ``members`` (m,) are these and the
    signatures without constraints that they count.
    """

    spreads: tuple[Spread, ...]
    owners: Ints
    members: Ints


def components(spreads: Sequence[Spread], signatures: int) -> tuple[Component, ...]:
    """Split constraints over S ``signatures`` into parts that do not affect one another."""
    pairs = [(s.owner, other) for s in spreads for other in np.flatnonzero(s.matches).tolist()]
    rows, columns = np.array(pairs, np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(signatures, signatures))
    label = connected_components(graph, directed=False)[1]
    by_label: dict[int, list[Spread]] = {}
    for spread in spreads:
        by_label.setdefault(int(label[spread.owner]), []).append(spread)
    return tuple(
        Component(
            tuple(mine),
            np.unique([s.owner for s in mine]).astype(np.int64),
            np.flatnonzero(label == number),
        )
        for number, mine in by_label.items()
    )


def in_order(
    parts: Sequence[Component], placed: NDArray[np.int32], changed: NDArray[np.int64]
) -> bool:
    """Say whether every component with a ``changed`` signature can be sequenced."""
    touched = [p for p in parts if np.isin(p.members, changed).any()]
    return all(sequence(part, placed) is not None for part in touched)


def sequence(part: Component, placed: NDArray[np.int32]) -> list[tuple[int, int]] | None:
    """Order a component's constrained pods so that each is legal at its turn.

    Everything else in ``placed`` (S, N) is there first.  The pod whose domains are emptiest
    comes next, which finds an order whenever the final skews of one constraint allow it.
    Returns (signature, node) pairs, or None where no pod that is still due is legal.
    """
    turns = _Turns(part, placed)
    order: list[tuple[int, int]] = []
    while turns.due.any():
        target = turns.next()
        if target is None:
            return None
        order.append(turns.take(target))
    return order


class _Turns:
    """The distinct targets, how many pods are due at each, and the counts so far."""

    def __init__(self, part: Component, placed: NDArray[np.int32]) -> None:
        owners = part.owners
        position, self.nodes = np.nonzero(placed[owners])
        self.signatures = owners[position]
        self.due = placed[self.signatures, self.nodes].astype(np.int64)
        self.spreads = [(s, np.flatnonzero(self.signatures == s.owner)) for s in part.spreads]
        self.tallies = [s.counts(placed, without=owners.tolist()) for s in part.spreads]

    def next(self) -> int | None:
        """Return the legal target with the least skew, None if there is none."""
        crowding = np.where(self.due > 0, 0, ILLEGAL)
        for (spread, owned), tally in zip(self.spreads, self.tallies, strict=True):
            skew = self._skew(spread, owned, tally)
            legal = (skew <= spread.max_skew) & (crowding[owned] != ILLEGAL)
            crowding[owned] = np.where(legal, crowding[owned] + skew, ILLEGAL)
        target = int(crowding.argmin())
        return None if crowding[target] == ILLEGAL else target

    def take(self, target: int) -> tuple[int, int]:
        """Place one pod of a target and return its (signature, node)."""
        signature, node = int(self.signatures[target]), int(self.nodes[target])
        self.due[target] -= 1
        for (spread, _), tally in zip(self.spreads, self.tallies, strict=True):
            if spread.matches[signature] and spread.counted[node]:
                tally[spread.domain[node]] += 1
        return signature, node

    def _skew(self, spread: Spread, owned: NDArray[np.intp], tally: Ints) -> Ints:
        domain = spread.domain[self.nodes[owned]]
        here = np.where(spread.registered[domain], tally[domain], 0)
        return here + int(spread.counts_itself) - spread.lowest(tally)
