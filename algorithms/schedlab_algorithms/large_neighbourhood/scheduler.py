"""LargeNeighbourhood: any start, improved by packing a few nodes at a time exactly."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from schedlab.api import Budget, Cluster, Placement, PodBatch, Scheduler
from schedlab.errors import InputError
from schedlab_algorithms.large_neighbourhood.neighbourhoods import chooser_of
from schedlab_algorithms.large_neighbourhood.search import Search
from schedlab_algorithms.large_neighbourhood.start import start_of
from schedlab_algorithms.packing.objectives import DEFAULT, checked
from schedlab_algorithms.packing.packed import packed
from schedlab_algorithms.packing.work import Work


class LargeNeighbourhood(Scheduler):
    """Improves any placement by CP-SAT neighbourhoods, under the filters of a profile.

    Large-neighbourhood search (Shaw, 1998): a few nodes are freed and packed to the
    optimum together with waiting pods, again and again; before that, ejection chains
    (Glover, 1996).  The answer is never worse than the start.  Pods with rules that the
    model does not state stay where the start put them (``info["fixed_pods"]``), so any
    set of constraints may be had.

    Parameters
    ----------
    profile : str
        The profile whose filters hold.
    start : str
        What makes the placement to improve: a profile, whose ranking is used under the
        filters of ``profile``, or any other installed scheduler, which may spend half
        the budget (an argument ``profile`` of it is set to this one's).
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
        For an unknown profile, start or objective, or a number out of range.
    """

    profile: str = "kubernetes"
    start: str = "dominant-share"
    objectives: tuple[str, ...] = DEFAULT
    nodes: int = 8
    waiting: int = 24
    round_effort: float = 0.1
    patience: int = 100

    def __post_init__(self) -> None:
        checked(self.objectives)
        check_search(self.nodes, self.waiting, self.round_effort, self.patience)

    def schedule(self, cluster: Cluster, pods: PodBatch, budget: Budget) -> Placement:
        """Place the batch; see the class."""
        start = partial(start_of, self.start, self.profile)
        return packed(cluster, pods, budget, self.profile, start, self._improve, self.objectives)

    def _improve(self, works: Sequence[Work]) -> Work:
        search = Search(works[0])
        with search.work.effort.within(0.5):
            search.eject()
        chooser = chooser_of(search.work, self.nodes, self.waiting)
        search.run(chooser, self.round_effort, self.patience)
        return search.work


def check_search(nodes: int, waiting: int, round_effort: float, patience: int) -> None:
    """Raise InputError for an argument of the search that is out of range."""
    least = {"nodes": (nodes, 2), "waiting": (waiting, 0), "patience": (patience, 0)}
    for name, (given, low) in least.items():
        if given < low:
            raise InputError(f"{name}: expected at least {low}, got {given}")
    if not round_effort > 0:
        raise InputError(f"round_effort: expected more than 0, got {round_effort}")
