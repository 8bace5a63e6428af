"""What LargeNeighbourhood and CpSatPacking share: how neighbourhoods are chosen and packed."""

from __future__ import annotations

from schedlab.api import Scheduler
from schedlab_algorithms.packing.arguments import above_zero, at_least
from schedlab_algorithms.packing.objectives import DEFAULT, checked


class NeighbourhoodSearch(Scheduler):
    """Improves a start by freeing a few nodes and packing them exactly, again and again.

    The answer is never worse than the start, and the same on every run for a seed and an
    effort, unless the wall clock cut the search (``info["repeatable"]`` is 0).  Pods with
    rules that the model does not state (volumes, or of a filter that is not known here) stay
    where the start put them (``info["fixed_pods"]``).

    Parameters
    ----------
    profile : str
        The profile whose filters hold.
    objectives : tuple of str
        What is maximised, in this order.
    nodes : int
        How many nodes the first neighbourhood frees; the size adapts from there, 4 to 16.
    waiting : int
        How many signatures of waiting pods join a neighbourhood at most.
    round_effort : float
        CP-SAT's deterministic seconds for one neighbourhood.
    patience : int
        How many rounds in a row may bring nothing before the search ends.

    Raises
    ------
    InputError
        For an unknown profile, start or objective, no start, or a number out of range.
    """

    profile: str = "kubernetes"
    objectives: tuple[str, ...] = DEFAULT
    nodes: int = 8
    waiting: int = 24
    round_effort: float = 0.1
    patience: int = 100

    def __post_init__(self) -> None:
        checked(self.objectives)
        at_least(2, nodes=self.nodes)
        at_least(0, waiting=self.waiting, patience=self.patience)
        above_zero(round_effort=self.round_effort)
