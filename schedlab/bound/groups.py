"""Nodes in groups of which a relaxation makes one big node each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab.bound.problem import Floats, Ints, PackingProblem

MOST_GROUPS = 96
MOST_PAIRS = 20_000
"""The most groups, and signatures x groups: coarser groups keep the bound valid."""

WEIGHT_OF_SIZE = 0.1
"""How much a doubling of free room counts against a difference in its shape (0 to 1)."""


def kinds(problem: PackingProblem, zones: Ints) -> tuple[Ints, Ints]:
    """Number nodes so that exactly those that are alike share a kind.

    Alike are nodes with the same free room, eligible signatures, and both or neither
    occupied; and with the same ``zones`` (N, Q), unless that makes more than there are to be
    groups.  Returns one node of each kind (M,) and each node's kind (N,).
    """
    devices = np.sort(problem.devices, axis=1)
    room = np.column_stack([problem.free, problem.slots, devices])
    table = np.hstack([_class_bytes(problem), _as_bytes(room)])
    if zones.shape[1]:
        found = _distinct(np.hstack([table, _as_bytes(zones)]))
        if len(found[0]) <= most_groups(problem):
            return found
    return _distinct(table)


def groups(problem: PackingProblem, examples: Ints) -> Ints:
    """Assign the kinds of which ``examples`` (M,) are nodes to groups, shape (M,).

    If there are too many kinds, those of one class (eligibility, occupied) are halved at
    the median of what differs most, until there are enough groups.
    """
    allowed = most_groups(problem)
    if len(examples) <= allowed:
        return np.arange(len(examples))
    classes = _distinct(_class_bytes(problem)[examples])[1]
    if classes.max(initial=0) >= allowed:
        classes = problem.occupied[examples].astype(np.int64)
    return _halve(_shape(problem, examples), classes, allowed)


def most_groups(problem: PackingProblem) -> int:
    """Return how many groups there are to be at most."""
    return max(2, min(MOST_GROUPS, MOST_PAIRS // max(len(problem.specs), 1)))


def _class_bytes(problem: PackingProblem) -> NDArray[np.uint8]:
    """Return the eligible signatures of each node and whether it is occupied, a bit each.

    Whole rows at a time, where ``np.packbits`` goes from row to row for each byte.
    """
    rows = np.vstack([problem.eligible, problem.occupied]).view(np.uint8)
    packed = np.zeros((-(-len(rows) // 8), rows.shape[1]), np.uint8)
    for bit in range(8):
        part = rows[bit::8]
        packed[: len(part)] |= part << (7 - bit)
    return packed.T


def _as_bytes(table: Ints) -> NDArray[np.uint8]:
    width = table.shape[1] * table.itemsize
    return np.ascontiguousarray(table).view(np.uint8).reshape(len(table), width)


def _distinct(table: NDArray[np.uint8]) -> tuple[Ints, Ints]:
    """Return the position of one of each distinct row, and each row's number among them."""
    rows = np.ascontiguousarray(table).view(f"V{table.shape[1]}").ravel()
    _, first, number = np.unique(rows, return_index=True, return_inverse=True)
    return first.astype(np.int64), number.astype(np.int64)


def _shape(problem: PackingProblem, examples: Ints) -> Floats:
    """Return each kind's mixture of resources, and its size on a logarithmic scale."""
    gpus = np.maximum(problem.devices[examples], 0).sum(axis=1)
    room = np.column_stack([problem.free[examples], problem.slots[examples], gpus])
    share = room / np.maximum(room.mean(axis=0), 1)
    size = share.sum(axis=1)
    mixture = share / np.maximum(size, 1e-9)[:, None]
    return np.column_stack([mixture, WEIGHT_OF_SIZE * np.log2(size + 1e-3)])


def _halve(shape: Floats, classes: Ints, allowed: int) -> Ints:
    group = classes.copy()
    members = [np.flatnonzero(group == c) for c in range(int(group.max()) + 1)]
    spread = [_spread(shape[m]) for m in members]
    while len(members) < allowed and max(spread) > 0:
        widest = int(np.argmax(spread))
        members[widest : widest + 1] = _split(shape, members[widest])
        spread[widest : widest + 1] = [_spread(shape[m]) for m in members[widest : widest + 2]]
    for number, among in enumerate(members):
        group[among] = number
    return group


def _spread(shape: Floats) -> float:
    """Return how much would be gained by halving: kinds x their standard deviation."""
    return float(len(shape) * shape.std(axis=0).max()) if len(shape) > 1 else 0.0


def _split(shape: Floats, among: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    column = shape[among, int(shape[among].std(axis=0).argmax())]
    order = among[np.argsort(column, kind="stable")]
    return [order[: len(order) // 2], order[len(order) // 2 :]]
