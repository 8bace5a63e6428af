"""From steps to a placement: whose turn each pod of the batch is, and who moves before it."""

from __future__ import annotations

import numpy as np

from schedlab.api import Eviction, Move, Placement
from schedlab_algorithms.defragment.floor import Floor, Step
from schedlab_algorithms.defragment.tenants import NOWHERE


def placement_of(floor: Floor, start: Placement) -> Placement:
    """Return where everyone ended up, in an order in which everything is legal at its turn.

    A pod of the batch has its turn when it comes to where it stays: on other nodes before
    it only took room.  Who leaves or moves does so at the next such turn.
    """
    where, pods = floor.tenants, len(start.node)
    placement = Placement.empty(pods)
    placement.node[:] = where.row[:pods]
    placement.devices[:] = where.devices[:pods]
    last = {step.tenant: i for i, step in enumerate(floor.steps) if step.tenant < pods}
    waiting: list[Step] = []
    turns = [p for p in start.sequence.tolist() if p not in last and placement.node[p] >= 0]
    for i, step in enumerate(floor.steps):
        if step.tenant >= pods:
            waiting.append(step)
        elif last[step.tenant] == i and step.target != NOWHERE:
            _note(placement, floor, waiting, step.tenant)
            turns.append(step.tenant)
            waiting.clear()
    placement.sequence[:] = [*turns, *np.flatnonzero(placement.node < 0).tolist()]
    return placement


def _note(placement: Placement, floor: Floor, steps: list[Step], by: int) -> None:
    for tenant, origin, target, held, devices in steps:
        bound = int(floor.tenants.bound[tenant])
        if target == NOWHERE:
            placement.evictions.append(Eviction(by, origin, bound=bound, devices=held))
        else:
            placement.moves.append(Move(by, bound, origin, target, held, devices))
