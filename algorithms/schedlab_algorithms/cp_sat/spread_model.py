"""Topology spread in the model of a scope: bounds on the final skews."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from schedlab_algorithms.cp_sat.model import PackingModel, Variables
from schedlab_algorithms.packing.arrays import Ints, Mask
from schedlab_algorithms.packing.sequence import Component
from schedlab_algorithms.packing.spread import Spread

Linear = cp_model.LinearExpr | cp_model.IntVar | int


@dataclass(frozen=True)
class Tally:
    """Matching pods by domain: now, of those not lifted, and the variables that add to them."""

    now: Ints
    remaining: Ints
    added: dict[int, Variables]

    def final(self, domain: int) -> Linear:
        """Return a domain's count after the move."""
        return cp_model.LinearExpr.sum(self.added[domain]) + int(self.remaining[domain])


def add_spread(model: PackingModel, parts: Sequence[Component]) -> None:
    """Bound the final skew wherever the owner has a pod, for constraints the scope touches."""
    inside = model.scope.signatures
    for spread in (s for part in parts for s in part.spreads):
        if spread.matches[inside].any() or spread.owner in inside:
            _add(model, spread)


def _add(model: PackingModel, spread: Spread) -> None:
    tally = _tally(model, spread)
    owned = spread.owned(_remaining(model, spread)) & spread.registered
    lowest = _add_lowest(model, spread, tally, owned)
    for domain in tally.added:
        if owned[domain]:
            model.hinted.model.add(tally.final(domain) <= lowest + spread.max_skew)
        elif spread.registered[domain]:
            _add_where_owned(model, spread, domain, tally.final(domain), lowest)


def _tally(model: PackingModel, spread: Spread) -> Tally:
    now = spread.counts(model.incumbent.counts)
    remaining, added = now.copy(), dict[int, Variables]()
    counted = spread.counted[model.scope.nodes]
    matches = spread.matches[model.scope.signatures]
    for (i, j), variable in model.x.items():
        if counted[j] and matches[i]:
            domain = int(spread.domain[model.scope.nodes[j]])
            added.setdefault(domain, []).append(variable)
            remaining[domain] -= model.room.placed[i, j]
    return Tally(now, remaining, added)


def _remaining(model: PackingModel, spread: Spread) -> Mask:
    """Say on which nodes the owner has pods that are not lifted, shape (N,)."""
    remaining = model.incumbent.counts[spread.owner] > 0
    if spread.owner in model.scope.signatures:
        remaining[model.scope.nodes] = False
    return remaining


def _add_lowest(model: PackingModel, spread: Spread, tally: Tally, owned: Mask) -> Linear:
    """Add a variable that is at most the global minimum after the move."""
    if spread.lowest_is_zero:
        return 0
    untouched = spread.registered.copy()
    untouched[list(tally.added)] = False
    ceiling = int(tally.now.max(initial=0) + model.room.supply.sum())
    most = int(tally.remaining[untouched].min(initial=ceiling))
    least = int(tally.remaining[untouched & owned].max(initial=0)) - spread.max_skew
    lowest = model.hinted.integer(max(least, 0), most, spread.lowest(tally.now))
    for domain in tally.added:
        if spread.registered[domain]:
            model.hinted.model.add(lowest <= tally.final(domain))
    return lowest


def _add_where_owned(
    model: PackingModel, spread: Spread, domain: int, final: Linear, lowest: Linear
) -> None:
    """Bound the skew of a domain if a pod of the owner is put there."""
    nodes = np.flatnonzero(spread.domain[model.scope.nodes] == domain)
    owner = np.flatnonzero(model.scope.signatures == spread.owner)
    pods = [model.x[i, j] for i in owner.tolist() for j in nodes.tolist() if (i, j) in model.x]
    if not pods:
        return
    hint = int(model.room.placed[np.ix_(owner, nodes)].any())
    owned = model.hinted.integer(0, 1, hint)
    model.at_most([*pods, owned], [*([1] * len(pods)), -int(model.room.supply[owner].sum())], 0)
    model.hinted.model.add(final <= lowest + spread.max_skew).only_enforce_if(owned)
