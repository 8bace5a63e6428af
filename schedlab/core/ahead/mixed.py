"""Pods of mixed signatures in one step: a stretch of the queue is decided ahead.

Deciding one pod asks plugins about a few hundred rows, in some fifty calls of about a
microsecond each.  A step asks once about what has changed for all signatures of a stretch;
:mod:`schedlab.core.ahead.stretch` tells where its pods go.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster, FilterPlugin, ScorePlugin
from schedlab.core.ahead.paired import ask_pairs
from schedlab.core.ahead.runs import RunPath
from schedlab.core.ahead.stretch import Stretch
from schedlab.core.log import NotLocalError
from schedlab.core.narrow import LOWEST, narrowed
from schedlab.core.profile import Profile
from schedlab.core.select import Lowest, Select
from schedlab.core.signature_state import SignatureState

Ints = NDArray[np.int64]

LONGEST = 64
"""Pods in one step: pairs of them are half its square."""

SHORTEST = 8
"""Steps of fewer pods cost more than deciding one by one."""

PAUSE, LONGEST_PAUSE = 128, 8192
"""After a step that was too short so many pods are decided singly, then twice as many."""

PAIRS = 4096
"""Pairs that plugins are asked about at once: their temporaries then stay in the cache."""


class MixedPath(RunPath):
    """Decides runs of equal pods in one step, and stretches of unequal ones, where it can."""

    def __init__(self, profile: Profile, cluster: Cluster, select: Select) -> None:
        super().__init__(profile, cluster, select)
        self._pause = PAUSE
        self._kinds: dict[int, tuple[int, ...]] = {}
        mixes = isinstance(select, Lowest) and self._rotation is None and len(cluster) > 0
        self._singly = 0 if mixes else -1

    def pick_mixed(self, signatures: list[int], at: int, most: int) -> Ints | None:
        """Return the rows of the pods from ``at`` on, in order, at most so many.

        None if the first of them is to be decided singly.
        """
        if self._singly:
            self._singly -= 1
            return None
        states = self._alike(signatures[at : at + min(LONGEST, most)])
        if len(states) < SHORTEST:
            self._singly = SHORTEST
            return None
        try:
            self._refresh_all(states)
            rows, shared = self._decided(states)
        except NotLocalError:
            self._singly = -1
            return None
        if not len(rows):
            return None
        self._learn(len(rows), shared)
        return rows

    def _learn(self, decided: int, shared: int) -> None:
        """Take steps while they are long and few pods share a node, else none for a while."""
        self._counted["mixed_steps"] += 1
        self._counted["pods_in_mixed_steps"] += decided
        if decided >= SHORTEST and 2 * shared <= decided:
            self._pause = PAUSE
        else:
            self._singly, self._pause = self._pause, min(2 * self._pause, LONGEST_PAUSE)

    def _alike(self, signatures: list[int]) -> list[SignatureState]:
        """Return the states of the first pods, as far as the same plugins look at each node."""
        states: list[SignatureState] = []
        specs, first = len(self._cluster.specs), self._plugins(signatures[0])
        for signature in signatures if first else ():
            state = self._known(signature)
            if not state.stays_plain(specs) or self._plugins(signature) != first:
                break
            states.append(state)
        return states

    def _plugins(self, signature: int) -> tuple[int, ...]:
        """Return which plugins look at each node for a pod, none if no step may hold it."""
        plugins = self._kinds.get(signature)
        if plugins is None:
            plugins = self._kinds[signature] = _plugins_of(self._known(signature))
        return plugins

    def _decided(self, states: list[SignatureState]) -> tuple[Ints, int]:
        """Return the rows of the first pods, and how many of them share one."""
        stretch = Stretch(self._cluster, states)
        try:
            return stretch.decide(), stretch.shared
        finally:
            stretch.restore()
            self._rows += stretch.asked

    def _refresh_all(self, states: list[SignatureState]) -> None:
        """Bring all states up to date with the change log."""
        end = len(self._cluster.log)
        stale: list[SignatureState] = []
        pairs = 0
        for state in dict.fromkeys(states):
            rows = end - state.seen
            if 4 * rows > len(self._cluster):
                self._rows += state.refresh(self._cluster)
            elif rows:
                stale.append(state)
                self._rows += rows
                pairs += rows
                if pairs >= PAIRS:
                    self._refresh_some(stale)
                    stale, pairs = [], 0
        if stale:
            self._refresh_some(stale)

    def _refresh_some(self, states: list[SignatureState]) -> None:
        log = self._cluster.log
        parts = [log.rows(state.seen) for state in states]
        rows = np.concatenate(parts)
        lengths = np.array([len(part) for part in parts])
        whose = np.arange(len(states)).repeat(lengths)
        totals, rejected = ask_pairs(self._cluster, states, whose, rows, self._cluster.view(rows))
        small = narrowed(totals, rejected)
        end = 0
        for state, part in zip(states, parts, strict=True):
            cut = slice(end, end := end + len(part))
            if small is not None and state.lowest == LOWEST:
                state.set(part, small[cut])
            else:
                state.put(part, totals[cut], rejected[cut])
            state.seen = len(log)


def _plugins_of(state: SignatureState) -> tuple[int, ...]:
    """Return which plugins look at each node, none if they cannot be asked about many pods."""
    filters = (type(f).filter_each is not FilterPlugin.filter_each for f in state.local.filters)
    scores = (type(s).score_each is not ScorePlugin.score_each for s, _ in state.local.scores)
    if state.pod.spec.gpu is not None or not all(filters) or not all(scores):
        return ()
    weighted = (part for score, weight in state.local.scores for part in (id(score), weight))
    return (*map(id, state.local.filters), 0, *weighted)
