"""LargeNeighbourhood: any start, improved by packing a few nodes at a time exactly."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from schedlab.api import Budget, Cluster, Placement, PodBatch
from schedlab_algorithms.large_neighbourhood.neighbourhood_search import NeighbourhoodSearch
from schedlab_algorithms.large_neighbourhood.neighbourhoods import chooser_of
from schedlab_algorithms.large_neighbourhood.search import Search
from schedlab_algorithms.large_neighbourhood.start import start_of
from schedlab_algorithms.packing.packed import packed
from schedlab_algorithms.packing.work import Work


class LargeNeighbourhood(NeighbourhoodSearch):
    """Improves any placement by CP-SAT neighbourhoods, under the filters of a profile.

    Large-neighbourhood search (Shaw, 1998): a few nodes are freed and packed to the
    optimum together with waiting pods, again and again; before that, ejection chains
    (Glover, 1996).  Any set of constraints may be had.

    What it promises, and its other arguments, are those of :class:`NeighbourhoodSearch`.

    Parameters
    ----------
    start : str
        What makes the placement to improve: a profile, whose ranking is used under the
        filters of ``profile``, or any other installed scheduler, which may spend half
        the budget (an argument ``profile`` of it is set to this one's).
    """

    start: str = "dominant-share"

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
