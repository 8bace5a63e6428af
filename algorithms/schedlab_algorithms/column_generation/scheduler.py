"""ColumnGeneration: a quick greedy start, then patterns for kinds of nodes by column generation."""

from __future__ import annotations

import numpy as np

from schedlab_algorithms.column_generation.generation import Generation
from schedlab_algorithms.column_generation.kinds import Kinds
from schedlab_algorithms.column_generation.search import generate
from schedlab_algorithms.dual_price.by_room import PackingByRoom
from schedlab_algorithms.dual_price.search import improve, part_for
from schedlab_algorithms.filling.items import Items
from schedlab_algorithms.filling.planning import plan
from schedlab_algorithms.filling.repacking import lifted
from schedlab_algorithms.packing.arguments import at_least
from schedlab_algorithms.packing.work import Work


class ColumnGeneration(PackingByRoom):
    """Packs a batch by patterns: ways to fill a node, chosen for each kind of equal nodes.

    After Gilmore and Gomory (1961): a linear program says how many nodes of a kind get which
    pattern, and its prices which further patterns are worth having.  These are sought for all
    kinds at once, at random but exactly in their last two pods, and by an exact search when
    that finds none any more.  The program's solution is rounded, and CP-SAT chooses whole
    numbers of the patterns that there are; nodes without one are filled at dual prices from
    the pods that are left, as are all nodes in turn when there is effort left.

    It is made for few kinds of nodes and pods.  With more than ``kinds`` kinds of nodes it
    does what DualPrice does.

    What it promises, and its other arguments, are those of :class:`PackingByRoom`.

    Parameters
    ----------
    kinds : int
        How many kinds of nodes there may be for patterns to be of use.
    rounds : int
        How often patterns are sought at random at most.
    """

    kinds: int = 400
    rounds: int = 200

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(1, kinds=self.kinds, rounds=self.rounds)

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
            planned = plan(filling, items.weights, kinds.of)
            generator = np.random.default_rng(work.effort.seed)
            generation = Generation(work, items, filling, kinds, planned, generator)
            generate(work, generation, nodes, self.rounds)
