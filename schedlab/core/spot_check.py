"""Spot checks: a sample of a fast path's decisions, decided again by the reference path.

For profiles with plugins of other people's that declare SPEC or NODE, or answer by domain.
The contract kit vets them on random clusters; this looks at the very decisions that count.
"""

from __future__ import annotations

from schedlab.api import Cluster, FilterPlugin, Locality, Plugin, ScorePlugin
from schedlab.core.profile import Profile
from schedlab.core.reference import evaluate
from schedlab.core.sampling import sampling
from schedlab.core.verdicts import PluginError
from schedlab.origin import is_built_in

EVERY = 997
"""Each so-manieth decision is checked, and before that those whose number is a power of two."""


class SpotCheck:
    """Looks at decisions: :meth:`expect` before each, :meth:`compare` after, both untimed."""

    def __init__(self, profile: Profile, cluster: Cluster) -> None:
        self._profile = profile
        self._cluster = cluster
        # A sampled profile's next search begins elsewhere: there is no deciding again.
        sampled = sampling(profile, cluster) is not None
        self._suspects = () if sampled else suspects(profile)
        self._decisions = 0
        self._next = 1
        self._expected: list[int] | None = None
        self._changes = 0
        self.checked = 0

    def expect(self, signature: int) -> None:
        """Ask the reference path about the next decision, if it is that one's turn."""
        self._expected = None
        if not self._suspects or self._decisions + 1 < self._next or len(self._cluster.nominated):
            return
        self._next = _following(self._decisions + 1)
        self._changes = len(self._cluster.log)
        self._expected = evaluate(self._profile, self._cluster, signature).best.tolist()

    def compare(self, row: int, pods: int = 1) -> None:
        """See the decision made (or the first of a run of ``pods``), before the pod is placed.

        One that room was made for by evictions is not compared.

        Raises
        ------
        PluginError
            If the reference path would not have chosen this row (-1: no node).
        """
        self._decisions += pods
        if self._expected is None or len(self._cluster.log) != self._changes:
            return
        self.checked += 1
        if row not in (self._expected or [-1]):
            raise PluginError(self._told(row))

    def _told(self, row: int) -> str:
        names = ", ".join(f"{p.name} ({p.locality.name})" for p in self._suspects)
        return (
            f"decision {self._decisions} took {self._nodes([row])}, the reference path "
            f"{self._nodes(self._expected or [-1])}: a plugin does not keep what it promises "
            f"(suspects: {names}). Nothing of this trial can be trusted. Find it with `schedlab "
            "check`, or declare Locality.CLUSTER without shortcuts"
        )

    def _nodes(self, rows: list[int]) -> str:
        names = [self._cluster.nodes[r].name if r >= 0 else "no node" for r in rows[:3]]
        return " or ".join(names)


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
