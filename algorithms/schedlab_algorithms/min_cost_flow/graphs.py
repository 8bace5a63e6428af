"""The flow networks of Quincy (Isard et al., SOSP 2009) and Firmament (Gog et al., OSDI 2016).

Pods flow to the sink through a node, or past all of them: the unscheduled arc costs more
the higher the priority.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from schedlab_algorithms.min_cost_flow.flows import Arcs, cheapest_flow
from schedlab_algorithms.min_cost_flow.transport import Transport
from schedlab_algorithms.packing.arrays import Ints

Counts = NDArray[np.int32]


Solve = Callable[[Arcs, Ints], Ints | None]
"""Returns the cheapest flow on arcs (a,) with supplies by vertex, None if it was left."""


def by_classes(problem: Transport, solve: Solve = cheapest_flow) -> Counts | None:
    """Return the cheapest placement as pods by signature and node, (m, n), None if it was left.

    Nodes that are alike to every signature are one vertex, and pods alike another.  Which
    node of its class a pod goes to is a matter of counting slots.
    """
    kinds = np.where(problem.allowed, problem.cost, -1)
    values, kind = _distinct_columns(kinds)
    slots = np.bincount(kind, problem.slots, minlength=values.shape[1]).astype(np.int64)
    m, k = values.shape
    signature, group = np.nonzero(values >= 0)
    sink = m + k
    through = Arcs(
        signature,
        m + group,
        np.minimum(problem.supply[signature], slots[group]),
        values[signature, group],
    )
    arcs = Arcs.joined(through, _to_sink(m, slots, sink), _past(np.arange(m), problem, sink))
    supply = np.concatenate([problem.supply, np.zeros(k, np.int64), [-problem.supply.sum()]])
    found = solve(arcs, supply)
    if found is None:
        return None
    flow = np.zeros((m, k), np.int64)
    flow[signature, group] = found[: len(signature)]
    return _dealt(flow, kind, problem.slots)


def by_pods(problem: Transport, solve: Solve = cheapest_flow) -> Counts | None:
    """Return the same with a vertex for each pod and each node: much larger, no better.

    A pod reaches the nodes through its signature, as a task of Firmament's does through its
    equivalence class.  For comparison.
    """
    (m, n), pods = problem.allowed.shape, int(problem.supply.sum())
    of_pod = np.repeat(np.arange(m), problem.supply)
    sink, pod = m + n, m + n + 1 + np.arange(pods)
    signature, node = np.nonzero(problem.allowed)
    ones = np.ones(pods, np.int64)
    through = Arcs(
        signature,
        m + node,
        np.minimum(problem.supply[signature], problem.slots[node]),
        problem.cost[signature, node],
    )
    arcs = Arcs.joined(
        through,
        Arcs(pod, of_pod, ones, 0 * ones),
        Arcs(pod, np.full(pods, sink), ones, problem.penalties[of_pod]),
        _to_sink(m, problem.slots, sink),
    )
    supply = np.concatenate([np.zeros(m + n, np.int64), [-pods], ones])
    found = solve(arcs, supply)
    if found is None:
        return None
    counts = np.zeros((m, n), np.int32)
    counts[signature, node] = found[: len(signature)]
    return counts


def arcs_by_classes(problem: Transport) -> int:
    """Return how many arcs :func:`by_classes` makes, at most."""
    table = np.where(problem.allowed, problem.cost, -1)
    # Columns are told apart by a hash: quick, and it need not be exact.
    multipliers = np.random.default_rng(0).integers(1, 1 << 62, len(table)) | 1
    return (len(table) + 1) * len(np.unique(multipliers @ table)) + len(table)


def arcs_by_pods(problem: Transport) -> int:
    """Return how many arcs :func:`by_pods` makes."""
    return int(problem.allowed.sum() + 2 * problem.supply.sum() + len(problem.slots))


def _to_sink(first: int, slots: Ints, sink: int) -> Arcs:
    """Return an arc to the sink from each vertex that stands for slots."""
    vertices = first + np.arange(len(slots))
    return Arcs(vertices, np.full(len(slots), sink), slots, np.zeros(len(slots), np.int64))


def _past(vertices: Ints, problem: Transport, sink: int) -> Arcs:
    """Return the unscheduled arcs of the signatures."""
    return Arcs(vertices, np.full(len(vertices), sink), problem.supply, problem.penalties)


def _distinct_columns(table: Ints) -> tuple[Ints, Ints]:
    """Return the distinct columns of (m, n), ordered by first occurrence, and each one's number."""
    rows = np.ascontiguousarray(table.T)
    keys = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).reshape(-1)
    _, first, number = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return table[:, first[order]], place[number.reshape(-1)]


def _dealt(flow: Ints, kind: Ints, slots: Ints) -> Counts:
    """Deal the pods of each class (m, k) to its nodes, slot by slot in order of rows, (m, n)."""
    order = np.argsort(kind, kind="stable")
    node_of_slot = np.repeat(order, slots[order])
    offered = np.bincount(kind, slots, minlength=flow.shape[1]).astype(np.int64)
    first = np.cumsum(offered) - offered
    taken = flow.sum(axis=0)
    within = np.arange(taken.sum()) - np.repeat(np.cumsum(taken) - taken, taken)
    node = node_of_slot[np.repeat(first, taken) + within]
    signature = np.repeat(np.tile(np.arange(len(flow)), flow.shape[1]), flow.T.reshape(-1))
    pairs = np.bincount(signature * len(slots) + node, minlength=len(flow) * len(slots))
    return pairs.reshape(len(flow), len(slots)).astype(np.int32)
