"""Fewer nodes: ejection chains, and patterns of what one node holds."""

from __future__ import annotations

import numpy as np

from schedlab_algorithms.minimum_nodes.nodes_as_bins import NodesAsBins, nodes_as_bins
from schedlab_algorithms.packing.arrays import Ints
from schedlab_algorithms.packing.ejection import ejector_of
from schedlab_algorithms.packing.work import Work
from schedlab_algorithms.patterns.columns import Generation
from schedlab_algorithms.patterns.diving import Bins, dive
from schedlab_algorithms.patterns.master import Master
from schedlab_algorithms.patterns.restricted import cover

PENALTY = 4.0
"""What a pod costs that no pattern serves; a node costs 1."""
NOISE = 0.2
"""How much chance plays in all dives but the first."""
WORK = 1 << 23
"""How many partial fillings the exact search may look at in one round, over all kinds."""
SHARE_OF_COVER = 0.1
"""Which part of the effort left set covering by CP-SAT may spend after a dive in vain."""
SHARE_OF_CHAINS = 0.25
"""Which part of the effort ejection chains may spend, before and after the patterns."""


def improve(work: Work, most_kinds: int, rounds: int, patience: int) -> None:
    """Place what waits, then empty nodes by chains, by patterns, and by chains again."""
    with work.effort.within(SHARE_OF_CHAINS):
        _eject(work)
    if not _is_least(work) and not work.effort.is_over():
        _by_patterns(work, most_kinds, rounds, patience)
    if not _is_least(work) and not work.effort.is_over():
        _eject(work)
    work.optimal = _is_least(work)


def _eject(work: Work) -> None:
    """Insert waiting pods, then empty nodes, by ejection chains."""
    ejector = ejector_of(work)
    with work.effort.within(0.5):
        ejector.insert_waiting(work.effort.left)
    ejector.empty_nodes(work.effort.left)
    work.counters["chains"] += ejector.gains
    work.note()


def _is_least(work: Work) -> bool:
    """Say whether everything is placed, on as few nodes as anybody could."""
    least = max(work.counters["nodes_bound"], work.certificate.fewest_nodes)
    if not work.incumbent.unplaced.any():
        work.counters["nodes_bound"] = least
    return not work.incumbent.unplaced.any() and work.incumbent.nodes_used <= least


def _by_patterns(work: Work, most_kinds: int, rounds: int, patience: int) -> None:
    """Generate patterns, and dive for whole nodes until ``patience`` dives found nothing."""
    bins = nodes_as_bins(work, most_kinds)
    if bins is None:
        return
    generation = _generation(work, bins)
    cost, vain, dives = bins.cost, 0, 0
    while vain < patience and not work.effort.exhausted() and generation.bound < cost:
        if not generation.settled:
            generation.settle(rounds)
            _note_bound(work, bins, generation.bound)
        found = dive(generation, cost, dives, NOISE if dives else 0.0)
        if found is None and generation.settled:
            found = cover(generation, cost, SHARE_OF_COVER * work.effort.left)
        dives, vain = dives + 1, vain + 1
        if found is not None:
            _put(work, bins, found)
            cost, vain = bins.cost, 0
    work.counters["dives"] += dives
    work.counters["patterns"] += len(generation.master.patterns)


def _generation(work: Work, bins: NodesAsBins) -> Generation:
    """Return column generation that knows what the nodes hold now."""
    master = Master(bins.problem, PENALTY)
    for node in _distinct(np.column_stack([bins.kind, bins.held])).tolist():
        if work.effort.is_over():
            break
        if bins.held[node].any():
            master.add(bins.held[node].copy(), int(bins.kind[node]))
    limit = max(WORK // len(bins.problem.bins), 1)
    generator = np.random.default_rng(work.effort.seed)
    return Generation(bins.problem, master, generator, work.effort, limit=limit)


def _distinct(table: Ints) -> Ints:
    """Return one of each distinct row of numbers from 0 on, in lexicographic order of the rows.

    As bytes, the highest first, they are compared many times as fast as by column.
    """
    rows = np.ascontiguousarray(table, ">u4").view(f"V{4 * table.shape[1]}").ravel()
    return np.unique(rows, return_index=True)[1]


def _note_bound(work: Work, bins: NodesAsBins, bound: int) -> None:
    """Remember how few nodes there could be, if the bound holds for every placement."""
    if bins.complete and not work.incumbent.unplaced.any():
        least = int(work.incumbent.problem.occupied.sum()) + bound
        work.counters["nodes_bound"] = max(work.counters["nodes_bound"], least)


def _put(work: Work, bins: NodesAsBins, found: Bins) -> None:
    """Put the pods of bins that cost less than what there is on nodes of their kinds."""
    bins.held[:] = 0
    rows = [iter(np.flatnonzero(bins.kind == kind)) for kind in range(len(bins.problem.bins))]
    for kind, pattern in found:
        bins.held[next(rows[kind])] = pattern
    work.incumbent.replace(bins.signatures, bins.nodes, bins.held.T.astype(np.int32), {})
    work.counters["improvements"] += 1
    work.note()
