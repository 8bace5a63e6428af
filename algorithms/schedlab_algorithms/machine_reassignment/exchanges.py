"""Exchanges of up to two processes each between two machines, all priced at once.

Near the end of an annealing hardly any single swap helps, as it shifts twelve resources by
what two processes happen to differ in.  Two machines with n processes each have about n⁴/4
exchanges of two for two, and one of those that fits better is often among them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from schedlab_algorithms.machine_reassignment.chances import Chances
from schedlab_algorithms.machine_reassignment.columns import Floats
from schedlab_algorithms.machine_reassignment.deltas import shift, shifts
from schedlab_algorithms.machine_reassignment.problem import Ints
from schedlab_algorithms.machine_reassignment.state import NEVER, State

NOBODY = -1

CHOICES = 80
"""How many choices of who leaves are looked at on each side of an exchange."""


@dataclass(frozen=True)
class Side:
    """What may leave a machine for another one: nobody, one process, or two.

    Attributes
    ----------
    who : int64, shape (n, 2)
        NOBODY fills up.
    left, joined : float64, shape (n, N)
        What their leaving gives back, and what their joining takes.
    price : float64, shape (n,)
        What the move costs beside the columns.
    """

    who: Ints
    left: Floats
    joined: Floats
    price: Floats


def side(state: State, source: int, to: int, most: int, random: np.random.Generator) -> Side:
    """Return at most ``most`` choices of who leaves ``source`` for ``to``, nobody the first."""
    here = _residents(state, source, most - 1, random)
    prices = shifts(state, here)[:, to]
    here, prices = here[prices < NEVER / 2], prices[prices < NEVER / 2]
    first, columns = state.problem.initial[here, None], state.columns
    left = np.where(first == source, columns.home[here], columns.away[here])
    joined = np.where(first == to, columns.home[here], columns.away[here])
    here = np.insert(here, 0, NOBODY)
    beside = np.insert(prices - _columns_change(state, source, to, left, joined), 0, 0.0)
    one, two = _choices(len(here), most, random)
    return Side(
        np.column_stack([here[one], here[two]]),
        _with_nobody(left)[one] + _with_nobody(left)[two],
        _with_nobody(joined)[one] + _with_nobody(joined)[two],
        beside[one] + beside[two],
    )


def _residents(state: State, machine: int, most: int, random: np.random.Generator) -> Ints:
    """Return a machine's processes, ``most`` at random if there are more."""
    here = np.flatnonzero(state.at == machine)
    return here if len(here) <= most else np.sort(random.choice(here, most, replace=False))


def _columns_change(state: State, source: int, to: int, left: Floats, joined: Floats) -> Floats:
    weight, before = state.columns.weight, state.machine_cost[source] + state.machine_cost[to]
    after = np.minimum(state.slack[source] + left, 0) @ weight[source]
    after += np.minimum(state.slack[to] - joined, 0) @ weight[to]
    change: Floats = -after - before
    return change


def _with_nobody(amounts: Floats) -> Floats:
    return np.vstack([np.zeros(amounts.shape[1]), amounts])


def _choices(count: int, most: int, random: np.random.Generator) -> tuple[Ints, Ints]:
    """Return nobody, each one with nobody, and pairs; index 0 stands for nobody."""
    first, second = (1 + index for index in np.triu_indices(count - 1, 1))
    room = max(most - count, 0)
    if len(first) > room:
        kept = random.choice(len(first), room, replace=False)
        first, second = first[kept], second[kept]
    one = np.concatenate([np.arange(count), first])
    return one, np.concatenate([np.zeros(count, np.int64), second])


def exchanges(state: State, a: int, b: int, ours: Side, theirs: Side) -> Floats:
    """Return what each exchange adds to the total, shape (len(ours), len(theirs)).

    Exact but for faults that one of the moving processes causes or mends of another.
    """
    price = ours.price[:, None] + theirs.price
    price -= state.machine_cost[a] + state.machine_cost[b]
    over = theirs.joined - (state.slack[a] + ours.left)[:, None, :]
    price += np.maximum(over, 0, out=over) @ state.columns.weight[a]
    np.subtract((ours.joined - state.slack[b])[:, None, :], theirs.left, out=over)
    price += np.maximum(over, 0, out=over) @ state.columns.weight[b]
    return price


def exchange(state: State, chances: Chances, temperature: float) -> int:
    """Draw and make an exchange between two machines; return how many were made."""
    a, b = chances.random.choice(state.problem.machines, 2, replace=False).tolist()
    ours = side(state, a, b, CHOICES, chances.random)
    theirs = side(state, b, a, CHOICES, chances.random)
    prices = exchanges(state, a, b, ours, theirs)
    best = int((prices + temperature * chances.noises(*prices.shape)).argmin())
    i, j = divmod(best, prices.shape[1])
    moves = [(p, b) for p in ours.who[i].tolist() if p != NOBODY]
    moves += [(q, a) for q in theirs.who[j].tolist() if q != NOBODY]
    return int(len(moves) > 0 and _make(state, moves, prices[i, j], temperature, chances))


def _make(
    state: State, moves: list[tuple[int, int]], seen: float, temperature: float, chances: Chances
) -> bool:
    """Make moves one by one, and take them back unless their exact price agrees."""
    before, price = [int(state.at[p]) for p, _ in moves], 0.0
    for p, to in moves:
        price += shift(state, p, to)
        state.move(p, to)
    if price < NEVER / 2 and chances.agrees(np.array([price - seen]), temperature)[0]:
        return True
    for (p, _), machine in zip(reversed(moves), reversed(before), strict=True):
        state.move(p, machine)
    return False
