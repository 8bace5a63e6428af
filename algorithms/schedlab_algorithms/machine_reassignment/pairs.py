"""Machines by pairs, and what every swap of two processes between the two would cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from schedlab_algorithms.machine_reassignment.columns import Floats
from schedlab_algorithms.machine_reassignment.problem import Ints
from schedlab_algorithms.machine_reassignment.state import State
from schedlab_algorithms.machine_reassignment.tables import Tables, some_of_each

MOST_PAIRS = 1000
"""How many pairs of machines a sweep has at most."""

MOST_PROCESSES, BEYOND = 14, 2
"""How many processes of each machine are looked at, and how many more than machines have on
average."""


@dataclass(frozen=True)
class Pairs:
    """Machines by pairs, column k with column k + h, and who might move to the other one.

    Attributes
    ----------
    machine, other : int64, shape (2h,)
    who : int64, shape (C, 2h)
        Row 0 is nobody.
    leaving, joining : int64, shape (C, 2h)
        Their rows in the tables: of their machine, and of the other one.
    beside : float64, shape (C, 2h)
        What moving costs beside the columns.
    faults : float64, shape (C, 2h)
        What moving costs in faults.
    """

    machine: Ints
    other: Ints
    who: Ints
    leaving: Ints
    joining: Ints
    beside: Floats
    faults: Floats

    @classmethod
    def drawn(cls, state: State, tables: Tables, random: np.random.Generator) -> Pairs:
        """Pair the machines at random."""
        machines = state.problem.machines
        h = min(machines // 2, MOST_PAIRS)
        machine = random.permutation(machines)[: 2 * h]
        other = np.concatenate([machine[h:], machine[:h]])
        most = min(MOST_PROCESSES, tables.nobody // machines + BEYOND)
        who = some_of_each(state, machine, most, random)
        first, rows = tables.first[who], tables.nobody + 1
        beside = tables.moving.take(who * machines + other)
        beside -= tables.moving.take(who * machines + machine)
        return cls(
            machine,
            other,
            who,
            who + rows * (first == machine),
            who + rows * (first == other),
            beside,
            faults(state, tables, who, machine, other),
        )


def faults(state: State, tables: Tables, who: Ints, machine: Ints, other: Ints) -> Floats:
    """Return what moving each process from its machine to another one adds in faults.

    Parameters
    ----------
    who : int64, shape (C, n)
    machine, other : int64, shape (n,)
    """
    service, machines = tables.service[who], state.problem.machines
    row = np.minimum(service, state.problem.services - 1) * machines
    entry = state.entry.ravel()
    added = entry.take(row + other) - entry.take(row + machine) + state.fault
    added *= who != tables.nobody
    ruled = np.flatnonzero(tables.ruled[service])
    at = ruled % len(machine)
    more = _spread_and_company(state, service.ravel()[ruled], machine[at], other[at])
    added.ravel()[ruled] += state.fault * more
    return added


def _spread_and_company(state: State, s: Ints, machine: Ints, other: Ints) -> Ints:
    """Return how many more locations would be missing, and neighbours of dependents."""
    problem = state.problem
    here, there, count = problem.location[machine], problem.location[other], state.in_location
    missing = problem.spread[s] - state.locations[s]
    then = missing + (count[s, here] == 1) - (count[s, there] == 0)
    more = (np.maximum(then, 0) - np.maximum(missing, 0)) * (here != there)
    here, there = problem.neighbourhood[machine], problem.neighbourhood[other]
    count, dependents = state.in_neighbourhood, state.dependents
    lonely = dependents[s, here] * (count[s, here] == 1)
    lonely -= dependents[s, there] * (count[s, there] == 0)
    return more + lonely * (here != there)


def swap_prices(state: State, tables: Tables, pairs: Pairs, added: Floats) -> Floats:
    """Return what each swap of each pair adds to the total, shape (C, C, h).

    Exact, up to the tables' dtype, but for service move cost, and for faults that one of the two
    causes or mends of the other's services.  Two of one service cause none.

    Parameters
    ----------
    added : float64, shape (C, 2h)
        To be added to the price of moving each.
    """
    h = len(pairs.machine) // 2
    base = tables.take.take(pairs.leaving, axis=0)
    base += state.slack[pairs.machine].astype(tables.dtype)
    np.minimum(base, tables.most, out=base)
    base *= tables.weight[pairs.machine]
    join = tables.take.take(pairs.joining, axis=0)
    join *= tables.weight[pairs.other]
    # max(0, join - base) is max(join, base) - base, and the last is the same for many
    over = np.maximum(join[None, :, h:], base[:, None, :h])
    price = _summed(over, tables)
    price += _summed(np.maximum(join[:, None, :h], base[None, :, h:], out=over), tables)
    own = pairs.beside + added - _summed(base, tables) - state.machine_cost[pairs.machine]
    price += own[:, None, :h].astype(tables.dtype)
    price += own[None, :, h:].astype(tables.dtype)
    fault, service = pairs.faults.astype(tables.dtype), tables.service[pairs.who]
    both = fault[:, None, :h] + fault[None, :, h:]
    both *= service[:, None, :h] != service[None, :, h:]
    price += both
    price[0, 0] = 0
    return price


def _summed(columns: Floats, tables: Tables) -> Floats:
    summed: Floats = columns.reshape(-1, len(tables.ones)) @ tables.ones
    return summed.reshape(columns.shape[:-1])
