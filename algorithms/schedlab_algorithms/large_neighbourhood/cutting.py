"""Into which patterns of shares to cut GPU devices, so that the most are left whole.

The shares that are placed are to be packed on the fewest devices: the cutting-stock problem
(Gilmore and Gomory, 1961), over the patterns that are there and those that, by the dual
values of its linear program, waste little.  Of all such plans one is wanted that breaks up
few of the devices there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from ortools.sat.python import cp_model

from schedlab.engine import PackingProblem
from schedlab_algorithms.cp_sat.lexicographic import HintedModel, Objective, solve_in_order
from schedlab_algorithms.large_neighbourhood.shares import Shares
from schedlab_algorithms.packing.arrays import WHOLE_DEVICE, Ints
from schedlab_algorithms.packing.effort import Effort
from schedlab_algorithms.packing.solving import COST_OF_VARIABLE

MOST_PATTERNS = 1000
"""How many new patterns are looked at."""

WASTE = 0.1
"""Which part of what a device is worth a new pattern may waste."""

MOST_BROKEN = 120
"""How many devices a plan may break up."""

WORTH_BREAKING = 40
"""How many devices may be broken up to make one more whole."""


Worths = tuple[Ints, Ints]
"""What a share of each signature is worth (S,), and a device by its room (1001,)."""


@dataclass(frozen=True)
class Plan:
    """Patterns (Q, K), and how many devices hold each now (Q,) and are to hold it (Q,)."""

    patterns: Ints
    now: Ints
    then: Ints

    @property
    def saved(self) -> int:
        """How many devices become whole."""
        return int(self.now.sum() - self.then.sum())


def plan(
    shares: Shares, problem: PackingProblem, worths: Worths, effort: Effort, share: float
) -> Plan:
    """Plan to leave more devices whole, within ``share`` deterministic seconds.

    Where nothing better is found, the plan is what there is.
    """
    of_size = _of_sizes(shares.sizes, problem, worths[0])
    new = islice(thrifty(shares.sizes, of_size, int(worths[1][WHOLE_DEVICE])), MOST_PATTERNS)
    known = set(map(tuple, shares.patterns.tolist()))
    added = np.array([p for p in new if p not in known], np.int64)
    patterns = np.concatenate([shares.patterns, added.reshape(-1, len(shares.sizes))])
    now = np.concatenate([shares.counts, np.zeros(len(added), np.int64)])
    model = _model(patterns, now)
    effort.charge(COST_OF_VARIABLE * len(model.variables))
    found = solve_in_order(model, [_goal(model, now)], effort, share)
    return Plan(patterns, now, np.array(found.values[: len(now)], np.int64))


def _of_sizes(sizes: Ints, problem: PackingProblem, of_signature: Ints) -> Ints:
    """Return what a share of each size is worth, shape (K,)."""
    worth = dict(zip(problem.gpu_milli.tolist(), of_signature.tolist(), strict=True))
    return np.array([worth[m] for m in sizes.tolist()], np.int64)


def thrifty(sizes: Ints, worths: Ints, device: int) -> Iterator[tuple[int, ...]]:
    """Yield the patterns (K,) worth most of a device, those with many large shares first."""
    if not device:
        return  # no worths are known
    most, least = _most_worth(sizes, worths), (1 - WASTE) * device
    wanted, pattern = int(np.ceil(least)), [0] * len(sizes)
    table, size, worth = most.tolist(), sizes.tolist(), worths.tolist()

    def extended(k: int, room: int, so_far: int) -> Iterator[tuple[int, ...]]:
        if k < 0:
            yield tuple(pattern)
            return
        for times in range(room // size[k], -1, -1):
            left, value = room - times * size[k], so_far + times * worth[k]
            if value + table[k][left] >= wanted:
                pattern[k] = times
                yield from extended(k - 1, left, value)
        pattern[k] = 0

    yield from extended(len(size) - 1, WHOLE_DEVICE, 0)


def _most_worth(sizes: Ints, worths: Ints) -> Ints:
    """Return what fits into 0 .. 1000 thousandths is worth at most, of the k smallest, (K+1, 1001).

    Row k is of the sizes before the k-th.
    """
    best = np.zeros((len(sizes) + 1, WHOLE_DEVICE + 1), np.int64)
    for k, (size, worth) in enumerate(zip(sizes.tolist(), worths.tolist(), strict=True)):
        best[k + 1] = best[k]
        for room in range(size, WHOLE_DEVICE + 1):
            best[k + 1, room] = max(best[k + 1, room], best[k + 1, room - size] + worth)
    return best


def _model(patterns: Ints, now: Ints) -> HintedModel:
    """Return variables: how many devices get each pattern, then how many lose theirs."""
    hinted, demand = HintedModel(), now @ patterns
    often = [int((demand[p > 0] // p[p > 0]).min()) for p in patterns]
    count = [hinted.integer(0, m, h) for m, h in zip(often, now.tolist(), strict=True)]
    held = np.flatnonzero(now).tolist()
    broken = [hinted.integer(0, int(now[q]), 0) for q in held]
    for size, amount in enumerate(demand.tolist()):
        taken = cp_model.LinearExpr.weighted_sum(count, patterns[:, size].tolist())
        hinted.model.add(taken == amount)
    for q, lost in zip(held, broken, strict=True):
        hinted.model.add(count[q] + lost >= int(now[q]))
    hinted.model.add(cp_model.LinearExpr.sum(broken) <= MOST_BROKEN)
    return hinted


def _goal(model: HintedModel, now: Ints) -> Objective:
    patterns, lost = len(now), len(model.variables) - len(now)
    weights = [-WORTH_BREAKING] * patterns + [-1] * lost
    return Objective(model.variables, weights, WORTH_BREAKING * int(now.sum()) + MOST_BROKEN)
