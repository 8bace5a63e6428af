"""The questions that CLUSTER plugins which answer by topology domain are asked about one pod."""

from __future__ import annotations

from collections.abc import Sequence

from schedlab.api import Cluster, FilterPlugin, Part, PodView, ScorePlugin


class Questions:
    """Asks the plugins that answer by topology domain about one pod."""

    def __init__(
        self,
        pod: PodView,
        cluster: Cluster,
        filters: Sequence[FilterPlugin],
        scores: Sequence[tuple[ScorePlugin, int]],
    ) -> None:
        self.pod = pod
        self.cluster = cluster
        self.filters = filters
        self.scores = scores

    def answers(self) -> tuple[list[Part], list[list[Part]]]:
        """Return the parts of all filters, and those of each score."""
        whole = self.cluster.view()
        verdicts = [f.verdict_by_domain(self.pod, whole) for f in self.filters]
        raws = [s.score_by_domain(self.pod, whole) for s, _ in self.scores]
        return [p for parts in verdicts for p in parts or ()], [list(parts or ()) for parts in raws]
