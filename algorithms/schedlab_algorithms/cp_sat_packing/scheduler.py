"""CpSatPacking: greedy starts, improved by packing small parts of the cluster exactly."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from schedlab.api import Budget, Cluster, Placement, PodBatch, Scheduler
from schedlab.errors import InputError
from schedlab_algorithms.cp_sat_packing.neighbourhoods import Chooser
from schedlab_algorithms.cp_sat_packing.search import Search
from schedlab_algorithms.packing.packed import packed
from schedlab_algorithms.packing.starts import best_starts
from schedlab_algorithms.packing.work import Work


class CpSatPacking(Scheduler):
    """Packs a batch with OR-Tools CP-SAT under the filters of a profile.

    Maximises the pods placed, priority by priority from the highest down, then minimises
    the nodes used.  The best of some greedy starts is improved by ejection chains
    (Glover, 1996) and then by large-neighbourhood search (Shaw, 1998): a few nodes are
    freed and packed to the optimum together with waiting pods.  A batch that is small
    enough is packed as a whole.

    The answer is never worse than any of the starts, and the same on every run for a seed
    and an effort, unless the wall clock cut the search (``info["repeatable"]`` is 0).
    Pods with rules that the model does not state stay where the start put them
    (``info["fixed_pods"]``).

    Parameters
    ----------
    profile : str
        The profile whose filters hold.
    start : tuple of str
        Profiles whose ranking makes the greedy starts.
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
        For an unknown profile, no start, or a number out of range.
    """

    profile: str = "kubernetes"
    start: tuple[str, ...] = ("kubernetes", "best-fit", "dot-product", "dominant-share")
    nodes: int = 8
    waiting: int = 24
    full_model: int = 3000
    round_effort: float = 0.1
    patience: int = 100

    def __post_init__(self) -> None:
        if not self.start:
            raise InputError("start: expected the name of at least one profile, got none")
        least = {"nodes": 2, "waiting": 0, "full_model": 0, "patience": 0}
        for name, low in least.items():
            if getattr(self, name) < low:
                raise InputError(f"{name}: expected at least {low}, got {getattr(self, name)}")
        if not self.round_effort > 0:
            raise InputError(f"round_effort: expected more than 0, got {self.round_effort}")

    def schedule(self, cluster: Cluster, pods: PodBatch, budget: Budget) -> Placement:
        """Place the batch; see the class."""
        starts = partial(best_starts, self.start)
        return packed(cluster, pods, budget, self.profile, starts, self._improve)

    def _improve(self, works: Sequence[Work]) -> Work:
        """Spend half the effort on the last, most valuable start, the rest on the best."""
        searches: list[Search] = []
        for work in works:
            if not any(s.work.optimal for s in searches):
                searches.append(self._begin(work))
        choosers = {id(s): self._chooser(s.work) for s in searches}
        for search in searches[1:]:
            if not search.work.optimal:
                half = search.work.effort.left / 2
                search.run(choosers[id(search)], self.round_effort, self.patience, half)
        best = max(searches, key=lambda s: s.work.incumbent.value)
        if not best.work.optimal:
            best.run(choosers[id(best)], self.round_effort, self.patience)
        return best.work

    def _begin(self, work: Work) -> Search:
        """Improve a start by what is quick: the whole if it is small, else ejection chains."""
        search = Search(work)
        if search.pairs <= self.full_model:
            search.pack_whole(work.effort.left / 2)
        if not work.optimal:
            search.eject(work.effort.left / 6)
        return search

    def _chooser(self, work: Work) -> Chooser:
        generator = np.random.default_rng(work.effort.seed)
        return Chooser(
            work.incumbent, work.certificate, work.movable, self.nodes, self.waiting, generator
        )
