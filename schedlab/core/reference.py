"""The reference path: every plugin, every node, every pod.  Short, obvious, the oracle."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster, Failure, Scores
from schedlab.core.profile import Profile
from schedlab.core.select import Select
from schedlab.core.verdicts import (
    PASS,
    Codes,
    count_failures,
    extremes,
    filter_codes,
    normalized,
    raw_scores,
)


@dataclass
class Evaluation:
    """What a profile says of one pod on a cluster as it stands.

    ``codes`` is (N,) (see :mod:`schedlab.core.verdicts`), ``feasible`` the rows that pass.
    ``raw`` and ``scores`` (before and after normalisation) hold one array over
    ``feasible`` for each plugin that ranked, ``total`` the weighted sum.
    """

    codes: Codes
    feasible: NDArray[np.int64]
    raw: dict[str, Scores] = field(default_factory=dict)
    scores: dict[str, Scores] = field(default_factory=dict)
    total: Scores = field(default_factory=lambda: np.zeros(0, np.int64))


def evaluate(profile: Profile, cluster: Cluster, signature: int) -> Evaluation:
    """Filter all nodes and score the feasible ones, with no use of anything cached."""
    codes = _filter(profile, cluster, signature)
    found = Evaluation(codes, np.flatnonzero(codes == PASS))
    found.total = np.zeros(len(found.feasible), np.int64)
    pod, nodes = cluster.pod(signature), cluster.view(found.feasible)
    for plugin, weight in profile.scores:
        if len(found.feasible) and not plugin.skips_score(pod):
            raw = raw_scores(plugin, pod, nodes)
            final = normalized(plugin, raw, *extremes(raw))
            found.raw[plugin.name], found.scores[plugin.name] = raw, final
            found.total += weight * final
    return found


def _filter(profile: Profile, cluster: Cluster, signature: int) -> Codes:
    pod, nodes = cluster.pod(signature), cluster.view()
    codes = np.full(len(cluster), PASS)
    for index, plugin in enumerate(profile.filters):
        if not plugin.skips_filter(pod):
            codes = np.minimum(codes, filter_codes(plugin, index, pod, nodes))
    return codes


class ReferencePath:
    """Decides one pod at a time by :func:`evaluate`."""

    def __init__(self, profile: Profile, cluster: Cluster, select: Select) -> None:
        self._profile = profile
        self._cluster = cluster
        self._select = select

    def pick(self, signature: int) -> int:
        """Return the row for the next pod of this signature, -1 if none fits."""
        found = evaluate(self._profile, self._cluster, signature)
        if not len(found.feasible):
            return -1
        return int(found.feasible[self._select.among(found.total, found.feasible)])

    def failures(self, signature: int) -> tuple[Failure, ...]:
        """Return what keeps the signature off every node, in filter order."""
        codes = _filter(self._profile, self._cluster, signature)
        return count_failures(codes, self._profile.filters, self._cluster.pod(signature))

    def counters(self) -> dict[str, int]:
        """Return what the path counted of its own work."""
        return {}
