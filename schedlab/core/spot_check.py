"""Spot checks: a sample of a fast path's decisions, decided again by the reference path.

For profiles with plugins of other people's that declare SPEC or NODE, or answer by domain.
The contract kit vets them on random clusters; this looks at the very decisions that count,
and at all that the path has kept for them: one stale node is enough to be found.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster, FilterPlugin, Locality, Plugin, ScorePlugin
from schedlab.core.ahead.chains import INFEASIBLE
from schedlab.core.incremental import IncrementalPath
from schedlab.core.profile import Profile
from schedlab.core.reference import Evaluation, evaluate
from schedlab.core.sampling import ALL
from schedlab.core.verdicts import PluginError
from schedlab.origin import is_built_in

Ints = NDArray[np.int64]

EVERY = 997
"""Each so-manieth decision is checked, and before that those whose number is a power of two."""


class SpotCheck:
    """Looks at decisions: :meth:`expect` before each, :meth:`compare` after, both untimed."""

    def __init__(self, profile: Profile, cluster: Cluster, path: object) -> None:
        self._profile = profile
        self._cluster = cluster
        self._path = path
        self._suspects = suspects(profile)
        self._decisions = 0
        self._next = 1
        self._checking = 0
        self._expected: list[int] | None = None
        self._changes = 0
        self.checked = 0

    def expect(self, signature: int) -> None:
        """Ask the reference path about the next decision, if it is that one's turn.

        Raises
        ------
        PluginError
            If what the path has kept of any node is not what plugins say of it now.
        """
        if not self._suspects or self._decisions + 1 < self._next or len(self._cluster.nominated):
            return
        self._checking = self._decisions + 1
        self._next = _following(self._checking)
        self._changes = len(self._cluster.log)
        found = evaluate(self._profile, self._cluster, signature)
        self._expected = found.best.tolist()
        self._look_at_kept(signature, found)

    def most(self, pods: int) -> int:
        """Return how many of the next pods may be decided in one step, so that checks are kept."""
        return min(pods, max(self._next - self._decisions - 1, 1)) if self._suspects else pods

    def compare(self, row: int, pods: int = 1) -> None:
        """See the decision made (or the first of a run of ``pods``), before the pod is placed.

        One that room was made for by evictions is not compared.

        Raises
        ------
        PluginError
            If the reference path would not have chosen this row (-1: no node).
        """
        self._decisions += pods
        expected, self._expected = self._expected, None
        if expected is None or len(self._cluster.log) != self._changes:
            return
        self.checked += 1
        if row not in (expected or [-1]):
            best = self._nodes(expected or [-1])
            raise self._error(f"took {self._nodes([row])}, the reference path {best}")

    def _look_at_kept(self, signature: int, found: Evaluation) -> None:
        if self._profile.percentage_of_nodes_to_score != ALL:
            return
        kept = kept_totals(self._path, signature)
        if kept is None:
            return
        stale = stale_rows(kept, found)
        if len(stale):
            raise self._error(f"is made by what was once true of {self._nodes(stale.tolist())}")

    def _error(self, what: str) -> PluginError:
        names = ", ".join(f"{p.name} ({p.locality.name})" for p in self._suspects)
        return PluginError(
            f"decision {self._checking} {what}: a plugin does not keep what it promises "
            f"(suspects: {names}). Nothing of this trial can be trusted. Find it with `schedlab "
            "check`, or declare Locality.CLUSTER without shortcuts"
        )

    def _nodes(self, rows: list[int]) -> str:
        names = [self._cluster.nodes[r].name if r >= 0 else "no node" for r in rows[:3]]
        return " or ".join(names)


def kept_totals(path: object, signature: int) -> Ints | None:
    """Return the totals that a path keeps of a signature, shape (N,); None if it keeps none."""
    if not isinstance(path, IncrementalPath):
        return None
    state = path._state(signature)
    asks_anew = state.cluster_filters or state.cluster_scores
    return None if asks_anew else state.total


def stale_rows(kept: Ints, found: Evaluation) -> Ints:
    """Return the rows whose kept totals are not the fresh ones, but for what all have in common."""
    feasible = np.zeros(len(kept), np.bool_)
    feasible[found.feasible] = True
    wrong = (kept != INFEASIBLE) != feasible
    if len(found.feasible) > 1 and not wrong.any():
        offset = kept[found.feasible] - found.total
        values, times = np.unique(offset, return_counts=True)
        wrong[found.feasible] = offset != values[times.argmax()]
    return np.flatnonzero(wrong)


def suspects(profile: Profile) -> tuple[Plugin, ...]:
    """Return the plugins on whose promises the engine builds, and that others answer for."""
    plugins = dict.fromkeys((*profile.filters, *(p for p, _ in profile.scores)))
    return tuple(p for p in plugins if not is_built_in(type(p)) and _promises(p))


def _promises(plugin: Plugin) -> bool:
    if plugin.locality is not Locality.CLUSTER:
        return True
    shortcuts = ("verdict_by_domain", "score_by_domain")
    bases = (FilterPlugin, ScorePlugin)
    return any(
        isinstance(plugin, base) and getattr(type(plugin), name) is not getattr(base, name)
        for base, name in zip(bases, shortcuts, strict=True)
    )


def _following(number: int) -> int:
    """Return the next number to check after this one."""
    power: int = 1 << number.bit_length()
    return power if power < EVERY else (number // EVERY + 1) * EVERY
