"""Signatures x groups of nodes, each group one big node: what every bound is computed from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from schedlab.bound.devices import gpu_columns
from schedlab.bound.groups import groups, kinds
from schedlab.bound.problem import Floats, Ints, Mask, PackingProblem, copies


@dataclass(frozen=True)
class Relaxation:
    """An aggregated problem of which every placement of the batch is a solution.

    Attributes
    ----------
    requests : int64, shape (S, K)
        Resources, then pods, then views of the GPU thousandths.
    capacity : int64, shape (G, K)
        Summed over the nodes of a group.
    largest : int64, shape (G, K)
        The most that one node of the group offers.
    nodes : int64, shape (G,)
    occupied : bool, shape (G,)
        Groups of nodes that hold pods which are not of the batch.
    most : int64, shape (S, G)
        Pods of a signature that the group's nodes could hold if they got no others.
    supply, tier : int64, shape (S,)
    group : int64, shape (N,)
        The group of each node.
    """

    requests: Ints
    capacity: Ints
    largest: Ints
    nodes: Ints
    occupied: Mask
    most: Ints
    supply: Ints
    tier: Ints
    group: Ints

    @property
    def units(self) -> Floats:
        """A power of two near each resource's largest request: dividing by it is exact, (K,)."""
        return np.exp2(np.frexp(np.maximum(self.requests.max(axis=0, initial=1), 1))[1])

    @property
    def placeable(self) -> Ints:
        """How many pods of each signature could be placed if there were no others, (S,)."""
        return np.minimum(self.most.sum(axis=1), self.supply)


def relax(problem: PackingProblem) -> Relaxation:
    """Aggregate the nodes of a problem, as the batch finds them, into groups."""
    examples, kind = kinds(problem)
    of_kind = groups(problem, examples)
    group = of_kind[kind]
    count = int(of_kind.max(initial=-1)) + 1
    requests, offered = demand_and_offer(problem)
    capacity, largest = (np.zeros((count, offered.shape[1]), np.int64) for _ in range(2))
    np.add.at(capacity, group, offered)
    np.maximum.at(largest, group, offered)
    occupied = np.zeros(count, np.bool_)
    occupied[group] = problem.occupied
    return Relaxation(
        requests=requests,
        capacity=capacity,
        largest=largest,
        nodes=np.bincount(group, minlength=count),
        occupied=occupied,
        most=_most(problem, examples, np.bincount(kind, minlength=len(examples)), of_kind, count),
        supply=problem.supply,
        tier=problem.tier,
        group=group,
    )


def demand_and_offer(problem: PackingProblem) -> tuple[Ints, Ints]:
    """Return what pods take (S, K) and what nodes offer (N, K): resources, pods, GPU views."""
    taken, gpus = gpu_columns(problem)
    requests = np.column_stack([problem.requests, np.ones_like(problem.supply), taken])
    return requests, np.column_stack([problem.free, problem.slots, gpus])


def _most(problem: PackingProblem, examples: Ints, times: Ints, group: Ints, count: int) -> Ints:
    """Return the pods of each signature that each group could hold alone, shape (S, G)."""
    free, slots = problem.free[examples], problem.slots[examples]
    devices, may = problem.devices[examples], problem.eligible[:, examples]
    most = np.zeros((len(problem.specs), count), np.int64)
    for s, eligible in enumerate(may):
        fits = np.where(eligible, copies(problem, s, free, slots, devices), 0) * times
        most[s] = np.bincount(group, fits, minlength=count)
    return np.minimum(most, problem.supply[:, None])
