"""ColumnGeneration: a quick greedy start, then patterns for kinds of nodes by column generation."""

from __future__ import annotations

from functools import partial

import numpy as np

from schedlab.api import Budget, Cluster, Placement, PodBatch, Scheduler
from schedlab_algorithms.column_generation.generation import Generation
from schedlab_algorithms.column_generation.kinds import Kinds
from schedlab_algorithms.column_generation.search import generate
from schedlab_algorithms.dual_price.search import improve, part_for
from schedlab_algorithms.filling.items import Items
from schedlab_algorithms.filling.planning import plan
from schedlab_algorithms.filling.repacking import lifted
from schedlab_algorithms.packing.arguments import at_least_one
from schedlab_algorithms.packing.objectives import checked
from schedlab_algorithms.packing.packed import alone, packed
from schedlab_algorithms.packing.starts import guided_start
from schedlab_algorithms.packing.work import Work


class ColumnGeneration(Scheduler):
    """Packs a batch by patterns: ways to fill a node, chosen for each kind of equal nodes.

    After Gilmore and Gomory (1961): a linear program says how many nodes of a kind get which
    pattern, and its prices which further patterns are worth having.  These are sought for all
    kinds at once, at random but exactly in their last two pods, and by an exact search when
    that finds none any more.  The program's solution is rounded, and CP-SAT chooses whole
    numbers of the patterns that there are; nodes without one are filled at dual prices from
    the pods that are left, as are all nodes in turn when there is effort left.

    It is made for few kinds of nodes and pods.  With more than ``kinds`` kinds of nodes it
    does what DualPrice does.

    The answer is never worse than the start, and the same on every run for a seed and an
    effort, unless the wall clock cut the search (``info["repeatable"]`` is 0).  Pods with
    GPUs or with rules on other pods stay where the start put them.

    Parameters
    ----------
    profile : str
        The profile whose filters hold.
    start : str
        The profile whose ranking makes the greedy start.
    objectives : tuple of str
        What is maximised, in this order.
    kinds : int
        How many kinds of nodes there may be for patterns to be of use.
    rounds : int
        How often patterns are sought at random at most.
    nodes : int
        How many nodes are then packed anew at a time.
    patience : int
        How many rounds of that over all nodes may bring nothing before the search ends.

    Raises
    ------
    InputError
        For an unknown profile or objective, or a number out of range.
    """

    profile: str = "kubernetes"
    start: str = "dot-product"
    objectives: tuple[str, ...] = ("value",)
    kinds: int = 400
    rounds: int = 200
    nodes: int = 500
    patience: int = 3

    def __post_init__(self) -> None:
        checked(self.objectives)
        at_least_one(kinds=self.kinds, rounds=self.rounds, nodes=self.nodes, patience=self.patience)

    def schedule(self, cluster: Cluster, pods: PodBatch, budget: Budget) -> Placement:
        """Place the batch; see the class."""
        starts = partial(guided_start, self.start)
        better = alone(self._improve)
        return packed(cluster, pods, budget, self.profile, starts, better, self.objectives)

    def _improve(self, work: Work) -> None:
        items = Items.of(work)
        if len(items) and not work.effort.exhausted():
            with work.effort.within(part_for(work, items)):
                self._generate(work, items)
        improve(work, items, self.nodes, self.patience)

    def _generate(self, work: Work, items: Items) -> None:
        nodes = items.hosts(work.incumbent)
        filling = lifted(work, items, nodes)
        kinds = Kinds.among(filling)
        work.counters["kinds"] = len(kinds)
        if 0 < len(kinds) <= self.kinds:
            planned = plan(filling, items.weights, kinds.of, work.effort.seconds)
            generator = np.random.default_rng(work.effort.seed)
            generation = Generation(work, items, filling, kinds, planned, generator)
            generate(work, generation, nodes, self.rounds)
