"""The exact CP-SAT model of a scope: how many pods of each signature go on each node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from ortools.sat.python import cp_model

from schedlab_algorithms.cp_sat.lexicographic import HintedModel
from schedlab_algorithms.packing.arrays import Ints, Mask
from schedlab_algorithms.packing.incumbent import Incumbent
from schedlab_algorithms.packing.scope import Room, Scope

Variables = list[cp_model.IntVar]


@dataclass(frozen=True)
class PackingModel:
    """A scope's variables; position i is the scope's i-th signature, j its j-th node.

    ``x[i, j]`` counts pods; there is none where the signature cannot go.  ``used[j]`` is 1
    where a node that could stay empty holds a pod.
    """

    incumbent: Incumbent
    scope: Scope
    room: Room
    hinted: HintedModel = field(default_factory=HintedModel)
    x: dict[tuple[int, int], cp_model.IntVar] = field(default_factory=dict)
    used: dict[int, cp_model.IntVar] = field(default_factory=dict)

    def on_node(self, j: int, among: Sequence[int]) -> tuple[list[int], Variables]:
        """Return which of the positions ``among`` can go on node j, and their variables."""
        there = [i for i in among if (i, j) in self.x]
        return there, [self.x[i, j] for i in there]

    def of_signature(self, i: int) -> Variables:
        """Return the variables of one signature over the nodes."""
        return [self.x[i, j] for j in range(len(self.scope.nodes)) if (i, j) in self.x]

    def staying(self, signatures: Mask) -> Ints:
        """Return the nodes with pods of some signatures (bool, shape (S,)) that are not lifted."""
        held = self.incumbent.counts[signatures].sum(axis=0, dtype=np.int64)
        lifted = self.room.placed[signatures[self.scope.signatures]]
        held[self.scope.nodes] -= lifted.sum(axis=0)
        return np.flatnonzero(held)

    def at_most(self, variables: Variables, weights: list[int], limit: int) -> None:
        """Require Σ weight x variable <= limit."""
        self.hinted.model.add(cp_model.LinearExpr.weighted_sum(variables, weights) <= limit)


def packing_model(incumbent: Incumbent, scope: Scope, room: Room) -> PackingModel:
    """Build variables, supply, capacity and pod counts (devices and spread come on top)."""
    model = PackingModel(incumbent, scope, room)
    for i, j in np.argwhere(room.most > 0).tolist():
        model.x[i, j] = model.hinted.integer(0, int(room.most[i, j]), int(room.placed[i, j]))
    for j in np.flatnonzero(room.opens).tolist():
        model.used[j] = model.hinted.integer(0, 1, int(room.placed[:, j].any()))
    _add_supply(model)
    for j in range(len(scope.nodes)):
        _add_node(model, j)
    return model


def counts_in(model: PackingModel, values: Sequence[int]) -> NDArray[np.int32]:
    """Return a solution's pods by signature and node of the scope, shape (m, k)."""
    counts = np.zeros_like(model.room.placed)
    for (i, j), variable in model.x.items():
        counts[i, j] = values[variable.index]
    return counts


def _add_supply(model: PackingModel) -> None:
    placed = complete(model)
    for i, supply in enumerate(model.room.supply.tolist()):
        row = model.of_signature(i)
        if placed[i]:
            model.hinted.model.add(cp_model.LinearExpr.sum(row) == supply)
        elif model.room.most[i].sum() > supply:
            model.at_most(row, [1] * len(row), supply)


def complete(model: PackingModel) -> Mask:
    """Say of which signatures all pods are placed and must stay so, shape (m,).

    All where nobody waits.  By priority, those of tiers above the highest that waits.
    """
    tiers = model.incumbent.problem.tier[model.scope.signatures]
    waiting = model.incumbent.unplaced[model.scope.signatures] > 0
    if waiting.any() and model.incumbent.objectives[0] != "placed-by-priority":
        return np.zeros(len(tiers), np.bool_)
    return tiers < tiers[waiting].min(initial=np.iinfo(np.int64).max)


def _add_node(model: PackingModel, j: int) -> None:
    positions, variables = model.on_node(j, range(len(model.scope.signatures)))
    if not positions:
        return
    requests = model.incumbent.problem.requests[model.scope.signatures[positions]]
    table = np.column_stack([requests, np.ones(len(positions), np.int64)])
    limits = [*model.room.free[j].tolist(), int(model.room.slots[j])]
    most = model.room.most[positions, j]
    for weights, limit in zip(table.T, limits, strict=True):
        demand = int(weights @ most)
        if demand > limit or (j in model.used and demand):
            _add_resource(model, j, variables, weights, min(limit, demand))


def _add_resource(
    model: PackingModel, j: int, variables: Variables, weights: Ints, limit: int
) -> None:
    """Bound what is taken of one resource; an unused node offers nothing."""
    grain = int(np.gcd.reduce(weights))
    coefficients, limit = (weights // grain).tolist(), limit // grain
    if j in model.used:
        model.at_most([*variables, model.used[j]], [*coefficients, -limit], 0)
    else:
        model.at_most(variables, coefficients, limit)
