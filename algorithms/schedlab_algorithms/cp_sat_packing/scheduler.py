"""CpSatPacking: greedy starts, improved by packing small parts of the cluster exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from schedlab import engine
from schedlab.api import Budget, Cluster, Placement, PodBatch, Scheduler
from schedlab.errors import InputError
from schedlab_algorithms.cp_sat_packing.answer import fill, placement_of, put
from schedlab_algorithms.cp_sat_packing.certificate import Certificate, certify
from schedlab_algorithms.cp_sat_packing.effort import Effort
from schedlab_algorithms.cp_sat_packing.fixed import Rules, rules_of
from schedlab_algorithms.cp_sat_packing.neighbourhoods import Chooser
from schedlab_algorithms.cp_sat_packing.report import report
from schedlab_algorithms.cp_sat_packing.search import Search
from schedlab_algorithms.cp_sat_packing.starts import Start, Trials, best_starts, under


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
        # It packs the room there is: nobody is evicted for it.
        profile = replace(engine.profile(self.profile), post_filter=None)
        schedulers = [under(profile, engine.profile(name)) for name in self.start]
        effort = Effort.of(budget)
        problem = engine.packing_problem(profile, cluster, pods)
        certificate = certify(problem, effort)
        rules = rules_of(profile, cluster, pods.specs)
        trials = Trials(cluster, pods, problem, budget.seed)
        starts = best_starts(trials, schedulers, certificate, effort)
        searches: list[Search] = []
        for start in starts:
            if not any(s.optimal for s in searches):
                searches.append(self._begin(start, rules, certificate, effort))
        search = self._improve(searches)
        start = starts[searches.index(search)]
        placement = placement_of(search, pods, start.placement)
        put(cluster, pods, placement)
        fill(cluster, pods, placement, start.scheduler, budget)
        placement.info = report(problem, pods, placement, start, search, certificate)
        return placement

    def _begin(
        self, start: Start, rules: Rules, certificate: Certificate, effort: Effort
    ) -> Search:
        """Improve a start by what is quick: the whole if it is small, else ejection chains."""
        movable, parts = rules.movable(start.incumbent.counts)
        search = Search(start.incumbent, certificate, movable, parts, effort)
        if search.pairs <= self.full_model:
            search.pack_whole(effort.left / 2)
        if not search.optimal:
            search.eject(effort.left / 6)
        return search

    def _improve(self, searches: Sequence[Search]) -> Search:
        """Spend half the effort on the last, most valuable start, the rest on the best."""
        choosers = {id(s): self._chooser(s) for s in searches}
        for search in searches[1:]:
            if not search.optimal:
                half = search.effort.left / 2
                search.run(choosers[id(search)], self.round_effort, self.patience, half)
        best = max(searches, key=lambda s: s.incumbent.value)
        if not best.optimal:
            best.run(choosers[id(best)], self.round_effort, self.patience)
        return best

    def _chooser(self, search: Search) -> Chooser:
        generator = np.random.default_rng(search.effort.seed)
        return Chooser(
            search.incumbent,
            search.certificate,
            search.movable,
            self.nodes,
            self.waiting,
            generator,
        )
