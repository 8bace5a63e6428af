"""What SPEC and NODE plugins say of one pod: the part of a total that is each node's own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster, Locality, NodeView, PodView, ScorePlugin
from schedlab.core.ahead.chains import INFEASIBLE
from schedlab.core.answers import Rows
from schedlab.core.normalized import NormalizedScore
from schedlab.core.profile import Profile
from schedlab.core.verdicts import extremes, fits, normalized, raw_scores

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

Weighted = tuple[ScorePlugin, int]


class LocalPlugins:
    """The SPEC and NODE plugins of a profile that have a say about one pod.

    Attributes
    ----------
    filters : list of FilterPlugin
        NODE filters; what SPEC filters say is known.
    scores : list of (ScorePlugin, weight)
        NODE scores that need no normalisation.
    common : int
        What SPEC plugins give to all nodes alike.
    normalized : list of NormalizedScore
        Those that tell nodes apart, with their raw scores of all nodes.
    """

    def __init__(self, profile: Profile, cluster: Cluster, pod: PodView) -> None:
        self.pod = pod
        self.common = 0
        nodes = cluster.view()
        filters = [f for f in profile.filters if not f.skips_filter(pod)]
        self.filters = [f for f in filters if f.locality is Locality.NODE]
        accepted = np.ones(len(nodes), np.bool_)
        for plugin in (f for f in filters if f.locality is Locality.SPEC):
            accepted &= fits(plugin, pod, nodes)
        self._spec_fits = None if accepted.all() else accepted
        scores = [(s, w) for s, w in profile.scores if s.locality is not Locality.CLUSTER]
        asked = [(s, w) for s, w in scores if not s.skips_score(pod)]
        plain = [x for x in asked if not x[0].normalizes]
        self.scores = [x for x in plain if x[0].locality is Locality.NODE]
        self._spec_base = self._spec_scores(nodes, plain)
        self.normalized = self._normalized(nodes, [x for x in asked if x[0].normalizes])

    def _spec_scores(self, nodes: NodeView, plain: Sequence[Weighted]) -> Ints | None:
        """Return Σ weight x score of SPEC plugins that tell nodes apart, None if none does."""
        total = None
        for plugin, weight in plain:
            if plugin.locality is Locality.SPEC:
                raw = raw_scores(plugin, self.pod, nodes)
                if _all_same(raw):
                    self.common += weight * int(raw[:1].sum())
                else:
                    total = weight * raw if total is None else total + weight * raw
        return total

    def _normalized(self, nodes: NodeView, plugins: Sequence[Weighted]) -> list[NormalizedScore]:
        """Return normalised scores, but for those that are the same for all nodes for good."""
        found = []
        for plugin, weight in plugins:
            raw = raw_scores(plugin, self.pod, nodes)
            if plugin.locality is Locality.SPEC and _all_same(raw):
                self.common += weight * int(normalized(plugin, raw[:1], *extremes(raw[:1])).sum())
            else:
                found.append(NormalizedScore(plugin, weight, np.array(raw)))
        return found

    @property
    def has_spec_parts(self) -> bool:
        """Whether SPEC plugins tell nodes apart."""
        return self._spec_base is not None or self._spec_fits is not None

    def add_spec_parts(self, rows: Ints, scores: Ints, rejected: Mask) -> None:
        """Add to scores of some rows, and to which are rejected, where these differ."""
        if self._spec_base is not None:
            scores += self._spec_base[rows]
        if self._spec_fits is not None:
            rejected |= ~self._spec_fits[rows]

    def ask(self, nodes: NodeView, rows: Rows) -> Ints:
        """Return the same without normalised scores and CLUSTER plugins, in a fresh array."""
        base = self.scored(nodes, rows)
        rejected = self.rejected(nodes, rows)
        if rejected is not None:
            base[rejected] = INFEASIBLE
        return base

    def scored(self, nodes: NodeView, rows: Rows) -> Ints:
        """Return a fresh array of their scores that need no normalisation."""
        total = None if self._spec_base is None else self._spec_base[rows] + self.common
        for score, weight in self.scores:
            raw = raw_scores(score, self.pod, nodes)
            weighed = raw if weight == 1 else weight * raw
            total = weighed + self.common if total is None else np.add(total, weighed, out=total)
        return np.full(len(nodes), self.common) if total is None else total

    def rejected(self, nodes: NodeView, rows: Rows) -> Mask | None:
        """Return which of the nodes their filters reject, None if none."""
        rejected = None if self._spec_fits is None else ~self._spec_fits[rows]
        for plugin in self.filters:
            accepted = fits(plugin, self.pod, nodes)
            fit = np.count_nonzero(accepted)
            if fit < len(accepted):
                rejected = ~accepted if rejected is None else rejected | ~accepted
            if not fit:
                break
        return rejected


def _all_same(values: Ints) -> bool:
    return bool((values == values[:1]).all())
