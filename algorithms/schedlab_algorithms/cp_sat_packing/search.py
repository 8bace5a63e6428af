"""Large-neighbourhood search: free a few nodes, pack them exactly, keep what is not worse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schedlab_algorithms.cp_sat_packing.device_model import add_devices, masks_in
from schedlab_algorithms.cp_sat_packing.lexicographic import solve_in_order
from schedlab_algorithms.cp_sat_packing.model import counts_in, objectives, packing_model
from schedlab_algorithms.cp_sat_packing.neighbourhoods import Chooser
from schedlab_algorithms.cp_sat_packing.spread_model import add_spread
from schedlab_algorithms.packing.ejection import Ejector
from schedlab_algorithms.packing.incumbent import Masks
from schedlab_algorithms.packing.scope import Scope, lift
from schedlab_algorithms.packing.sequence import in_order
from schedlab_algorithms.packing.work import Work

Counts = NDArray[np.int32]

COST_OF_VARIABLE = 2e-5
"""Deterministic seconds charged for building a variable, which CP-SAT does not count."""


@dataclass(eq=False)
class Search:
    """Improves the incumbent of ``work`` round by round; ``stale`` ones brought nothing."""

    work: Work
    stale: int = 0

    @property
    def pairs(self) -> int:
        """The size of the whole: pairs of movable signature and eligible node."""
        return int(self.work.incumbent.problem.eligible[self.work.movable].sum())

    def pack_whole(self, share: float) -> None:
        """Pack all movable pods at once, spending at most ``share`` deterministic seconds."""
        work = self.work
        nodes = np.arange(len(work.incumbent.slots))
        scope = Scope(np.flatnonzero(work.movable), nodes, np.zeros(len(nodes), np.bool_))
        independent = all(s.matches.sum() <= 1 for part in work.parts for s in part.spreads)
        work.optimal = self.repack(scope, share) and independent and bool(work.movable.all())

    def eject(self, share: float) -> None:
        """Run ejection chains, of which each kind may spend ``share`` deterministic seconds."""
        work = self.work
        ejector = Ejector(work.incumbent, work.certificate, work.loose, work.effort)
        ejector.insert_waiting(share)
        ejector.empty_nodes(share)
        work.counters["chains"] += ejector.gains
        work.note()

    def run(self, chooser: Chooser, share: float, patience: int, reserve: float = 0.0) -> None:
        """Repack scopes until the effort is spent or ``patience`` rounds bring nothing.

        A round may spend ``share`` deterministic seconds; ``reserve`` are not touched.
        """
        work, effort = self.work, self.work.effort
        while self.stale < patience and effort.left > reserve and not effort.exhausted():
            if work.certificate.proves_optimal(work.incumbent):
                work.optimal = True
                return
            scope = chooser.choose()
            if scope is None:
                work.exhausted = True
                return
            chooser.adapt(self.repack(scope, share))

    def repack(self, scope: Scope, share: float) -> bool:
        """Pack a scope anew unless that is worse; say whether it was solved to the optimum."""
        work = self.work
        room = lift(work.incumbent, scope)
        model = packing_model(work.incumbent, scope, room)
        devices = add_devices(model)
        add_spread(model, work.parts)
        work.effort.charge(COST_OF_VARIABLE * len(model.hinted.variables))
        found = solve_in_order(model.hinted, objectives(model), work.effort, share)
        counts, masks = counts_in(model, found.values), masks_in(model, devices, found.values)
        return self._exchange(scope, room.placed, counts, masks) and found.optimal

    def _exchange(self, scope: Scope, placed: Counts, counts: Counts, masks: Masks) -> bool:
        """Put ``counts`` in place of ``placed`` if that is not worse and can be sequenced."""
        incumbent, signatures, nodes = self.work.incumbent, scope.signatures, scope.nodes
        before, held = incumbent.value, incumbent.masks_of(signatures, nodes)
        incumbent.replace(signatures, nodes, counts, masks)
        changed = signatures[(counts != placed).any(axis=1)]
        keep = incumbent.value >= before and in_order(self.work.parts, incumbent.counts, changed)
        if not keep:
            incumbent.replace(signatures, nodes, placed, held)
        self._note(incumbent.value > before)
        return keep

    def _note(self, improved: bool) -> None:
        self.work.counters["rounds"] += 1
        self.work.counters["improvements"] += improved
        self.stale = 0 if improved else self.stale + 1
        if improved:
            self.work.note()
