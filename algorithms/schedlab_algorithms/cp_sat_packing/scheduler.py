"""CpSatPacking: greedy starts, improved by packing small parts of the cluster exactly."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from schedlab.api import Budget, Cluster, Placement, PodBatch
from schedlab_algorithms.large_neighbourhood.neighbourhood_search import NeighbourhoodSearch
from schedlab_algorithms.large_neighbourhood.neighbourhoods import chooser_of
from schedlab_algorithms.large_neighbourhood.search import Search
from schedlab_algorithms.packing.arguments import at_least, some_start
from schedlab_algorithms.packing.packed import packed
from schedlab_algorithms.packing.starts import best_starts
from schedlab_algorithms.packing.work import Work


class CpSatPacking(NeighbourhoodSearch):
    """Packs a batch with OR-Tools CP-SAT under the filters of a profile.

    Maximises its objectives: the pods placed, priority by priority from the highest down,
    then as few nodes in use as possible, or what else is named.  The best of some greedy
    starts is improved by ejection chains (Glover, 1996) and then by large-neighbourhood
    search (Shaw, 1998): a few nodes are freed and packed to the optimum together with
    waiting pods.  A batch that is small enough is packed as a whole.

    The model states room, GPU shares, node affinity and taints, topology spread, host ports,
    and required affinity and anti-affinity between pods.

    What it promises, of each of its starts, and its other arguments are those of
    :class:`NeighbourhoodSearch`.

    Parameters
    ----------
    start : tuple of str
        Profiles whose ranking makes the greedy starts.
    full_model : int
        The most (signature, node) pairs that are packed as a whole.
    """

    start: tuple[str, ...] = ("kubernetes", "best-fit", "dot-product", "dominant-share")
    full_model: int = 3000

    def __post_init__(self) -> None:
        super().__post_init__()
        some_start(self.start)
        at_least(0, full_model=self.full_model)

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
