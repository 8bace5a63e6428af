"""Packing a cluster anew, some nodes at a time, again and again."""

from __future__ import annotations

import time

import numpy as np

from schedlab_algorithms.filling.items import Items
from schedlab_algorithms.filling.repacking import Repacker
from schedlab_algorithms.packing.arrays import Ints
from schedlab_algorithms.packing.ejection import ejector_of
from schedlab_algorithms.packing.work import Work

KEPT = 0.3
"""Which part of the effort is kept for chains if what is no item waits."""

AMPLE = 1.5
"""How many times the longest step so far must be left on the clock for another one."""


def improve(work: Work, items: Items, nodes: int, patience: int) -> None:
    """Pack the items anew, then move single pods until pods that wait have room.

    Chains are for what is no item, such as pods with GPUs or anti-affinity: a part of the
    effort is kept for them if any of these waits.
    """
    with work.effort.within(part_for(work, items)):
        _pack(work, items, nodes, patience)
    if not work.optimal and not work.effort.exhausted():
        ejector = ejector_of(work)
        ejector.insert_waiting(work.effort.left)
        work.counters["chains"] += ejector.gains
        work.note()


def part_for(work: Work, items: Items) -> float:
    """Return which part of the effort packing the items may spend."""
    others = work.certificate.hopeful(work.incumbent) & work.unordered
    others[items.signatures] = False
    return 1 - KEPT if others.any() else 1.0


def _pack(work: Work, items: Items, nodes: int, patience: int) -> None:
    """Pack ``nodes`` nodes at a time anew, all of them once a round.

    Ends with the effort, a proof that nothing is better, or after ``patience`` rounds in a
    row that brought nothing.
    """
    generator = np.random.default_rng(work.effort.seed)
    repacker = Repacker(work, items, work.certificate.relaxation.group, generator)
    candidates, longest, stale = items.hosts(work.incumbent), 0.0, 0
    while stale < patience and len(items):
        stale += 1
        for part in _parts(generator.permutation(candidates), nodes):
            if work.effort.exhausted() or not work.effort.affords(AMPLE * longest):
                return
            work.optimal = work.optimal or work.certificate.proves_optimal(work.incumbent)
            if work.optimal:
                return
            began = time.perf_counter()
            if repacker.repack(np.sort(part)):
                stale = 0
                work.note()
            longest = max(longest, time.perf_counter() - began)


def _parts(nodes: Ints, size: int) -> list[Ints]:
    """Split nodes into parts of about ``size``."""
    return np.array_split(nodes, max(1, round(len(nodes) / size)))
