"""The CP-SAT model of one batch on its candidate nodes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from ortools.sat.python import cp_model

from schedlab_algorithms.batched_cp_sat.counter import Choice
from schedlab_algorithms.batched_cp_sat.scope import Candidates
from schedlab_algorithms.cp_sat.device_model import add_devices, masks_in
from schedlab_algorithms.cp_sat.exclusion_model import add_exclusions
from schedlab_algorithms.cp_sat.goals import goals
from schedlab_algorithms.cp_sat.lexicographic import Objective, solve_in_order
from schedlab_algorithms.cp_sat.model import PackingModel, counts_in, packing_model
from schedlab_algorithms.packing.arrays import Ints, Mask
from schedlab_algorithms.packing.effort import Effort
from schedlab_algorithms.packing.incumbent import Incumbent, Masks
from schedlab_algorithms.packing.scope import Scope, lift
from schedlab_algorithms.packing.solving import COST_OF_VARIABLE


def solve(
    incumbent: Incumbent, scope: Candidates, effort: Effort, share: float
) -> tuple[Ints, Masks]:
    """Return pods by signature and node of the scope, and the device masks of those with GPUs.

    Maximises the pods placed by priority, then what their nodes total; each pod that is on
    a node before another one of the batch lowers that by the node's slope.
    """
    signatures, nodes = (np.arange(n) for n in scope.allowed.shape)
    whole = Scope(signatures, nodes, np.zeros(len(nodes), np.bool_))
    model = packing_model(incumbent, whole, lift(incumbent, whole))
    devices = add_devices(model)
    add_exclusions(model)
    # With every node occupied, what else an incumbent is judged by adds nothing.
    wanted = [*goals(model), _worth(model, scope)]
    effort.charge(COST_OF_VARIABLE * len(model.hinted.variables))
    found = solve_in_order(model.hinted, wanted, effort, share)
    counts = counts_in(model, found.values).astype(np.int64)
    return counts, masks_in(model, devices, found.values)


def rows_and_devices(
    choice: tuple[Ints, Masks], scope: Candidates, batch: Ints, movable: Mask, tried: Choice
) -> tuple[Ints, Ints]:
    """Return the row and the devices of each pod of the batch, (b,) both.

    Pods that may not be moved keep theirs.
    """
    counts, masks = choice
    rows, devices = tried.rows.copy(), tried.devices.copy()
    for i, signature in enumerate(scope.signatures.tolist()):
        pods = np.flatnonzero(movable & (batch == signature))
        nodes = np.repeat(np.arange(len(scope.rows)), counts[i])
        held = [m for j in np.flatnonzero(counts[i]).tolist() for m in masks.get((i, j), [])]
        rows[pods], devices[pods] = -1, 0
        rows[pods[: len(nodes)]] = scope.rows[nodes]
        devices[pods[: len(held)]] = held
    return rows, devices


def _worth(model: PackingModel, scope: Candidates) -> Objective:
    terms = [(v, int(scope.gain[key])) for key, v in model.x.items() if scope.gain[key]]
    losses = list(_losses(model, scope))
    span = sum(w * int(model.room.most[key]) for key, w in _weights(model, scope))
    span += sum(-weight for _, weight in losses)
    every = [*terms, *losses]
    return Objective([v for v, _ in every], [weight for _, weight in every], span)


def _weights(model: PackingModel, scope: Candidates) -> Iterator[tuple[tuple[int, int], int]]:
    return ((key, int(scope.gain[key])) for key in model.x)


def _losses(model: PackingModel, scope: Candidates) -> Iterator[tuple[cp_model.IntVar, int]]:
    """Yield, for the second and each further pod on a node, whether it is there, and its loss."""
    for j, slope in enumerate(scope.slope.tolist()):
        there = [(i, v) for (i, n), v in model.x.items() if n == j]
        most = min(int(model.room.slots[j]), sum(int(model.room.most[i, j]) for i, _ in there))
        if slope and most > 1:
            now = int(model.room.placed[:, j].sum())
            further = [model.hinted.integer(0, 1, int(now > k)) for k in range(1, most)]
            pods = cp_model.LinearExpr.sum([v for _, v in there])
            model.hinted.model.add(pods <= 1 + cp_model.LinearExpr.sum(further))
            yield from ((v, -slope * (k + 1)) for k, v in enumerate(further))
