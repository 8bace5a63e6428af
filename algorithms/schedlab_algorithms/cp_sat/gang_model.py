"""Gangs in the model of a scope: enough of their pods, or none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ortools.sat.python import cp_model

from schedlab_algorithms.cp_sat.model import PackingModel
from schedlab_algorithms.packing.gangs import GangRule


def add_gangs(model: PackingModel, gangs: Sequence[GangRule]) -> None:
    """Place gangs that the scope touches whole, with those of their pods that are not lifted."""
    for gang in gangs:
        inside = np.flatnonzero(gang.members[model.scope.signatures])
        if len(inside):
            _add(model, gang, inside.tolist())


def _add(model: PackingModel, gang: GangRule, inside: Sequence[int]) -> None:
    placed = int(model.incumbent.placed()[gang.members].sum())
    lifted = int(model.room.placed[list(inside)].sum())
    needed = gang.least - (placed - lifted)
    if needed <= 0:
        return
    most = int(model.room.supply[list(inside)].sum())
    # A number that nobody can reach is one more than all there are; any higher may overflow.
    needed = min(needed, most + 1)
    together = model.hinted.integer(int(placed > lifted), 1, int(placed > 0))
    pods = [v for i in inside for v in model.of_signature(i)]
    model.at_most([*pods, together], [*([1] * len(pods)), -most], 0)
    model.hinted.model.add(cp_model.LinearExpr.sum(pods) >= needed * together)
