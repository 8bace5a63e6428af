"""DualPrice: a quick greedy start, then many nodes at a time packed anew at dual prices."""

from __future__ import annotations

from schedlab_algorithms.dual_price.by_room import PackingByRoom
from schedlab_algorithms.dual_price.search import improve
from schedlab_algorithms.filling.items import Items
from schedlab_algorithms.packing.work import Work


class DualPrice(PackingByRoom):
    """Packs a batch at the prices of a linear program, whether or not nodes are alike.

    The cluster is packed anew some hundred nodes at a time.  A linear program says which
    pods belong on them and what these are worth beyond what they would be worth
    elsewhere.  Nodes are then filled together: most of the way at random in the proportions
    of the program, the last two pods of each by the best of all pairs that fit, and some
    pods are exchanged.  What is worse than before is undone.

    What it promises, and its arguments, are those of :class:`PackingByRoom`.
    """

    def _improve(self, work: Work) -> None:
        improve(work, Items.of(work), self.nodes, self.patience)
