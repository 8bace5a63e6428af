"""Large-neighbourhood search: free a few nodes, pack them exactly, keep what is not worse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from schedlab.engine import share_worths
from schedlab_algorithms.large_neighbourhood.cutting import Worths
from schedlab_algorithms.large_neighbourhood.neighbourhoods import Chooser
from schedlab_algorithms.large_neighbourhood.recutting import recut
from schedlab_algorithms.large_neighbourhood.repacking import repacked
from schedlab_algorithms.packing.ejection import ejector_of
from schedlab_algorithms.packing.scope import Scope
from schedlab_algorithms.packing.sharing import sharing
from schedlab_algorithms.packing.work import Work

SHARE_OF_CHAINS = 0.8
"""Which part of what is left chains may spend before large pods are traded for small ones."""

PASSES = 3
"""How often GPUs are made whole and waiting pods inserted before nodes are repacked."""

STALE = 20
"""After how many rounds in a row that brought nothing waiting pods are inserted again."""

REVIVAL = 12
"""How many rounds' effort that may take."""

RECUT = 1.0
"""Deterministic seconds in which shares of GPUs are dealt anew."""


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
        """Make GPUs whole and insert waiting pods, then empty nodes, each in half of the effort."""
        work = self.work
        if work.effort.exhausted():
            return
        with work.effort.within(0.5):
            for _ in range(PASSES):
                if not self._make_room():
                    break
        ejector = ejector_of(work)
        with work.effort.within(0.5):
            ejector.empty_nodes(work.effort.left)
        work.counters["chains"] += ejector.gains
        work.note()

    def _make_room(self) -> bool:
        """Make GPUs whole, insert waiting pods; say whether to do so again may bring more."""
        work, value = self.work, self.work.incumbent.value
        with self._unless_worse():
            self._tighten()
            self._insert()
            self._recut()
        work.note()
        return work.incumbent.value > value and self._gpus_wanted()

    def _insert(self) -> None:
        """Insert waiting pods, then trade large pods for small ones, with all effort."""
        effort, ejector = self.work.effort, ejector_of(self.work)
        with effort.within(SHARE_OF_CHAINS):
            ejector.insert_waiting(effort.left)
        ejector.trade(effort.left)
        self.work.counters["chains"] += ejector.gains

    def _tighten(self) -> None:
        """Move shares of GPUs together, if pods wait for GPUs."""
        work = self.work
        if self._gpus_wanted():
            moved = sharing(work.incumbent, work.loose, work.effort).tighten()
            work.counters["shares_moved"] += moved

    def _recut(self) -> bool:
        """Deal shares of GPUs anew, if pods wait for one; say whether more devices are whole."""
        work, effort = self.work, self.work.effort
        waiting = work.loose & work.certificate.hopeful(work.incumbent)
        if effort.exhausted() or not (work.incumbent.problem.gpu_count[waiting] == 1).any():
            return False
        share = min(RECUT, effort.left / 2)
        saved = recut(work.incumbent, self._worths, work.loose, waiting, effort, share)
        work.counters["devices_saved"] += saved
        return saved > 0

    @cached_property
    def _worths(self) -> Worths:
        return share_worths(self.work.incumbent.problem)

    def _gpus_wanted(self) -> bool:
        incumbent = self.work.incumbent
        return bool(incumbent.problem.gpu_count[self.work.certificate.hopeful(incumbent)].any())

    @contextmanager
    def _unless_worse(self) -> Iterator[None]:
        """Undo what a block does to the incumbent if that makes it worse, and do not count it."""
        incumbent, counters = self.work.incumbent, self.work.counters
        before, counted = incumbent.copy(), counters.copy()
        yield
        if incumbent.value < before.value:
            incumbent.restore(before)
            for name in counters:
                counters[name] = counted[name]

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
        work, effort = self.work, self.work.effort
        value = work.incumbent.value
        with self._unless_worse():
            recut_some = self._recut()
            if not effort.exhausted():
                with effort.within(min(REVIVAL * share / effort.left, 1.0)):
                    if not recut_some:
                        self._tighten()
                    self._insert()
        if work.incumbent.value > value:
            self.stale = 0
            work.note()

    def repack(self, scope: Scope, share: float) -> bool:
        """Pack a scope anew unless that is worse; say whether it was solved to the optimum."""
        found = repacked(self.work, scope, share)
        if found is None:
            return False
        self.work.counters["rounds"] += 1
        self.work.counters["improvements"] += found.better
        self.stale = 0 if found.better else self.stale + 1
        if found.better:
            self.work.note()
        return found.optimal
