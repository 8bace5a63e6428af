"""The machine reassignment problem of the ROADEF/EURO challenge 2012, as arrays.

Source: Google, *ROADEF/EURO challenge 2012: Machine Reassignment*, problem definition of
the challenge (challenge.roadef.org/2012).  Processes already run on machines; they may be
moved, at a cost, so that the machines are loaded below their safety capacities and with
balanced rests.  All numbers are integers, and so is every cost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Balance:
    """Of ``second`` at least ``target`` times as much as of ``first`` should be left free."""

    first: int
    second: int
    target: int
    weight: int


@dataclass(frozen=True)
class Problem:
    """An instance with R resources, M machines, S services and P processes.

    Attributes
    ----------
    transient : bool, shape (R,)
        Whether a process that moves keeps using the resource on its first machine as well.
    load_weight : int64, shape (R,)
    neighbourhood, location : int64, shape (M,)
    capacity, safety : int64, shape (M, R)
        What may be used, and what should be used at most.
    machine_move_cost : int64, shape (M, M)
    spread : int64, shape (S,)
        In how many distinct locations a service must run at least.
    dependencies : tuple of int64 arrays
        For each service those of which a process must run in the same neighbourhood as
        each of its own.
    service : int64, shape (P,)
    requirement : int64, shape (P, R)
    process_move_cost : int64, shape (P,)
    balances : tuple of Balance
    process_weight, service_weight, machine_weight : int
        The weights of the three costs of moving.
    initial : int64, shape (P,)
        The machine of each process before any is moved.
    """

    transient: NDArray[np.bool_]
    load_weight: Ints
    neighbourhood: Ints
    location: Ints
    capacity: Ints
    safety: Ints
    machine_move_cost: Ints
    spread: Ints
    dependencies: tuple[Ints, ...]
    service: Ints
    requirement: Ints
    process_move_cost: Ints
    balances: tuple[Balance, ...]
    process_weight: int
    service_weight: int
    machine_weight: int
    initial: Ints

    @property
    def machines(self) -> int:
        """The number of machines, M."""
        return len(self.capacity)

    @property
    def resources(self) -> int:
        """The number of resources, R."""
        return len(self.load_weight)

    @property
    def services(self) -> int:
        """The number of services, S."""
        return len(self.spread)

    @property
    def processes(self) -> int:
        """The number of processes, P."""
        return len(self.service)

    def usage(self, assignment: Ints) -> Ints:
        """Return what is used on each machine, without transient usage, shape (M, R)."""
        used = np.zeros_like(self.capacity)
        np.add.at(used, assignment, self.requirement)
        return used

    def sizes(self) -> Ints:
        """Return what all that each process asks for costs above safety, at least 1, (P,)."""
        return np.maximum(self.requirement @ np.maximum(self.load_weight, 1), 1)

    def room(self) -> Ints:
        """Return what newcomers may use of each machine at most, shape (M, R).

        Of a transient resource that is what the machine's first processes leave: they
        use it whether they stay or go.
        """
        first = self.usage(self.initial)
        return np.where(self.transient, self.capacity - first, self.capacity)

    def fits(self) -> NDArray[np.bool_]:
        """Return where each process could be if nothing else moved in, shape (P, M)."""
        room = self.room()
        fits = np.ones((self.processes, self.machines), np.bool_)
        for r in range(self.resources):
            fits &= self.requirement[:, r, None] <= room[:, r]
        fits[np.arange(self.processes), self.initial] = True
        return fits
