"""Which pods would have to go on each node (SelectVictimsOnNode), on all nodes at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab.api import PodView, WhatIf
from schedlab.engine import Handle
from schedlab_algorithms.kubernetes.default_preemption_budgets import breaking_budgets
from schedlab_algorithms.kubernetes.default_preemption_candidates import NOBODY, Candidates

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


def select_victims(pod: PodView, handle: Handle, rows: Ints) -> Candidates:
    """Return who would have to go on each of ``rows`` for the pod to fit there.

    All pods of lower priority are taken away; where the pod fits then, as many of them as
    possible are reprieved: first those that a PodDisruptionBudget protects, and the more
    important before the less important.
    """
    filters = handle.filters(pod)
    rows, numbers = _inferior(pod, handle, rows[filters.spec_accepts[rows]])
    numbers, protected = _in_turn(numbers, breaking_budgets(handle, numbers))
    nodes = _without_all(handle, rows, numbers)
    roomy = filters.accepts(nodes)
    if not roomy.all():
        rows, numbers, protected = rows[roomy], numbers[roomy], protected[roomy]
        nodes = _without_all(handle, rows, numbers)
    stays = _reprieve(pod, handle, nodes)
    return Candidates.of(handle, rows, np.where(stays, NOBODY, numbers), protected)


def _without_all(handle: Handle, rows: Ints, numbers: Ints) -> WhatIf:
    """Return the nodes with all of these pods taken away."""
    nodes = handle.what_if(rows, numbers)
    nodes.clear()
    return nodes


def _inferior(pod: PodView, handle: Handle, rows: Ints) -> tuple[Ints, Ints]:
    """Return the rows with pods of lower priority, and those, the most important first.

    Those of the pod's own gang are not among them: it is to run with them.
    """
    running = handle.running
    ranked = running.ranked(rows)
    if pod.spec.gang is not None:
        ranked = np.where(handle.mates(pod, ranked), NOBODY, ranked)
    lower = (ranked != NOBODY) & (running.priority(ranked) < pod.spec.priority)
    some = lower.any(axis=1)
    if not some.all():
        rows, ranked, lower = rows[some], ranked[some], lower[some]
    return rows, _from(lower.argmax(axis=1), ranked) if len(rows) else ranked


def _from(first: Ints, ranked: Ints) -> Ints:
    """Return each row from a position on: pods of lower priority come after all others."""
    if not first.any():
        return ranked
    at = first[:, None] + np.arange(ranked.shape[1] - int(first.min()))
    padded = np.pad(ranked, ((0, 0), (0, at.shape[1])), constant_values=NOBODY)
    return np.take_along_axis(padded, at, 1)


def _in_turn(numbers: Ints, protected: Mask) -> tuple[Ints, Mask]:
    """Put pods whose eviction would break a budget before the others of their node."""
    if not protected.any():
        return numbers, protected
    turn = np.argsort(np.where(numbers == NOBODY, 2, ~protected), axis=1, kind="stable")
    return np.take_along_axis(numbers, turn, 1), np.take_along_axis(protected, turn, 1)


def _reprieve(pod: PodView, handle: Handle, nodes: WhatIf) -> Mask:
    """Return which pods may stay, shape (n, K), when they come back one after the other."""
    filters = handle.filters(pod)
    for slot in range(nodes.really.shape[1]):
        there = nodes.really[:, slot]
        nodes.put(slot, there)
        nodes.put(slot, there & filters.accepts(nodes))
    return nodes.present
