"""Anti-affinity and host ports in the model of a scope: who may not share a topology domain."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ortools.sat.python import cp_model

from schedlab.engine import Exclusion
from schedlab_algorithms.cp_sat.model import PackingModel
from schedlab_algorithms.packing.arrays import Ints, Mask

Keys = list[tuple[int, int]]
"""Positions of a signature and a node in the scope, for which there is a variable."""

Presences = dict[tuple[tuple[int, int], ...], cp_model.IntVar]
"""Whether any of some variables is above 0."""


def add_exclusions(model: PackingModel) -> None:
    """Keep pods apart that may not share a domain, also from those that are not lifted."""
    presences: Presences = {}
    for exclusion in model.incumbent.exclusions:
        if exclusion.members[model.scope.signatures].any():
            _add(model, exclusion, presences)


def _add(model: PackingModel, exclusion: Exclusion, presences: Presences) -> None:
    domain = exclusion.domain[model.scope.nodes]
    stay = [set(exclusion.domain[model.staying(s)].tolist()) for s in exclusion.sides]
    for code in np.unique(domain[domain >= 0]).tolist():
        nodes = np.flatnonzero(domain == code)
        sides = [_keys(model, side, nodes) for side in exclusion.sides]
        there = [code in held for held in stay]
        if any(there):
            _close(model, sides, there)
        else:
            _keep_apart(model, sides, presences)


def _keys(model: PackingModel, side: Mask, nodes: Ints) -> Keys:
    inside = np.flatnonzero(side[model.scope.signatures]).tolist()
    return [(i, j) for i in inside for j in nodes.tolist() if (i, j) in model.x]


def _close(model: PackingModel, sides: Sequence[Keys], there: Sequence[bool]) -> None:
    """Let nobody in but further pods of a side that is there and may be many."""
    for number, keys in enumerate(sides):
        if there[0] or not there[number]:
            for key in keys:
                model.hinted.model.add(model.x[key] == 0)


def _keep_apart(model: PackingModel, sides: Sequence[Keys], presences: Presences) -> None:
    """Let in one single pod, or pods of one other side."""
    single, *others = sides
    terms = [model.x[key] for key in single]
    terms += [_presence(model, side, presences) for side in others if side]
    if len(terms) > 1 or any(model.room.most[key] > 1 for key in single):
        model.at_most(terms, [1] * len(terms), 1)


def _presence(model: PackingModel, side: Keys, presences: Presences) -> cp_model.IntVar:
    """Return a variable that is 1 if any pod of a side is there."""
    name = tuple(side)
    if len(side) == 1 and model.room.most[side[0]] == 1:
        return model.x[side[0]]
    if name not in presences:
        hint = int(any(model.room.placed[key] for key in side))
        presences[name] = model.hinted.integer(0, 1, hint)
        for key in side:
            model.at_most([model.x[key], presences[name]], [1, -int(model.room.most[key])], 0)
    return presences[name]
