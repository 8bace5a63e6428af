"""Placing a pod by moving others out of its way, one legal step after another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

import numpy as np

from schedlab_algorithms.defragment.floor import Floor
from schedlab_algorithms.defragment.plans import Plan, housable, plans
from schedlab_algorithms.defragment.repack import repack
from schedlab_algorithms.defragment.tenants import NOWHERE
from schedlab_algorithms.packing.arrays import Mask
from schedlab_algorithms.packing.effort import Effort

TRIES = (100, 4)
"""How many plans are tried for a pod that waits, and for one that has to make room for it."""

COST_OF_TENANT, COST_OF_NODE, COST_OF_STEP = 3e-7, 5e-6, 1e-4
"""Deterministic seconds charged for plans, by what is looked at, and for moving a pod."""


@dataclass(eq=False)
class Mover:
    """Places waiting pods at the price of at most ``most_moves`` moves of running pods each.

    Every step is carried out on the living cluster in its order, so that each is legal at
    its turn; what leads to nothing is undone.  ``admits`` says by kind which nodes (N,)
    would take a pod but for room.
    """

    floor: Floor
    effort: Effort
    most_moves: int
    admits: Callable[[int], Mask]
    repacked: int = 0

    def admit(self, pod: int, may_go: Mask) -> bool:
        """Place a waiting pod, or change nothing.

        Others move; if that is not enough they make room for one another as well, or all
        pods of a few nodes are looked at together; and if that is not, those that ``may_go``
        (bool, shape (T,)) are left without a node.
        """
        where, mark = self.floor.tenants, len(self.floor.steps)
        among, nobody = self.admits(int(where.kind[pod])), np.zeros(len(where.row), np.bool_)
        fits_elsewhere = where.movable & housable(self.floor)

        def clear(usable: Mask, doomed: Mask, deepest: int) -> bool:
            attempt = _Attempt(self, mark, fits_elsewhere, doomed, deepest)
            return attempt.make_room(pod, among, usable)

        return (
            self.settle(pod, among)
            or clear(fits_elsewhere, nobody, 0)
            or clear(where.movable, nobody, 1)
            or self._repack(pod, among)
            or (bool(may_go.any()) and clear(fits_elsewhere | may_go, may_go, 0))
        )

    def _repack(self, pod: int, among: Mask) -> bool:
        if self.effort.exhausted():
            return False
        placed = repack(self.floor, self.effort, pod, among, self.most_moves)
        self.repacked += placed
        return placed

    def settle(self, tenant: int, among: Mask) -> bool:
        """Take a tenant to the node with room that it fills best, if there is one."""
        kind = int(self.floor.tenants.kind[tenant])
        self.effort.charge(COST_OF_STEP)
        row = self.floor.tightest(kind, among & self.floor.fits(kind))
        if row != NOWHERE:
            self.floor.take(tenant, row, self.floor.devices_for(kind, row))
        return row != NOWHERE


@dataclass(frozen=True, eq=False)
class _Attempt:
    """One way to place a pod: who fits elsewhere, who is doomed, how far displacing goes."""

    mover: Mover
    mark: int
    fits_elsewhere: Mask
    doomed: Mask
    deepest: int

    def make_room(
        self, tenant: int, among: Mask, usable: Mask, closed: tuple[int, ...] = ()
    ) -> bool:
        """Place a tenant on a node ``among`` (N,) from which ``usable`` ones leave.

        Nobody goes to the rows that are ``closed``: they are being cleared for others.
        """
        floor, effort = self.mover.floor, self.mover.effort
        effort.charge(COST_OF_TENANT * len(floor.tenants.row) + COST_OF_NODE * int(among.sum()))
        found = plans(floor, int(floor.tenants.kind[tenant]), among, usable)
        for plan in islice(found, TRIES[len(closed)]):
            if effort.exhausted() or self._moved() + int(plan.price) > self.mover.most_moves:
                return False
            if self._carry_out(tenant, plan, (*closed, plan.row)):
                return True
        return False

    def _carry_out(self, tenant: int, plan: Plan, closed: tuple[int, ...]) -> bool:
        floor, before = self.mover.floor, len(self.mover.floor.steps)
        kind = int(floor.tenants.kind[tenant])
        homeless = [v for v in plan.victims if not self._rehouse(v, closed)]
        if all(self.doomed[v] for v in homeless) and self._moved() <= self.mover.most_moves:
            for victim in homeless:
                floor.take(victim, NOWHERE)
            if floor.fits_on(kind, plan.row):
                floor.take(tenant, plan.row, floor.devices_for(kind, plan.row))
                return True
        floor.undo(before)
        return False

    def _rehouse(self, victim: int, closed: tuple[int, ...]) -> bool:
        """Take a victim to a node that is not closed, which others may have to leave."""
        kinds = self.mover.floor.tenants.kinds
        elsewhere = kinds.zones[kinds.zone[self.mover.floor.tenants.kind[victim]]].copy()
        elsewhere[list(closed)] = False
        if self.mover.settle(victim, elsewhere):
            return True
        return len(closed) <= self.deepest and self.make_room(
            victim, elsewhere, self.fits_elsewhere, closed
        )

    def _moved(self) -> int:
        """Return how many steps so far moved a running pod."""
        running = self.mover.floor.tenants.running
        steps = self.mover.floor.steps[self.mark :]
        return sum(bool(running[s.tenant]) and s.target != NOWHERE for s in steps)
