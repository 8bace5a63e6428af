"""Packing a scope anew by CP-SAT, and keeping what is not worse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schedlab_algorithms.cp_sat.affinity_model import add_affinities
from schedlab_algorithms.cp_sat.device_model import add_devices, masks_in
from schedlab_algorithms.cp_sat.exclusion_model import add_exclusions
from schedlab_algorithms.cp_sat.gang_model import add_gangs
from schedlab_algorithms.cp_sat.goals import goals
from schedlab_algorithms.cp_sat.lexicographic import solve_in_order
from schedlab_algorithms.cp_sat.model import counts_in, packing_model
from schedlab_algorithms.cp_sat.spread_model import add_spread
from schedlab_algorithms.packing.incumbent import Masks
from schedlab_algorithms.packing.scope import Scope, lift
from schedlab_algorithms.packing.sequence import in_order
from schedlab_algorithms.packing.solving import COST_OF_VARIABLE, SECONDS_OF_VARIABLE
from schedlab_algorithms.packing.work import Work

Counts = NDArray[np.int32]


@dataclass(frozen=True)
class Round:
    """What came of a scope: whether it is better than before, and the best there is for it."""

    better: bool
    optimal: bool


def repacked(work: Work, scope: Scope, share: float) -> Round | None:
    """Pack a scope anew unless that is worse, within ``share`` deterministic seconds.

    None where there is no time to build its model.
    """
    room = lift(work.incumbent, scope)
    if not work.effort.affords(SECONDS_OF_VARIABLE * np.count_nonzero(room.most)):
        return None
    model = packing_model(work.incumbent, scope, room)
    devices = add_devices(model)
    add_spread(model, work.parts)
    add_exclusions(model)
    add_affinities(model, work.parts)
    add_gangs(model, work.gangs)
    wanted = goals(model)
    work.effort.charge(COST_OF_VARIABLE * len(model.hinted.variables))
    found = solve_in_order(model.hinted, wanted, work.effort, share)
    counts, masks = counts_in(model, found.values), masks_in(model, devices, found.values)
    kept, better = _exchange(work, scope, room.placed, counts, masks)
    return Round(better, kept and found.optimal)


def _exchange(
    work: Work, scope: Scope, placed: Counts, counts: Counts, masks: Masks
) -> tuple[bool, bool]:
    """Put ``counts`` in place of ``placed`` if that is not worse and can be sequenced.

    Says whether they were kept, and whether they are better.
    """
    incumbent, signatures, nodes = work.incumbent, scope.signatures, scope.nodes
    before, held = incumbent.value_on(nodes), incumbent.masks_of(signatures, nodes)
    incumbent.replace(signatures, nodes, counts, masks)
    changed = signatures[(counts != placed).any(axis=1)]
    after = incumbent.value_on(nodes)
    kept = after >= before and in_order(work.parts, incumbent.counts, changed)
    if not kept:
        incumbent.replace(signatures, nodes, placed, held)
    return kept, kept and after > before
