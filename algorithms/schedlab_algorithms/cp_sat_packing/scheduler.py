"""CpSatPacking: greedy starts, improved by packing small parts of the cluster exactly."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from schedlab.api import Budget, Cluster, Placement, PodBatch, Scheduler
from schedlab.errors import InputError
from schedlab_algorithms.large_neighbourhood.neighbourhoods import chooser_of
from schedlab_algorithms.large_neighbourhood.scheduler import check_search
from schedlab_algorithms.large_neighbourhood.search import Search
from schedlab_algorithms.packing.arguments import some_start
from schedlab_algorithms.packing.objectives import DEFAULT, checked
from schedlab_algorithms.packing.packed import packed
from schedlab_algorithms.packing.starts import best_starts
from schedlab_algorithms.packing.work import Work


class CpSatPacking(Scheduler):
    """Packs a batch with OR-Tools CP-SAT under the filters of a profile.

    Maximises its objectives: the pods placed, priority by priority from the highest down,
    then as few nodes in use as possible, or what else is named.  The best of some greedy
    starts is improved by ejection chains (Glover, 1996) and then by large-neighbourhood
    search (Shaw, 1998): a few nodes are freed and packed to the optimum together with
    waiting pods.  A batch that is small enough is packed as a whole.

    The answer is never worse than any of the starts, and the same on every run for a seed
    and an effort, unless the wall clock cut the search (``info["repeatable"]`` is 0).
    The model states room, GPU shares, node affinity and taints, topology spread, host ports,
    and required affinity and anti-affinity between pods.  Pods with other rules (volumes, or
    of a filter that is not known here) stay where the start put them
    (``info["fixed_pods"]``).

    Parameters
    ----------
    profile : str
        The profile whose filters hold.
    start : tuple of str
        Profiles whose ranking makes the greedy starts.
    objectives : tuple of str
        What is maximised, in this order.
    nodes : int
        How many nodes the first neighbourhood frees; the size adapts from there.
    waiting : int
        How many signatures of waiting pods join a neighbourhood at most.
    full_model : int
        The most (signature, node) pairs that are packed as a whole.
    round_effort : float
        CP-SAT's deterministic seconds for one neighbourhood.
    patience : int
        How many rounds in a row may bring nothing before the search ends.

    Raises
    ------
    InputError
        For an unknown profile or objective, no start, or a number out of range.
    """

    profile: str = "kubernetes"
    start: tuple[str, ...] = ("kubernetes", "best-fit", "dot-product", "dominant-share")
    objectives: tuple[str, ...] = DEFAULT
    nodes: int = 8
    waiting: int = 24
    full_model: int = 3000
    round_effort: float = 0.1
    patience: int = 100

    def __post_init__(self) -> None:
        some_start(self.start)
        if self.full_model < 0:
            raise InputError(f"full_model: expected at least 0, got {self.full_model}")
        checked(self.objectives)
        check_search(self.nodes, self.waiting, self.round_effort, self.patience)

    def schedule(self, cluster: Cluster, pods: PodBatch, budget: Budget) -> Placement:
        """Place the batch; see the class."""
        starts = partial(best_starts, self.start)
        return packed(cluster, pods, budget, self.profile, starts, self._improve, self.objectives)

    def _improve(self, works: Sequence[Work]) -> Work:
        """Spend half the effort on the last, most valuable start, the rest on the best."""
        searches: list[Search] = []
        for work in works:
            if not any(s.work.optimal for s in searches):
                searches.append(self._begin(work))
        choosers = {id(s): chooser_of(s.work, self.nodes, self.waiting) for s in searches}
        for search in searches[1:]:
            with search.work.effort.within(0.5):
                search.run(choosers[id(search)], self.round_effort, self.patience)
        best = max(searches, key=lambda s: s.work.incumbent.value)
        best.run(choosers[id(best)], self.round_effort, self.patience)
        return best.work

    def _begin(self, work: Work) -> Search:
        """Improve a start by what is quick: the whole if it is small, else ejection chains."""
        search, effort = Search(work), work.effort
        if search.pairs <= self.full_model:
            with effort.within(0.5):
                search.pack_whole()
        if not work.optimal:
            with effort.within(0.4):
                search.eject()
        return search
