"""A profile: which plugins filter and score, in which order and with which weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from schedlab.api import (
    DevicePlugin,
    FilterPlugin,
    PostFilterPlugin,
    PreEnqueuePlugin,
    ScorePlugin,
)
from schedlab.core.prefilter import PreFilterOnly

TieBreak = Literal["lowest", "random", "round-robin"]
QueueSort = Literal["PrioritySort", "Arrival"]


@dataclass(frozen=True)
class Profile:
    """A filter-score scheduler as data.

    Attributes
    ----------
    filters : tuple of FilterPlugin
        In order: a node counts as rejected by the first that rejects it.
    prefilters : tuple of FilterPlugin, or None
        Whose prefilter is heard, in order; None: that of the filters.
    scores : tuple of (ScorePlugin, int)
        Plugins and weights; the total is Σ weight x (normalised) score.
    devices : DevicePlugin or None
        Chooses GPU devices; None takes the lowest that fit.
    tie_break : str
        Among nodes of the highest total: the ``lowest`` row, a ``random`` one (by the
        budget's seed), or ``round-robin`` (the first at or after the last choice).
    queue_sort : str
        ``PrioritySort`` (priority, then arrival) or ``Arrival``.
    post_filter : PostFilterPlugin or None
        Makes room for pods that fit nowhere; None: nobody is evicted.
    percentage_of_nodes_to_score : int
        The share of the nodes after which, found feasible, the search ends (and goes on
        from there for the next pod); 100: every feasible node is scored, 0: as
        kube-scheduler does by default (schedlab.core.sampling).
    """

    name: str
    filters: tuple[FilterPlugin, ...]
    scores: tuple[tuple[ScorePlugin, int], ...] = ()
    devices: DevicePlugin | None = None
    tie_break: TieBreak = "lowest"
    queue_sort: QueueSort = "PrioritySort"
    prefilters: tuple[FilterPlugin, ...] | None = None
    post_filter: PostFilterPlugin | None = None
    percentage_of_nodes_to_score: int = 100

    @property
    def filter_order(self) -> tuple[str, ...]:
        """The names of the filters that look at nodes one by one, in order."""
        before = PreEnqueuePlugin | PreFilterOnly
        return tuple(f.name for f in self.filters if not isinstance(f, before))
