"""Columns, prices, whole numbers: column generation from the greedy start on."""

from __future__ import annotations

from schedlab_algorithms.column_generation.generation import Generation
from schedlab_algorithms.column_generation.master import Prices
from schedlab_algorithms.packing.arrays import Ints
from schedlab_algorithms.packing.work import Work

PATIENCE = 6
"""How many rounds in a row may find no pattern at random."""

MORE, MOST_PAIRS = 4, 1 << 22
"""How many times as much an exact search looks at after one in vain, and how much at most."""

EXACTLY = 0.5
"""Which part of the effort left may go into exact searches."""


def generate(work: Work, generation: Generation, nodes: Ints, most: int) -> None:
    """Add columns for at most ``most`` rounds, rounding now and then and in the end.

    They are sought at random until that finds none any more, then exactly.
    """
    if work.effort.is_over():
        return
    generation.begin(nodes)
    prices = _at_random(generation, nodes, most)
    with work.effort.within(EXACTLY):
        prices = _exactly(generation, nodes, prices)
    work.counters["columns"] = len(generation.master.patterns)
    if prices is not None:
        generation.finish(prices, nodes)
    work.optimal |= generation.proven


def _at_random(generation: Generation, nodes: Ints, most: int) -> Prices | None:
    """Seek columns at random until that finds none any more; return the last optimum."""
    prices, barren = generation.optimum(nodes), 0
    while prices is not None and not generation.over and barren < PATIENCE:
        if generation.rounds == most:
            break
        barren = 0 if generation.price(prices) else barren + 1
        prices = generation.optimum(nodes) or prices
    return prices


def _exactly(generation: Generation, nodes: Ints, prices: Prices | None) -> Prices | None:
    """Seek columns exactly until there are none, looking further the more it is in vain."""
    while prices is not None and not generation.over and generation.limit <= MOST_PAIRS:
        if generation.search(prices):
            prices = generation.optimum(nodes) or prices
        else:
            generation.limit *= MORE
    return prices
