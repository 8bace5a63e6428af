"""A profile: which plugins filter and score, in which order and with which weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from schedlab.api import DevicePlugin, FilterPlugin, ScorePlugin

TieBreak = Literal["lowest", "random", "round-robin"]
QueueSort = Literal["PrioritySort", "Arrival"]


@dataclass(frozen=True)
class Profile:
    """A filter-score scheduler as data.

    Attributes
    ----------
    filters : tuple of FilterPlugin
        In order: a node counts as rejected by the first that rejects it.
    scores : tuple of (ScorePlugin, int)
        Plugins and weights; the total is Σ weight x (normalised) score.
    devices : DevicePlugin or None
        Chooses GPU devices; None takes the lowest that fit.
    tie_break : str
        Among nodes of the highest total: the ``lowest`` row, a ``random`` one (by the
        budget's seed), or ``round-robin`` (the first at or after the last choice).
    queue_sort : str
        ``PrioritySort`` (priority, then arrival) or ``Arrival``.
    """

    name: str
    filters: tuple[FilterPlugin, ...]
    scores: tuple[tuple[ScorePlugin, int], ...] = ()
    devices: DevicePlugin | None = None
    tie_break: TieBreak = "lowest"
    queue_sort: QueueSort = "PrioritySort"
