"""Simulated annealing by heat bath: all machines are paired, and every pair swaps at once.

A sweep pairs the machines at random and prices, in a few NumPy calls, every swap of a process
of one machine with a process of the other, nobody being among them: for all pairs of machines
together some thousand swaps and shifts.  Adding Gumbel noise to price / T and taking the least
draws one move for each pair as the heat bath does, in proportion to exp(-price / T), with
staying as one of the choices.  Pairs share no machine, so their prices add up, except for
services that are moved by several: of those only the first may move in a sweep.  Prices may
be rounded to float32 while it is hot; the moves drawn are priced again exactly and made with
the probability exp(-(exact - seen) / T).

Source: simulated annealing after Kirkpatrick, Gelatt and Vecchi (1983); shifts and swaps as
in the challenge's literature, among others Gavranović, Buljubašić and Demirović (2012) and
Portal, Ritt, Borba and Buriol (2016).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from schedlab_algorithms.machine_reassignment.chances import Chances
from schedlab_algorithms.machine_reassignment.columns import Floats
from schedlab_algorithms.machine_reassignment.pairs import Pairs, swap_prices
from schedlab_algorithms.machine_reassignment.problem import Ints
from schedlab_algorithms.machine_reassignment.state import NEVER, State
from schedlab_algorithms.machine_reassignment.tables import Tables


@dataclass(frozen=True)
class Moves:
    """The moves drawn: rows ``ours`` and ``theirs`` of the pairs in some columns.

    Attributes
    ----------
    column, ours, theirs : int64, shape (n,)
    seen : float64, shape (n,)
        Their prices, additions included.
    """

    column: Ints
    ours: Ints
    theirs: Ints
    seen: Floats

    def some(self, kept: Ints) -> Moves:
        """Return the moves at some places."""
        return Moves(self.column[kept], self.ours[kept], self.theirs[kept], self.seen[kept])


def draw(price: Floats, chances: Chances, temperature: float) -> Moves:
    """Draw one swap for each pair, and return those that are not staying."""
    choices, _, h = price.shape
    flat = price.reshape(-1, h)
    noise = chances.noises(*flat.shape)
    heated = flat * (1 / temperature)
    heated += noise
    best = heated.argmin(axis=0)
    column = np.flatnonzero(best)
    ours, theirs = np.divmod(best[column], choices)
    return Moves(column, ours, theirs, flat[best[column], column].astype(np.float64))


def sweep(state: State, tables: Tables, chances: Chances, temperature: float) -> int:
    """Pair the machines, draw a swap for each pair and make them; return how many were made."""
    pairs = Pairs.drawn(state, tables, chances.random)
    added = tables.reluctance(temperature).take(pairs.who)
    moves = draw(swap_prices(state, tables, pairs, added), chances, temperature)
    moves = moves.some(independent(tables, pairs, moves))
    return _make(state, tables, pairs, moves, added, chances, temperature)


def independent(tables: Tables, pairs: Pairs, moves: Moves) -> Ints:
    """Return which moves to keep so that no two concern related services."""
    h = len(pairs.machine) // 2
    services = tables.service[
        [pairs.who[moves.ours, moves.column], pairs.who[moves.theirs, moves.column + h]]
    ]
    kept, moving = [], set[int]()
    tied, related = tables.tied[services].T.tolist(), tables.related
    for k, ((s, t), (first, second)) in enumerate(zip(services.T.tolist(), tied, strict=True)):
        if s != t and first and second and t in related[s]:
            continue
        concerned = [x for x, is_tied in ((s, first), (t, second)) if is_tied]
        # relations are mutual: what moves already is the shorter list to look through
        if all(moving.isdisjoint(related[x]) for x in concerned):
            moving.update(concerned)
            kept.append(k)
    return np.array(kept, np.int64)


def _make(
    state: State,
    tables: Tables,
    pairs: Pairs,
    moves: Moves,
    added: Floats,
    chances: Chances,
    temperature: float,
) -> int:
    """Make the moves whose exact prices (but for service move cost) agree with those seen."""
    h = len(pairs.machine) // 2
    ends = np.stack([moves.column, moves.column + h])
    rows = np.stack([moves.ours, moves.theirs])
    machine, who = pairs.machine[ends], pairs.who[rows, ends]
    slack = state.slack[machine] + tables.exact[pairs.leaving[rows, ends]]
    slack -= tables.exact[pairs.joining[rows, ends]][::-1]
    cost = -(np.minimum(slack, 0) * state.columns.weight[machine]).sum(axis=2)
    price = cost - state.machine_cost[machine] + pairs.beside[rows, ends] + added[rows, ends]
    service = tables.service[who]
    price += np.where(service[0] == service[1], 0, pairs.faults[rows, ends])
    exact = price.sum(axis=0)
    made = np.flatnonzero(chances.agrees(exact - moves.seen, temperature) & (exact < NEVER / 2))
    machine, who = machine[:, made], who[:, made]
    state.slack[machine], state.machine_cost[machine] = slack[:, made], cost[:, made]
    moved = who != tables.nobody
    state.count_again(who[moved], machine[moved], machine[::-1][moved])
    return int(moved.any(axis=0).sum())
