"""MinimumNodes: vector bin packing with patterns of what one node holds."""

from __future__ import annotations

from functools import partial

from schedlab.api import Budget, Cluster, Placement, PodBatch, Scheduler
from schedlab_algorithms.minimum_nodes.search import improve
from schedlab_algorithms.packing.arguments import at_least, some_start
from schedlab_algorithms.packing.packed import alone, packed
from schedlab_algorithms.packing.starts import best_starts
from schedlab_algorithms.packing.work import Work


class MinimumNodes(Scheduler):
    """Places a batch on as few nodes as possible, under the filters of a profile.

    The pods placed come first, priority by priority from the highest down; then the nodes
    in use.  The best of some greedy starts is improved by ejection chains (Glover, 1996) and
    by column generation (Gilmore and Gomory, 1961): nodes alike are a kind, what one of them
    may hold is a pattern, and whole nodes are found by diving in the linear program over
    patterns.  ``info["nodes_bound"]`` is a number of nodes below which nobody places all pods.

    The answer is never worse than any of the starts, and the same on every run for a seed
    and an effort, unless the wall clock cut the search (``info["repeatable"]`` is 0).  Pods
    with GPUs, spread constraints or rules that the model does not state are moved by ejection
    chains alone, or stay where the start put them (``info["fixed_pods"]``).

    Parameters
    ----------
    profile : str
        The profile whose filters hold.
    start : tuple of str
        Profiles whose ranking makes the greedy starts.
    kinds : int
        The most kinds of nodes for which patterns are generated; beyond that only those nodes
        take part that may become empty, and if these are of more kinds, none.
    rounds : int
        Rounds of column generation before the first dive, and after each until it has settled.
    patience : int
        How many dives in a row may bring nothing before the search ends.

    Raises
    ------
    InputError
        For an unknown profile, no start, or a number out of range.
    """

    profile: str = "kubernetes"
    start: tuple[str, ...] = ("best-fit", "dot-product", "dominant-share", "most-allocated")
    kinds: int = 64
    rounds: int = 40
    patience: int = 6

    def __post_init__(self) -> None:
        some_start(self.start)
        at_least(1, kinds=self.kinds, rounds=self.rounds, patience=self.patience)

    def schedule(self, cluster: Cluster, pods: PodBatch, budget: Budget) -> Placement:
        """Place the batch; see the class."""
        starts = partial(best_starts, self.start)
        return packed(cluster, pods, budget, self.profile, starts, alone(self._improve))

    def _improve(self, work: Work) -> None:
        improve(work, self.kinds, self.rounds, self.patience)
