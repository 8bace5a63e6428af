"""Simulated annealing by heat bath: whole neighbourhoods priced at once, one move drawn.

A batch draws some processes and prices, in a few NumPy calls, their shifts to every machine
and their swaps with some partners.  Adding Gumbel noise of the temperature to the prices and
taking the least draws a move as the heat bath does, in proportion to exp(-price / T), with
staying as one of the choices.  The moves drawn in a batch are then made one after the other:
each is priced again, exactly and as things stand by then, and made with the probability
exp(-(exact - seen) / T).

Source: simulated annealing after Kirkpatrick, Gelatt and Vecchi (1983); shifts and swaps as
in the challenge's literature, among others Gavranović, Buljubašić and Demirović (2012) and
Portal, Ritt, Borba and Buriol (2016).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from schedlab_algorithms.machine_reassignment.deltas import shift, shifts, swaps
from schedlab_algorithms.machine_reassignment.exchanges import NOBODY, exchanges, side
from schedlab_algorithms.machine_reassignment.problem import Ints, Problem
from schedlab_algorithms.machine_reassignment.state import NEVER, Floats, State

SHIFTS, SWAPS, PARTNERS = 16, 8, 64
"""How many processes a batch prices for shifts and for swaps, and with how many partners."""

CHOICES = 80
"""How many choices of who leaves are looked at on each side of an exchange."""

ALIKE = 200
"""Half of the partners are drawn among so many processes that ask for the most similar."""

LOOKED_AT = 1000
"""Among how many processes of a similar amount those most alike are looked for."""

POOL = 1 << 20
"""How many numbers of noise are drawn once and read from random places ever after."""


@dataclass(frozen=True)
class Chances:
    """Random numbers and neighbours by similarity: what a run draws from.

    Attributes
    ----------
    random : numpy Generator
    noise : float64, shape (POOL,)
        Negative Gumbel noise.
    alike : int64, shape (P, at most ALIKE)
    """

    random: np.random.Generator
    noise: Floats
    alike: Ints

    @classmethod
    def of(cls, problem: Problem, seed: int) -> Chances:
        """Return the chances of a seed."""
        random = np.random.default_rng(seed)
        return cls(random, np.log(-np.log(random.random(POOL))), similar(problem))

    def noises(self, *shape: int) -> Floats:
        """Return noise of a shape."""
        size = int(np.prod(shape))
        start = int(self.random.integers(POOL - size))
        return self.noise[start : start + size].reshape(shape)


def similar(problem: Problem) -> Ints:
    """Return for each process those that ask for the most similar, nearest first.

    Of many processes only those that ask for a similar amount in all are looked at.
    """
    scale = np.maximum(np.median(problem.capacity, axis=0), 1)
    asked = problem.requirement / scale
    order = np.argsort(asked.sum(axis=1), kind="stable")
    rows = np.empty((len(asked), min(ALIKE, max(len(asked) - 1, 1))), np.int64)
    for rank, p in enumerate(order.tolist()):
        start = min(max(rank - LOOKED_AT // 2, 0), max(len(order) - LOOKED_AT, 0))
        window = order[start : start + LOOKED_AT]
        rows[p] = _nearest(asked, p, window)[: rows.shape[1]]
    return rows


def _nearest(asked: Floats, p: int, window: Ints) -> Ints:
    distance = ((asked[window] - asked[p]) ** 2).sum(axis=1)
    distance[window == p] = np.inf
    return window[np.argsort(distance, kind="stable")]


def batch(state: State, chances: Chances, temperature: float) -> int:
    """Draw and make some shifts and some swaps; return how many were made."""
    made = _shift_some(state, chances, temperature)
    return made + _swap_some(state, chances, temperature)


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
    state: State,
    moves: list[tuple[int, int]],
    seen: float,
    temperature: float,
    chances: Chances,
) -> bool:
    """Make moves one by one, and take them back unless their exact price agrees."""
    before, price = [int(state.at[p]) for p, _ in moves], 0.0
    for p, to in moves:
        price += shift(state, p, to)
        state.move(p, to)
    if _agrees(price, seen, temperature, chances):
        return True
    for (p, _), machine in zip(reversed(moves), reversed(before), strict=True):
        state.move(p, machine)
    return False


def _shift_some(state: State, chances: Chances, temperature: float) -> int:
    ps = chances.random.integers(0, state.problem.processes, SHIFTS)
    prices = shifts(state, ps)
    to = (prices + temperature * chances.noises(*prices.shape)).argmin(axis=1)
    made = 0
    for row in np.flatnonzero(to != state.at[ps]).tolist():
        p, machine = int(ps[row]), int(to[row])
        if _agrees(shift(state, p, machine), prices[row, machine], temperature, chances):
            state.move(p, machine)
            made += 1
    return made


def _swap_some(state: State, chances: Chances, temperature: float) -> int:
    ps, qs = _couples(state.problem, chances)
    prices = swaps(state, ps, qs)
    noise = chances.noises(SWAPS, PARTNERS + 1)
    heated = prices + temperature * noise[:, 1:]
    best = heated.argmin(axis=1)
    rows = np.flatnonzero(heated[np.arange(SWAPS), best] < temperature * noise[:, 0])
    return sum(
        _swap(state, int(ps[k]), int(qs[k, best[k]]), prices[k, best[k]], temperature, chances)
        for k in rows.tolist()
    )


def _couples(problem: Problem, chances: Chances) -> tuple[Ints, Ints]:
    random, alike = chances.random, chances.alike
    ps = random.integers(0, problem.processes, SWAPS)
    qs = random.integers(0, problem.processes, (SWAPS, PARTNERS))
    near = random.integers(0, alike.shape[1], (SWAPS, PARTNERS // 2))
    qs[:, : PARTNERS // 2] = alike[ps[:, None], near]
    return ps, qs


def _swap(state: State, p: int, q: int, seen: float, temperature: float, chances: Chances) -> bool:
    here, there = int(state.at[p]), int(state.at[q])
    return here != there and _make(state, [(p, there), (q, here)], seen, temperature, chances)


def _agrees(price: float, seen: float, temperature: float, chances: Chances) -> bool:
    """Accept a move whose exact price is not worse than the one seen, else perhaps."""
    worse = price - seen
    if worse <= 0:
        return price < NEVER
    return bool(chances.random.random() < np.exp(-worse / temperature))
