"""Where trying one plan after another finds no room: a few nodes at once, by CP-SAT."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from ortools.sat.python import cp_model

from schedlab_algorithms.defragment.floor import Floor
from schedlab_algorithms.defragment.plans import plans, price_of
from schedlab_algorithms.packing.arrays import Ints, Mask
from schedlab_algorithms.packing.effort import Effort
from schedlab_algorithms.packing.solving import COST_OF_VARIABLE, solved

NODES, HOSTS = 6, 10
"""How many nodes may take the pod, and how many more those that leave them."""

WIDTH = 8
"""The pods of each node that may move: the largest."""

CENTS = 100
"""The grain of a move's price."""

ROUND = 0.3
"""CP-SAT's deterministic seconds for one pod."""


@dataclass(frozen=True)
class Repacking:
    """Variables: ``at[n]`` the pod goes to row n, ``move[t, n]`` tenant t does."""

    floor: Floor
    pod: int
    model: cp_model.CpModel = field(default_factory=cp_model.CpModel)
    at: dict[int, cp_model.IntVar] = field(default_factory=dict)
    move: dict[tuple[int, int], cp_model.IntVar] = field(default_factory=dict)


def repack(floor: Floor, effort: Effort, pod: int, among: Mask, most_moves: int) -> bool:
    """Place a pod on one of a few nodes by the cheapest moves among them, or change nothing.

    The nodes are those of the cheapest plans and those with the most room.  Moves are
    carried out in an order in which each is legal; a solution without one is given up.
    Pods with GPUs neither move nor are placed so.
    """
    kinds, mark = floor.tenants.kinds, len(floor.steps)
    if kinds.gpu_count[floor.tenants.kind[pod]]:
        return False
    model = _model(floor, pod, among, most_moves)
    if model is None:
        return False
    moves = _solve(model, effort)
    if moves is None or _carry_out(floor, moves):
        return moves is not None
    floor.undo(mark)
    return False


def _model(floor: Floor, pod: int, among: Mask, most_moves: int) -> Repacking | None:
    kind = int(floor.tenants.kind[pod])
    found = plans(floor, kind, among & _sound(floor), floor.tenants.movable)
    targets = [plan.row for plan in islice(found, NODES)]
    if not targets:
        return None
    rows = [*targets, *_roomiest(floor, targets)]
    problem = Repacking(floor, pod)
    for row in targets:
        problem.at[row] = problem.model.new_bool_var("")
    for tenant in _largest(floor, rows):
        zone = floor.tenants.kinds.zones[floor.tenants.kinds.zone[floor.tenants.kind[tenant]]]
        for row in rows:
            if zone[row] and row != floor.tenants.row[tenant]:
                problem.move[tenant, row] = problem.model.new_bool_var("")
    if not problem.move:
        return None
    _add_rules(problem, rows, most_moves)
    return problem


def _add_rules(problem: Repacking, rows: Sequence[int], most_moves: int) -> None:
    model, floor = problem.model, problem.floor
    model.add_exactly_one(problem.at.values())
    movers = sorted({t for t, _ in problem.move})
    for tenant in movers:
        model.add_at_most_one(v for (t, _), v in problem.move.items() if t == tenant)
    disturbing = [v for (t, _), v in problem.move.items() if floor.tenants.running[t]]
    model.add(cp_model.LinearExpr.sum(disturbing) <= most_moves)
    for row in rows:
        _add_room(problem, row)
    price = dict(zip(movers, price_of(floor, np.array(movers, np.int64)).tolist(), strict=True))
    cents = [round(CENTS * price[t]) for t, _ in problem.move]
    model.minimize(cp_model.LinearExpr.weighted_sum(list(problem.move.values()), cents))


def _add_room(problem: Repacking, row: int) -> None:
    """Bound what a node holds afterwards, in each resource and in pods."""
    floor, where = problem.floor, problem.floor.tenants
    change = list(_changes(problem, row))
    if not change:
        return
    kinds = where.kind[[t for t, _, _ in change]]
    requests = where.kinds.requests[kinds]
    table = np.column_stack([requests, np.ones(len(change), np.int64)])
    limits = [*floor.free[row].tolist(), int(floor.slots[row])]
    variables, signs = [v for _, v, _ in change], np.array([s for _, _, s in change])
    for amounts, limit in zip(table.T, limits, strict=True):
        if amounts.any():
            grain = int(np.gcd.reduce(amounts))
            weights = (signs * amounts // grain).tolist()
            total = cp_model.LinearExpr.weighted_sum(variables, weights)
            problem.model.add(total <= limit // grain)


def _changes(problem: Repacking, row: int) -> Iterator[tuple[int, cp_model.IntVar, int]]:
    """Yield the tenant, the variable and the sign of all that comes to a row or leaves it."""
    if row in problem.at:
        yield problem.pod, problem.at[row], 1
    for (tenant, target), variable in problem.move.items():
        if target == row:
            yield tenant, variable, 1
        elif problem.floor.tenants.row[tenant] == row:
            yield tenant, variable, -1


def _solve(problem: Repacking, effort: Effort) -> list[tuple[int, int]] | None:
    """Return (tenant, row) of all moves and last of the pod, None where none were found."""
    share = min(ROUND, max(effort.left, 0.0))
    effort.charge(COST_OF_VARIABLE * len(problem.move))
    solver = solved(problem.model, share, effort)
    if solver is None:
        return None
    moves = [key for key, variable in problem.move.items() if solver.value(variable)]
    [target] = (row for row, variable in problem.at.items() if solver.value(variable))
    return [*moves, (problem.pod, target)]


def _carry_out(floor: Floor, moves: Sequence[tuple[int, int]]) -> bool:
    """Make moves, the next that fits first; say whether all were made."""
    left, kind = list(moves), floor.tenants.kind
    while left:
        ready = next((m for m in left if floor.fits_on(int(kind[m[0]]), m[1])), None)
        if ready is None:
            return False
        floor.take(*ready)
        left.remove(ready)
    return True


def _sound(floor: Floor) -> Mask:
    """Return the nodes that are not overcommitted, (N,)."""
    sound: Mask = (floor.free >= 0).all(axis=1) & (floor.slots >= 0)
    return sound


def _roomiest(floor: Floor, taken: Sequence[int]) -> list[int]:
    """Return the nodes with the most room, as a mean over what they offer, beside some others."""
    room = (floor.free / np.maximum(floor.cluster.allocatable, 1)).mean(axis=1)
    room[~_sound(floor)] = -1.0
    room[list(taken)] = -1.0
    order = np.argsort(-room, kind="stable")[:HOSTS]
    return order[room[order] >= 0].tolist()


def _largest(floor: Floor, rows: Sequence[int]) -> list[int]:
    """Return the largest movable tenants of each row, WIDTH at most, without GPUs."""
    where = floor.tenants
    plain = where.movable & (where.kinds.gpu_count[where.kind] == 0)
    chosen: list[int] = []
    for row in rows:
        there: Ints = np.flatnonzero(plain & (where.row == row))
        order = np.lexsort((there, -where.kinds.size[where.kind[there]]))
        chosen += there[order[:WIDTH]].tolist()
    return chosen
