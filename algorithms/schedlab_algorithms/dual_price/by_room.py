"""What DualPrice and ColumnGeneration share: a quick start, improved by room alone."""

from __future__ import annotations

from abc import abstractmethod
from functools import partial

from schedlab.api import Budget, Cluster, Placement, PodBatch, Scheduler
from schedlab_algorithms.packing.arguments import at_least
from schedlab_algorithms.packing.objectives import checked
from schedlab_algorithms.packing.packed import alone, packed
from schedlab_algorithms.packing.starts import guided_start
from schedlab_algorithms.packing.work import Work


class PackingByRoom(Scheduler):
    """Packs a batch by room alone, from a quick greedy start on.

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
        How many rounds of that over all nodes may bring nothing before the search ends.

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
        at_least(1, nodes=self.nodes, patience=self.patience)

    def schedule(self, cluster: Cluster, pods: PodBatch, budget: Budget) -> Placement:
        """Place the batch; see the class."""
        starts, better = partial(guided_start, self.start), alone(self._improve)
        return packed(cluster, pods, budget, self.profile, starts, better, self.objectives)

    @abstractmethod
    def _improve(self, work: Work) -> None:
        """Improve the start."""
