"""Large-neighbourhood search: free a few nodes, pack them exactly, keep what is not worse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schedlab_algorithms.cp_sat_packing.arrays import Mask
from schedlab_algorithms.cp_sat_packing.certificate import Certificate
from schedlab_algorithms.cp_sat_packing.device_model import add_devices, masks_in
from schedlab_algorithms.cp_sat_packing.effort import Effort
from schedlab_algorithms.cp_sat_packing.ejection import Ejector
from schedlab_algorithms.cp_sat_packing.incumbent import Incumbent, Masks
from schedlab_algorithms.cp_sat_packing.lexicographic import solve_in_order
from schedlab_algorithms.cp_sat_packing.model import counts_in, objectives, packing_model
from schedlab_algorithms.cp_sat_packing.neighbourhoods import Chooser
from schedlab_algorithms.cp_sat_packing.scope import Scope, lift
from schedlab_algorithms.cp_sat_packing.sequence import Component, in_order
from schedlab_algorithms.cp_sat_packing.spread_model import add_spread

Counts = NDArray[np.int32]

COST_OF_VARIABLE = 2e-5
"""Deterministic seconds charged for building a variable, which CP-SAT does not count."""


@dataclass(eq=False)
class Search:
    """Improves ``incumbent`` round by round.

    Attributes
    ----------
    movable : bool, shape (S,)
        Signatures that may be moved; ``parts`` are their spread constraints.
    chains : int
        Ejection chains that were kept.
    stale : int
        Rounds since the last improvement.
    exhausted : bool
        Whether no scope was left to try.
    optimal : bool
        Whether the incumbent is proven to be the best of all placements.
    """

    incumbent: Incumbent
    certificate: Certificate
    movable: Mask
    parts: Sequence[Component]
    effort: Effort
    chains: int = 0
    rounds: int = 0
    improvements: int = 0
    stale: int = 0
    exhausted: bool = False
    optimal: bool = False

    @property
    def pairs(self) -> int:
        """The size of the whole: pairs of movable signature and eligible node."""
        return int(self.incumbent.problem.eligible[self.movable].sum())

    def pack_whole(self, share: float) -> None:
        """Pack all movable pods at once, spending at most ``share`` deterministic seconds."""
        nodes = np.arange(len(self.incumbent.slots))
        scope = Scope(np.flatnonzero(self.movable), nodes, np.zeros(len(nodes), np.bool_))
        independent = all(s.matches.sum() <= 1 for part in self.parts for s in part.spreads)
        self.optimal = self.repack(scope, share) and independent and bool(self.movable.all())

    def eject(self, share: float) -> None:
        """Run ejection chains, of which each kind may spend ``share`` deterministic seconds."""
        loose = self.movable.copy()
        for part in self.parts:
            loose[part.members] = False
        ejector = Ejector(self.incumbent, self.certificate, loose, self.effort)
        ejector.insert_waiting(share)
        ejector.empty_nodes(share)
        self.chains += ejector.gains

    def run(self, chooser: Chooser, share: float, patience: int, reserve: float = 0.0) -> None:
        """Repack scopes until the effort is spent or ``patience`` rounds bring nothing.

        A round may spend ``share`` deterministic seconds; ``reserve`` are not touched.
        """
        while self.stale < patience and self.effort.left > reserve and not self.effort.exhausted():
            if self.certificate.proves_optimal(self.incumbent):
                self.optimal = True
                return
            scope = chooser.choose()
            if scope is None:
                self.exhausted = True
                return
            chooser.adapt(self.repack(scope, share))

    def repack(self, scope: Scope, share: float) -> bool:
        """Pack a scope anew unless that is worse; say whether it was solved to the optimum."""
        room = lift(self.incumbent, scope)
        model = packing_model(self.incumbent, scope, room)
        devices = add_devices(model)
        add_spread(model, self.parts)
        self.effort.charge(COST_OF_VARIABLE * len(model.hinted.variables))
        found = solve_in_order(model.hinted, objectives(model), self.effort, share)
        counts, masks = counts_in(model, found.values), masks_in(model, devices, found.values)
        return self._exchange(scope, room.placed, counts, masks) and found.optimal

    def _exchange(self, scope: Scope, placed: Counts, counts: Counts, masks: Masks) -> bool:
        """Put ``counts`` in place of ``placed`` if that is not worse and can be sequenced."""
        incumbent, signatures, nodes = self.incumbent, scope.signatures, scope.nodes
        before, held = incumbent.value, incumbent.masks_of(signatures, nodes)
        incumbent.replace(signatures, nodes, counts, masks)
        changed = signatures[(counts != placed).any(axis=1)]
        keep = incumbent.value >= before and in_order(self.parts, incumbent.counts, changed)
        if not keep:
            incumbent.replace(signatures, nodes, placed, held)
        self._note(incumbent.value > before)
        return keep

    def _note(self, improved: bool) -> None:
        self.rounds += 1
        self.improvements += improved
        self.stale = 0 if improved else self.stale + 1
