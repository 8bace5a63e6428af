"""Required pod affinity in the model of a scope: pods only where others are that they seek."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from ortools.sat.python import cp_model

from schedlab_algorithms.cp_sat.model import PackingModel, Variables
from schedlab_algorithms.packing.affinity import Affinity, Live
from schedlab_algorithms.packing.arrays import Ints, Mask
from schedlab_algorithms.packing.sequence import Component

Codes = NDArray[np.int32]
Keys = list[tuple[int, int]]

Cell = tuple[int, ...]
"""A node's domains, one of each key."""


@dataclass(frozen=True)
class Seeking:
    """An affinity over a scope.

    Attributes
    ----------
    affinity : Affinity
    staying : int64, shape (k,)
        Nodes with owners that are not lifted.
    live : list of bool, shape (D + 1,), by key
        Domains with a pod that is meant, and that neither is lifted nor states the terms.
    first : dict of variables by cell
        Whether a pod there is the first of its kind.
    """

    affinity: Affinity
    staying: Ints
    live: Live
    first: dict[Cell, cp_model.IntVar]


def add_affinities(model: PackingModel, parts: Sequence[Component]) -> None:
    """Let pods only where their affinity is met, for terms that the scope touches.

    Whoever else states the same terms finds what they mean in its domains anyway, or goes
    where the first of its kind is: so only that one and pods that do not state the terms
    make a domain fit for the others.
    """
    inside = model.scope.signatures
    for affinity in (a for part in parts for a in part.affinities):
        if (affinity.owners | affinity.meant)[inside].any():
            _add(model, affinity)


def _add(model: PackingModel, affinity: Affinity) -> None:
    live = affinity.live(model.staying(affinity.meant & ~affinity.owners))
    first = _add_first(model, affinity) if affinity.may_begin else {}
    seeking = Seeking(affinity, model.staying(affinity.owners), live, first)
    for key in range(len(affinity.domain)):
        _add_key(model, seeking, key)


def _add_first(model: PackingModel, affinity: Affinity) -> dict[Cell, cp_model.IntVar]:
    """Add a variable for each cell in which the first of its kind may be, of which one is 1."""
    kin, begun = _kin_by_cell(model, affinity), affinity.first(model.incumbent.counts)
    stay = {_cell(affinity, n) for n in model.staying(affinity.kin).tolist()}
    now = _cell(affinity, begun[1]) if begun is not None else None
    first = {c: model.hinted.integer(0, 1, int(c == now)) for c in sorted(stay | kin.keys())}
    if first:
        model.at_most(list(first.values()), [1] * len(first), 1)
    for cell, variable in first.items():
        if cell not in stay:
            model.hinted.model.add(variable <= cp_model.LinearExpr.sum(kin[cell]))
    return first


def _kin_by_cell(model: PackingModel, affinity: Affinity) -> dict[Cell, Variables]:
    found: dict[Cell, Variables] = {}
    kin = affinity.kin[model.scope.signatures]
    for (i, j), variable in model.x.items():
        if kin[i]:
            found.setdefault(_cell(affinity, int(model.scope.nodes[j])), []).append(variable)
    return found


def _cell(affinity: Affinity, node: int) -> Cell:
    return tuple(affinity.domain[:, node].tolist())


def _add_key(model: PackingModel, seeking: Seeking, key: int) -> None:
    """Require of each domain that is not live and has owners that somebody makes it so."""
    affinity, domain = seeking.affinity, seeking.affinity.domain[key]
    held = set(domain[seeking.staying].tolist())
    owners = _by_domain(model, affinity.owners, domain)
    makers = _by_domain(model, affinity.meant & ~affinity.owners, domain)
    for code in sorted(held | owners.keys()):
        if seeking.live[key][code]:
            continue
        made = [model.x[k] for k in makers.get(code, [])]
        made += [v for cell, v in seeking.first.items() if cell[key] == code]
        if code in held:
            model.hinted.model.add(cp_model.LinearExpr.sum(made) >= 1)
        else:
            for own in owners[code]:
                most = int(model.room.most[own])
                model.at_most([model.x[own], *made], [1, *([-most] * len(made))], 0)


def _by_domain(model: PackingModel, signatures: Mask, domain: Codes) -> dict[int, Keys]:
    """Return the keys of the variables of some signatures, by the domain of the node."""
    inside, found = signatures[model.scope.signatures], dict[int, Keys]()
    for i, j in model.x:
        if inside[i] and domain[model.scope.nodes[j]] >= 0:
            found.setdefault(int(domain[model.scope.nodes[j]]), []).append((i, j))
    return found
