"""The nodes of a work as bins of a few kinds, and the pods that may move as items."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from schedlab_algorithms.packing.arrays import Ints, Mask
from schedlab_algorithms.packing.incumbent import Incumbent
from schedlab_algorithms.packing.work import Work
from schedlab_algorithms.patterns.problem import BinPacking, copies_that_fit


@dataclass(frozen=True)
class NodesAsBins:
    """Some nodes without the pods that may move, grouped by kind, and these pods.

    Attributes
    ----------
    problem : BinPacking
        A type for each signature, a kind for nodes alike.  A node costs 1 if it is in use for
        nothing but pods that may move, else 0.
    signatures : int64, shape (T,)
        Of the types.
    nodes : int64, shape (n,)
        Ascending.
    kind : int64, shape (n,)
        Of each node.
    held : int64, shape (n, T)
        What each node holds now.
    complete : bool
        Whether these are all pods and all nodes, so that a bound for them is one for everybody.
    """

    problem: BinPacking
    signatures: Ints
    nodes: Ints
    kind: Ints
    held: Ints
    complete: bool

    @property
    def cost(self) -> int:
        """The nodes in use that cost something."""
        used = self.held.any(axis=1)
        return int(self.problem.cost[self.kind[used]].sum())

    def rows(self, kind: int) -> Ints:
        """Return the nodes of a kind."""
        return self.nodes[self.kind == kind]


def movable_items(work: Work) -> Ints:
    """Return the signatures whose placed pods are held to nothing but room and eligibility, (T,).

    Pods with GPUs are not among them: devices are more than a sum.
    """
    problem = work.incumbent.problem
    placed = work.incumbent.placed() > 0
    return np.flatnonzero(work.loose & placed & (problem.gpu_count == 0))


def nodes_as_bins(work: Work, most_kinds: int) -> NodesAsBins | None:
    """Return the nodes as bins; only those that may become empty if the others are too many.

    None if even these are of more than ``most_kinds`` kinds, or nothing can move.
    """
    signatures = movable_items(work)
    every = np.arange(len(work.incumbent.slots))
    whole = _grouped(work, signatures, every)
    if whole is None or len(whole.problem.bins) <= most_kinds:
        return whole
    costly = whole.nodes[whole.problem.cost[whole.kind] > 0]
    part = _grouped(work, signatures, costly)
    return part if part is not None and len(part.problem.bins) <= most_kinds else None


def _grouped(work: Work, signatures: Ints, nodes: Ints) -> NodesAsBins | None:
    """Lift the pods that may move from some nodes, and group the nodes by what is left."""
    incumbent, problem = work.incumbent, work.incumbent.problem
    held = incumbent.counts[np.ix_(signatures, nodes)].T.astype(np.int64)
    demand = held.sum(axis=0)
    signatures, held, demand = signatures[demand > 0], held[:, demand > 0], demand[demand > 0]
    if not len(signatures):
        return None
    sizes, free = _sizes(incumbent, signatures, nodes)
    room = free + held @ sizes
    eligible = problem.eligible[np.ix_(signatures, nodes)].T
    others = problem.slots[nodes] - incumbent.slots[nodes] - held.sum(axis=1)
    cost = (~problem.occupied[nodes] & (others == 0)).astype(np.int64)
    first, kind = _alike(room, eligible, cost)
    bins = BinPacking(
        sizes=sizes,
        demand=demand,
        capacity=room[first],
        bins=np.bincount(kind, minlength=len(first)),
        cost=cost[first],
        most=_most(sizes, demand, room[first], eligible[first]),
    )
    placed = int(incumbent.placed().sum())
    complete = placed == int(demand.sum()) and len(nodes) == len(incumbent.slots)
    return NodesAsBins(bins, signatures, nodes, kind, held, complete)


def _sizes(incumbent: Incumbent, signatures: Ints, nodes: Ints) -> tuple[Ints, Ints]:
    """Return what pods take (T, K) and nodes have free (n, K): resources asked for, and pods."""
    requests = incumbent.problem.requests[signatures]
    resources = np.flatnonzero(requests.any(axis=0))
    sizes = np.column_stack([requests[:, resources], np.ones(len(signatures), np.int64)])
    free = incumbent.free[np.ix_(nodes, resources)]
    return sizes, np.column_stack([free, incumbent.slots[nodes]])


def _most(sizes: Ints, demand: Ints, room: Ints, eligible: Mask) -> Ints:
    """Return how many pods of each type alone fit on a node of each kind, shape (G, T)."""
    fit = np.array([copies_that_fit(sizes, capacity) for capacity in room])
    return np.where(eligible, np.minimum(fit, demand), 0)


def _alike(room: Ints, eligible: Mask, cost: Ints) -> tuple[Ints, Ints]:
    """Return a position of each distinct node (G,), and each node's kind (n,)."""
    table = np.column_stack([room, cost]).view(np.uint8).reshape(len(room), -1)
    rows = np.hstack([table, np.packbits(eligible, axis=1)])
    keys = np.ascontiguousarray(rows).view(f"V{rows.shape[1]}").ravel()
    _, first, kind = np.unique(keys, return_index=True, return_inverse=True)
    return first.astype(np.int64), kind.astype(np.int64)
