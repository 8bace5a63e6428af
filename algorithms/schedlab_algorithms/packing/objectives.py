"""What a placement is judged by: named integers, the greater the better, compared in order.

Every objective is a sum over nodes.  So a few nodes that are packed anew can be judged by
themselves, and every objective is linear in the pods by signature and node.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from schedlab.engine import PackingProblem
from schedlab.errors import InputError, nearest
from schedlab_algorithms.packing.arrays import Ints

if TYPE_CHECKING:
    from schedlab_algorithms.packing.incumbent import Incumbent

Value = tuple[int, ...]
Nodes = Ints | slice
Objectives = tuple[str, ...]

DEFAULT: Objectives = ("placed-by-priority", "nodes-used")

ALL = slice(None)

PARTS = 10_000
"""The grain of shares of a node's room."""


def value_of(incumbent: Incumbent, objectives: Objectives, nodes: Nodes = ALL) -> Value:
    """Return what some nodes contribute to each objective, to be compared lexicographically.

    What is to be small counts negatively.
    """
    return tuple(x for name in objectives for x in MEASURES[name](incumbent, nodes))


def checked(objectives: Sequence[str]) -> Objectives:
    """Return objectives that make sense.

    Raises
    ------
    InputError
        For an unknown name, a repeated one, or if the first does not count pods placed:
        to place nothing would be the best in all others.
    """
    for name in objectives:
        if name not in MEASURES:
            raise InputError(f"objectives: {nearest('objective', name, MEASURES)}")
    if len(set(objectives)) < len(objectives):
        raise InputError(f"objectives: expected each once, got {', '.join(objectives)}")
    if not objectives or objectives[0] not in PLACING:
        got = repr(objectives[0]) if objectives else "none"
        raise InputError(f"objectives: expected one of {', '.join(PLACING)} first, got {got}")
    return tuple(objectives)


def shares_of_largest(problem: PackingProblem) -> tuple[Ints, Ints]:
    """Return what pods take (S, K) and what nodes offer (N, K), in 1/PARTS of the largest offer.

    For each resource that the batch asks for, the largest is the most that it finds free
    on any node.  Rounded down, so that what pods take never exceeds what a node offers.
    """
    taken, offered = asked_and_free(problem)
    largest = np.maximum(offered.max(axis=0, initial=1), 1)
    return _share(taken, largest), _share(offered, largest)


def asked_and_free(problem: PackingProblem) -> tuple[Ints, Ints]:
    """Return requests (S, K) and room (N, K) in the resources that the batch asks for."""
    asked = problem.requests.any(axis=0)
    return problem.requests[:, asked], problem.free[:, asked]


def shares_of_node(problem: PackingProblem, signatures: Ints, node: int) -> Ints:
    """Return which part of each resource of a node pods take, in 1/PARTS, shape (m, k).

    Of the k resources that the batch asks for and of which the node has any.
    """
    taken, offered = asked_and_free(problem)
    there = np.flatnonzero(offered[node])
    return _share(taken[np.ix_(signatures, there)], offered[node, there])


def used(incumbent: Incumbent, nodes: Nodes = ALL) -> NDArray[np.bool_]:
    """Return which nodes hold any pod, of the batch or not, shape (k,)."""
    problem = incumbent.problem
    held: NDArray[np.bool_] = incumbent.slots[nodes] < problem.slots[nodes]
    return problem.occupied[nodes] | held


def _share(amount: Ints, whole: Ints) -> Ints:
    # Bytes times PARTS would overflow only beyond 900 TB; floats would round.
    return PARTS * amount // whole


def _placed_by_priority(incumbent: Incumbent, nodes: Nodes) -> Value:
    return tuple(incumbent.problem.by_tier(incumbent.placed(nodes)).tolist())


def _placed(incumbent: Incumbent, nodes: Nodes) -> Value:
    return (int(incumbent.placed(nodes).sum()),)


def _value(incumbent: Incumbent, nodes: Nodes) -> Value:
    return (int(incumbent.problem.value_weights @ incumbent.placed(nodes)),)


def _nodes_used(incumbent: Incumbent, nodes: Nodes) -> Value:
    return (-int(used(incumbent, nodes).sum()),)


def _fragmentation(incumbent: Incumbent, nodes: Nodes) -> Value:
    """Return minus the room stranded: what is left free on nodes in use."""
    taken, offered = shares_of_largest(incumbent.problem)
    room = offered[nodes][used(incumbent, nodes)].sum()
    return (int((taken.sum(axis=1) * incumbent.placed(nodes)).sum() - room),)


def _balance(incumbent: Incumbent, nodes: Nodes) -> Value:
    """Return minus the differences between the most and the least used resource of each node."""
    taken, offered = asked_and_free(incumbent.problem)
    most: Ints = np.zeros(len(offered[nodes]), np.int64)
    least: Ints = np.full(len(most), np.iinfo(np.int64).max)
    counts = incumbent.counts[:, nodes]
    for amount, room in zip(taken.T, offered[nodes].T, strict=True):
        share = _share(amount[:, None], np.maximum(room, 1))
        load = (counts * share).sum(axis=0)
        most = np.where(room > 0, np.maximum(most, load), most)
        least = np.where(room > 0, np.minimum(least, load), least)
    return (-int(np.maximum(most - least, 0).sum()),)


def _moves(incumbent: Incumbent, nodes: Nodes) -> Value:
    """Return minus the pods that ran before the batch and are no longer where they were."""
    if incumbent.home is None:
        return (0,)
    gone = incumbent.home[:, nodes].astype(np.int64) - incumbent.counts[:, nodes]
    return (-int(np.maximum(gone, 0).sum()),)


MEASURES: dict[str, Callable[[Incumbent, Nodes], Value]] = {
    "placed-by-priority": _placed_by_priority,
    "placed": _placed,
    "value": _value,
    "nodes-used": _nodes_used,
    "fragmentation": _fragmentation,
    "balance": _balance,
    "moves": _moves,
}

PLACING = ("placed-by-priority", "placed", "value")
"""Objectives that count pods placed."""
