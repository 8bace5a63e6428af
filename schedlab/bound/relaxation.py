"""Signatures x groups of nodes, each group one big node: what every bound is computed from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

import numpy as np

from schedlab.api import never
from schedlab.bound.apart import Grouping, rows_apart
from schedlab.bound.devices import gpu_columns
from schedlab.bound.exclusion import Exclusion
from schedlab.bound.groups import groups, kinds
from schedlab.bound.problem import Floats, Ints, Mask, PackingProblem, copies
from schedlab.bound.rows import Rows, stacked
from schedlab.bound.rules import NO_RULES, Gangs, PodRules
from schedlab.bound.spread import rows_spread


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
    between : Rows
        What rules between pods say of the pods in groups.
    apart : tuple of bool arrays, shape (S,)
        Sets of signatures of whose pods no two share a node.
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
    between: Rows = field(default_factory=Rows.none)
    apart: tuple[Mask, ...] = ()

    @property
    def units(self) -> Floats:
        """A power of two near each resource's largest request: dividing by it is exact, (K,)."""
        return np.exp2(np.frexp(np.maximum(self.requests.max(axis=0, initial=1), 1))[1])

    @property
    def placeable(self) -> Ints:
        """How many pods of each signature could be placed if there were no others, (S,)."""
        return np.minimum(self.most.sum(axis=1), self.supply)


def relax(
    problem: PackingProblem,
    rules: PodRules = NO_RULES,
    cancelled: Callable[[], bool] = never,
) -> Relaxation:
    """Aggregate the nodes of a problem, as the batch finds them, into groups.

    Once ``cancelled()`` is true no more is learnt of the rules between pods, nor of how many
    pods groups could hold: what remains is a relaxation, a weaker one.
    """
    problem = problem.admitting(rules.admitted)
    examples, kind = kinds(problem, rules.zones(len(problem.slots)))
    of_kind = groups(problem, examples)
    group = of_kind[kind]
    count = int(of_kind.max(initial=-1)) + 1
    requests, offered = demand_and_offer(problem)
    capacity, largest = (np.zeros((count, offered.shape[1]), np.int64) for _ in range(2))
    np.add.at(capacity, group, offered)
    np.maximum.at(largest, group, offered)
    occupied = np.zeros(count, np.bool_)
    occupied[group] = problem.occupied
    apart = _apart(problem, rules.exclusions)
    most = _most(problem, rules.gangs, apart, examples, kind, of_kind, cancelled)
    grouping, waiting = Grouping(examples, kind, group, most), lambda _: not cancelled()
    between = rows_apart(problem, grouping, takewhile(waiting, rules.exclusions))
    between += rows_spread(problem, group, most, takewhile(waiting, rules.spreads))
    return Relaxation(
        requests=requests,
        capacity=capacity,
        largest=largest,
        nodes=np.bincount(group, minlength=count),
        occupied=occupied,
        most=most,
        supply=problem.supply,
        tier=problem.tier,
        group=group,
        between=stacked(between),
        apart=apart,
    )


def demand_and_offer(problem: PackingProblem) -> tuple[Ints, Ints]:
    """Return what pods take (S, K) and what nodes offer (N, K): resources, pods, GPU views.

    What no pods can fill is not offered: all that they take of a node are multiples of what
    their requests have in common.
    """
    taken, gpus = gpu_columns(problem)
    requests = np.column_stack([problem.requests, np.ones_like(problem.supply), taken])
    offered = np.column_stack([problem.free, problem.slots, gpus])
    common = np.maximum(np.gcd.reduce(requests, axis=0), 1)
    return requests, offered // common * common


def _most(
    problem: PackingProblem,
    gangs: Gangs,
    apart: Sequence[Mask],
    examples: Ints,
    kind: Ints,
    group: Ints,
    cancelled: Callable[[], bool],
) -> Ints:
    """Return the pods of each signature that each group could hold alone, shape (S, G).

    None of gangs of which not enough could be placed.  Once ``cancelled()`` is true, all that
    wait, for a signature that has not had its turn.
    """
    free, slots = problem.free[examples], problem.slots[examples]
    devices, may = problem.devices[examples], problem.eligible[:, examples]
    times, count = np.bincount(kind, minlength=len(examples)), int(group.max(initial=-1)) + 1
    most = np.zeros((len(problem.specs), count), np.int64)
    alone: Mask = np.logical_or.reduce([np.zeros(len(most), np.bool_), *apart])
    for s, eligible in enumerate(may):
        if cancelled():
            most[s:] = problem.supply[s:, None]
            break
        fits = np.where(eligible, copies(problem, s, free, slots, devices), 0)
        fits = np.minimum(fits, 1) if alone[s] else fits
        most[s] = np.bincount(group, fits * times, minlength=count)
    most = np.minimum(most, problem.supply[:, None])
    for members, least in gangs:
        if np.minimum(most[members].sum(axis=1), problem.supply[members]).sum() < least:
            most[members] = 0
    return most


def _apart(problem: PackingProblem, exclusions: Sequence[Exclusion]) -> tuple[Mask, ...]:
    """Return sets of signatures of whose pods no two share a node.

    Who may go to a node that is in no domain is in none of them.
    """
    found = []
    for exclusion in exclusions:
        single, free = np.flatnonzero(exclusion.single), np.flatnonzero(exclusion.domain < 0)
        apart = exclusion.single.copy()
        apart[single] = ~problem.eligible[np.ix_(single, free)].any(axis=1)
        found.append(apart)
    return tuple(apart for apart in found if apart.any())
