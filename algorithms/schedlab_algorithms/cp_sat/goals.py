"""The objectives of a scope, as sums over the variables of its model."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from ortools.sat.python import cp_model

from schedlab_algorithms.cp_sat.lexicographic import Objective
from schedlab_algorithms.cp_sat.model import PackingModel, complete
from schedlab_algorithms.packing.arrays import Ints
from schedlab_algorithms.packing.objectives import PARTS, shares_of_largest, shares_of_node

Goals = Iterator[Objective]

LOAD = 1000
"""The grain in which a pod's share of a node is weighed when a node is to be drained."""


def goals(model: PackingModel) -> list[Objective]:
    """Return what is maximised, in order: what the incumbent is judged by, then drained load.

    Variables that an objective needs are added to the model.
    """
    found = [goal for name in model.incumbent.objectives for goal in GOALS[name](model)]
    return [*found, *_minus_drained_load(model)]


def _placed_by_priority(model: PackingModel) -> Goals:
    tiers = model.incumbent.problem.tier[model.scope.signatures]
    for tier in np.unique(tiers[~complete(model)]).tolist():
        yield from _pods(model, (tiers == tier).astype(np.int64))


def _placed(model: PackingModel) -> Goals:
    yield from _pods(model, np.ones(len(model.scope.signatures), np.int64))


def _value(model: PackingModel) -> Goals:
    yield from _pods(model, model.incumbent.problem.value_weights[model.scope.signatures])


def _pods(model: PackingModel, weights: Ints) -> Goals:
    """Yield Σ weight x pods, unless all of them are placed and stay."""
    counted = np.flatnonzero((weights > 0) & ~complete(model)).tolist()
    terms = [(v, int(weights[i])) for i in counted for v in model.of_signature(i)]
    if terms:
        span = int(weights[counted] @ model.room.supply[counted])
        yield _sum(terms, span)


def _minus_nodes_used(model: PackingModel) -> Goals:
    if model.used:
        yield _sum([(v, -1) for v in model.used.values()], len(model.used))


def _minus_fragmentation(model: PackingModel) -> Goals:
    """Yield the pods' shares minus the room of the nodes in use."""
    taken, offered = shares_of_largest(model.incumbent.problem)
    of_pod, room = taken[model.scope.signatures].sum(axis=1), offered[model.scope.nodes].sum(axis=1)
    pods = [(v, int(of_pod[i])) for (i, _), v in model.x.items() if of_pod[i]]
    opened = [(v, -int(room[j])) for j, v in model.used.items() if room[j]]
    if pods or opened:
        yield _sum([*pods, *opened], 2 * int(room.sum()))


def _minus_imbalance(model: PackingModel) -> Goals:
    """Yield minus each node's difference between its most and its least used resource."""
    terms: list[tuple[cp_model.IntVar, int]] = []
    for j in range(len(model.scope.nodes)):
        loads, now = _loads(model, j)
        if len(loads) > 1:
            most = model.hinted.integer(0, PARTS, max(now))
            least = model.hinted.integer(0, PARTS, min(now))
            for load in loads:
                model.hinted.model.add(load <= most)
                model.hinted.model.add(load >= least)
            terms += [(most, -1), (least, 1)]
    if terms:
        yield _sum(terms, PARTS * len(terms) // 2)


def _loads(model: PackingModel, j: int) -> tuple[list[cp_model.LinearExpr], list[int]]:
    """Return which part of each resource of a node is used, as sums and as it is now."""
    node, incumbent = int(model.scope.nodes[j]), model.incumbent
    everyone = np.arange(len(incumbent.unplaced))
    share = shares_of_node(incumbent.problem, everyone, node)
    now = incumbent.counts[:, node] @ share
    positions, variables = model.on_node(j, range(len(model.scope.signatures)))
    own = share[model.scope.signatures[positions]]
    stay = now - model.room.placed[positions, j] @ own
    loads = [
        cp_model.LinearExpr.weighted_sum(variables, weights) + rest
        for weights, rest in zip(own.T.tolist(), stay.tolist(), strict=True)
    ]
    return loads, now.tolist()


def _minus_moves(model: PackingModel) -> Goals:
    """Yield minus the pods that ran before and leave their nodes."""
    home = model.incumbent.home
    if home is None:
        return
    at_home = home[np.ix_(model.scope.signatures, model.scope.nodes)]
    gone: list[tuple[cp_model.IntVar, int]] = []
    for i, j in [key for key in model.x if at_home[key]]:
        pods = int(at_home[i, j])
        left = model.hinted.integer(0, pods, max(pods - int(model.room.placed[i, j]), 0))
        model.hinted.model.add(left + model.x[i, j] >= pods)
        gone.append((left, -1))
    if gone:
        yield _sum(gone, int(at_home.sum()))


GOALS: dict[str, Callable[[PackingModel], Goals]] = {
    "placed-by-priority": _placed_by_priority,
    "placed": _placed,
    "value": _value,
    "nodes-used": _minus_nodes_used,
    "fragmentation": _minus_fragmentation,
    "balance": _minus_imbalance,
    "moves": _minus_moves,
}


def _minus_drained_load(model: PackingModel) -> Goals:
    shares = _shares(model)
    drained = [(i, j) for i, j in model.x if model.scope.drain[j] and shares[i, j]]
    if drained:
        span = int((model.room.most * shares)[:, model.scope.drain].sum())
        yield _sum([(model.x[key], -int(shares[key])) for key in drained], span)


def _shares(model: PackingModel) -> Ints:
    """Return each signature's largest share of each node's room, in 1/LOAD, shape (m, k)."""
    requests = model.incumbent.problem.requests[model.scope.signatures]
    return (LOAD * requests[:, None, :] // np.maximum(model.room.free, 1)).max(axis=2)


def _sum(terms: list[tuple[cp_model.IntVar, int]], span: int) -> Objective:
    return Objective([v for v, _ in terms], [weight for _, weight in terms], span)
