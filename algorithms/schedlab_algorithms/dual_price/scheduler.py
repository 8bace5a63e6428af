"""DualPrice: a quick greedy start, then many nodes at a time packed anew at dual prices."""

from __future__ import annotations

from functools import partial

from schedlab.api import Budget, Cluster, Placement, PodBatch, Scheduler
from schedlab_algorithms.dual_price.search import improve
from schedlab_algorithms.filling.items import Items
from schedlab_algorithms.packing.arguments import at_least_one
from schedlab_algorithms.packing.objectives import checked
from schedlab_algorithms.packing.packed import alone, packed
from schedlab_algorithms.packing.starts import guided_start
from schedlab_algorithms.packing.work import Work


class DualPrice(Scheduler):
    """Packs a batch at the prices of a linear program, whether or not nodes are alike.

    The cluster is packed anew some hundred nodes at a time.  A linear program says which
    pods belong on them and what these are worth beyond what they would be worth
    elsewhere.  Nodes are then filled together: most of the way at random in the proportions
    of the program, the last two pods of each by the best of all pairs that fit, and some
    pods are exchanged.  What is worse than before is undone.

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
    nodes : int
        How many nodes are packed anew at a time.
    patience : int
        How many rounds over all nodes may bring nothing before the search ends.

    Raises
    ------
    InputError
        For an unknown profile or objective, or a number out of range.
    """

    profile: str = "kubernetes"
    start: str = "dot-product"
    objectives: tuple[str, ...] = ("value",)
    nodes: int = 500
    patience: int = 3

    def __post_init__(self) -> None:
        checked(self.objectives)
        at_least_one(nodes=self.nodes, patience=self.patience)

    def schedule(self, cluster: Cluster, pods: PodBatch, budget: Budget) -> Placement:
        """Place the batch; see the class."""
        starts = partial(guided_start, self.start)
        better = alone(self._improve)
        return packed(cluster, pods, budget, self.profile, starts, better, self.objectives)

    def _improve(self, work: Work) -> None:
        improve(work, Items.of(work), self.nodes, self.patience)
