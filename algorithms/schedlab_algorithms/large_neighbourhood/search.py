"""Large-neighbourhood search: free a few nodes, pack them exactly, keep what is not worse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schedlab_algorithms.cp_sat.device_model import add_devices, masks_in
from schedlab_algorithms.cp_sat.goals import goals
from schedlab_algorithms.cp_sat.lexicographic import solve_in_order
from schedlab_algorithms.cp_sat.model import counts_in, packing_model
from schedlab_algorithms.cp_sat.spread_model import add_spread
from schedlab_algorithms.large_neighbourhood.neighbourhoods import Chooser
from schedlab_algorithms.packing.ejection import Ejector
from schedlab_algorithms.packing.incumbent import Masks
from schedlab_algorithms.packing.scope import Scope, lift
from schedlab_algorithms.packing.sequence import in_order
from schedlab_algorithms.packing.sharing import sharing
from schedlab_algorithms.packing.work import Work

Counts = NDArray[np.int32]

COST_OF_VARIABLE = 2e-5
"""Deterministic seconds charged for building a variable, which CP-SAT does not count."""

SECONDS_OF_VARIABLE = 5e-5
"""Wall-clock time that must be left for building a variable."""

SHARE_OF_CHAINS = 0.8
"""Which part of what is left chains may spend before large pods are traded for small ones."""

STALE = 20
"""After how many rounds in a row that brought nothing waiting pods are inserted again."""

REVIVAL = 6
"""How many rounds' effort that may take."""


@dataclass(eq=False)
class Search:
    """Improves the incumbent of ``work`` round by round; ``stale`` ones brought nothing."""

    work: Work
    stale: int = 0

    @property
    def pairs(self) -> int:
        """The size of the whole: pairs of movable signature and eligible node."""
        return int(self.work.incumbent.problem.eligible[self.work.movable].sum())

    def pack_whole(self) -> None:
        """Pack all movable pods at once."""
        work = self.work
        nodes = np.arange(len(work.incumbent.slots))
        scope = Scope(np.flatnonzero(work.movable), nodes, np.zeros(len(nodes), np.bool_))
        independent = all(s.matches.sum() <= 1 for part in work.parts for s in part.spreads)
        proven = self.repack(scope, work.effort.left) and independent
        work.optimal = proven and bool(work.movable.all())

    def eject(self) -> None:
        """Insert waiting pods by ejection chains, then empty nodes, each in half of the effort."""
        work, ejector = self.work, self._ejector()
        with work.effort.within(0.5):
            while self._insert(ejector):
                work.note()
        with work.effort.within(0.5):
            ejector.empty_nodes(work.effort.left)
        work.counters["chains"] += ejector.gains
        work.note()

    def _ejector(self) -> Ejector:
        work = self.work
        return Ejector(work.incumbent, work.certificate, work.loose, work.effort)

    def _insert(self, ejector: Ejector) -> bool:
        """Insert waiting pods with all effort; say whether to do so again may bring more.

        If pods wait for GPUs, devices are made whole for them first, unless that makes
        objectives other than the first worse and nothing is inserted.
        """
        work, incumbent, effort = self.work, self.work.incumbent, self.work.effort
        before, value = incumbent.copy(), incumbent.value
        for_gpus = incumbent.problem.gpu_count[work.certificate.hopeful(incumbent)].any()
        if for_gpus:
            work.counters["shares_moved"] += sharing(incumbent, work.loose, effort).tighten()
        with effort.within(SHARE_OF_CHAINS):
            ejector.insert_waiting(effort.left)
        ejector.trade(effort.left)
        if incumbent.value < value:
            incumbent.restore(before)
        return bool(for_gpus) and incumbent.value > value and not effort.exhausted()

    def run(self, chooser: Chooser, share: float, patience: int) -> None:
        """Repack scopes until the effort is spent or ``patience`` rounds bring nothing.

        A round may spend ``share`` deterministic seconds.
        """
        work, effort = self.work, self.work.effort
        while not work.optimal and self.stale < patience:
            if effort.exhausted():
                return
            work.optimal = work.certificate.proves_optimal(work.incumbent)
            scope = None if work.optimal else chooser.choose()
            if scope is None:
                work.exhausted = not work.optimal
                return
            chooser.adapt(self.repack(scope, share))
            if self.stale and self.stale % STALE == 0:
                self._revive(share)

    def _revive(self, share: float) -> None:
        """Insert waiting pods into what the rounds have made of the placement."""
        value, effort = self.work.incumbent.value, self.work.effort
        if effort.exhausted():
            return
        with effort.within(min(REVIVAL * share / effort.left, 1.0)):
            self._insert(self._ejector())
        if self.work.incumbent.value > value:
            self.stale = 0
            self.work.note()

    def repack(self, scope: Scope, share: float) -> bool:
        """Pack a scope anew unless that is worse; say whether it was solved to the optimum."""
        work = self.work
        room = lift(work.incumbent, scope)
        if not work.effort.affords(SECONDS_OF_VARIABLE * np.count_nonzero(room.most)):
            return False
        model = packing_model(work.incumbent, scope, room)
        devices = add_devices(model)
        add_spread(model, work.parts)
        wanted = goals(model)
        work.effort.charge(COST_OF_VARIABLE * len(model.hinted.variables))
        found = solve_in_order(model.hinted, wanted, work.effort, share)
        counts, masks = counts_in(model, found.values), masks_in(model, devices, found.values)
        return self._exchange(scope, room.placed, counts, masks) and found.optimal

    def _exchange(self, scope: Scope, placed: Counts, counts: Counts, masks: Masks) -> bool:
        """Put ``counts`` in place of ``placed`` if that is not worse and can be sequenced."""
        incumbent, signatures, nodes = self.work.incumbent, scope.signatures, scope.nodes
        before, held = incumbent.value_on(nodes), incumbent.masks_of(signatures, nodes)
        incumbent.replace(signatures, nodes, counts, masks)
        changed = signatures[(counts != placed).any(axis=1)]
        after = incumbent.value_on(nodes)
        keep = after >= before and in_order(self.work.parts, incumbent.counts, changed)
        if not keep:
            incumbent.replace(signatures, nodes, placed, held)
        self._note(keep and after > before)
        return keep

    def _note(self, improved: bool) -> None:
        self.work.counters["rounds"] += 1
        self.work.counters["improvements"] += improved
        self.stale = 0 if improved else self.stale + 1
        if improved:
            self.work.note()
