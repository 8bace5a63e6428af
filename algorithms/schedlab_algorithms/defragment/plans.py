"""Where a pod could go if few others left: one plan for each node, the cheapest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from schedlab_algorithms.defragment.clearing import on_devices
from schedlab_algorithms.defragment.covers import cheapest_covers, pareto_front, under_any
from schedlab_algorithms.defragment.floor import Floor
from schedlab_algorithms.packing.arrays import Floats, Ints, Mask

MOST_NODES = 2_000
"""The nodes that are looked at for one pod: on a larger cluster those that lack the least."""

RUNNING, OF_THE_BATCH = 1.0, 0.01
"""The price of moving a running pod, and one that this batch placed, which disturbs nobody."""


@dataclass(frozen=True)
class Plan:
    """Take ``victims`` off a node, the largest first, so that a pod fits there."""

    row: int
    price: float
    victims: tuple[int, ...]


def plans(floor: Floor, kind: int, among: Mask, usable: Mask) -> Iterator[Plan]:
    """Yield for nodes ``among`` (N,) the cheapest way to make room, the cheapest node first.

    Of at most MOST_NODES nodes.  Only ``usable`` tenants (bool, shape (T,)) leave.  Of equal
    plans the one that moves the least comes first.
    """
    rows = _least_short(floor, kind, np.flatnonzero(among))
    if not len(rows):
        return
    there, node = _who_may_leave(floor, rows, usable)
    base, possible = _first_off_devices(floor, kind, rows, there, node)
    short, slots = _missing(floor, kind, rows, base)
    left = ~np.isin(there, np.concatenate([*base.values(), there[:0]]))
    there, node = there[left], node[left]
    requests = floor.tenants.kinds.requests[floor.tenants.kind[there]]
    found = cheapest_covers(short, slots, node, requests, price_of(floor, there))
    total = np.where(possible, found.price, np.inf)
    for at, gone in base.items():
        total[at] += price_of(floor, gone).sum()
    for at in np.argsort(total, kind="stable").tolist():
        if not np.isfinite(total[at]):
            return
        chosen = there[found.chosen[at][found.chosen[at] >= 0]]
        victims = _largest_first(floor, np.concatenate([base.get(at, chosen[:0]), chosen]))
        yield Plan(int(rows[at]), float(total[at]), victims)


def _who_may_leave(floor: Floor, rows: Ints, usable: Mask) -> tuple[Ints, Ints]:
    """Return the usable tenants on some rows, and the position of each one's row, (p,) both."""
    position = np.full(len(floor.cluster), -1)
    position[rows] = np.arange(len(rows))
    row = floor.tenants.row
    there = np.flatnonzero(usable & (row >= 0) & (position[row] >= 0))
    return there, position[row[there]]


def _missing(floor: Floor, kind: int, rows: Ints, base: dict[int, Ints]) -> tuple[Ints, Ints]:
    """Return what rows lack once their ``base`` has left (c, R), and pods too many (c,)."""
    kinds, short = floor.tenants.kinds, _short(floor, kind, rows)
    slots = np.maximum(1 - floor.slots[rows], 0)
    for at, gone in base.items():
        freed = kinds.requests[floor.tenants.kind[gone]].sum(axis=0)
        short[at] = np.maximum(short[at] - freed, 0)
        slots[at] = max(int(slots[at]) - len(gone), 0)
    return short, slots


def _short(floor: Floor, kind: int, rows: Ints) -> Ints:
    """Return what some rows lack of each resource that a pod asks for, shape (c, R)."""
    request = floor.tenants.kinds.requests[kind]
    return np.where(request > 0, np.maximum(request - floor.free[rows], 0), 0)


def _largest_first(floor: Floor, victims: Ints) -> tuple[int, ...]:
    size = floor.tenants.kinds.size[floor.tenants.kind[victims]]
    return tuple(victims[np.lexsort((victims, -size))].tolist())


def _least_short(floor: Floor, kind: int, rows: Ints) -> Ints:
    """Return those of some rows that lack the least for a pod, MOST_NODES at most, ascending."""
    if len(rows) <= MOST_NODES:
        return rows
    request = floor.tenants.kinds.requests[kind]
    lacking = (_short(floor, kind, rows) / np.maximum(request, 1)).sum(axis=1)
    return np.sort(rows[np.argsort(lacking, kind="stable")[:MOST_NODES]])


def price_of(floor: Floor, tenants: Ints) -> Floats:
    """Return what it costs to take each of some tenants away: mostly one a move, shape (t,).

    Sizes break ties: in a hundred moves they do not add up to one.
    """
    where = floor.tenants
    size = where.kinds.size[where.kind[tenants]]
    price: Floats = np.where(where.running[tenants], RUNNING, OF_THE_BATCH)
    return price + OF_THE_BATCH * size / max(float(where.kinds.size.max(initial=0.0)), 1e-12)


def _first_off_devices(
    floor: Floor, kind: int, rows: Ints, there: Ints, node: Ints
) -> tuple[dict[int, Ints], Mask]:
    """Return by position who must leave for the devices' sake, and where that is possible, (c,)."""
    if not floor.tenants.kinds.gpu_count[kind]:
        return {}, np.ones(len(rows), np.bool_)
    base, possible = dict[int, Ints](), np.zeros(len(rows), np.bool_)
    order = np.argsort(node, kind="stable")
    parts = np.split(there[order], np.searchsorted(node[order], np.arange(1, len(rows))))
    for at, (row, mine) in enumerate(zip(rows.tolist(), parts, strict=True)):
        gone = on_devices(floor, kind, row, mine)
        if gone is not None:
            possible[at] = True
            base[at] = gone
    return base, possible


def housable(floor: Floor) -> Mask:
    """Return which tenants some node has room for as it is, as far as resources go, (T,)."""
    kinds, open_nodes = floor.tenants.kinds, floor.slots > 0
    asked = np.flatnonzero(kinds.requests.any(axis=0))
    free, fits = np.maximum(floor.free[:, asked], 0), np.zeros(len(kinds.specs), np.bool_)
    for zone, nodes in enumerate(kinds.zones):
        mine = np.flatnonzero(kinds.zone == zone)
        front = pareto_front(free[nodes & open_nodes])
        fits[mine] = under_any(kinds.requests[np.ix_(mine, asked)], front)
    return fits[floor.tenants.kind]
