"""Greedy packings into equal bins, a whole family at once.

Bin-centric: one bin is filled at a time with the item that suits it best (Panigrahy et al.,
Heuristics for Vector Bin Packing, 2011).  Every rule packs with every weighting of the
dimensions, and all of them take their steps together.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from schedlab_algorithms.patterns.problem import BinPacking, Floats, Ints


def greedy_packings(problem: BinPacking, generator: np.random.Generator, extra: int) -> list[Ints]:
    """Return packings of everything, each of shape (bins, T), the shortest first.

    Parameters
    ----------
    extra
        How many weightings are drawn at random, beside the fixed ones.
    """
    share = np.maximum(problem.sizes, 0) / np.maximum(problem.capacity[0], 1)
    weights = np.concatenate(list(_weightings(problem, share, generator, extra)))
    packings = [_filled(problem, share, weights, rule) for rule in ("sum", "dot", "norm", "cosine")]
    return sorted((p for part in packings for p in part), key=len)


def _weightings(
    problem: BinPacking, share: Floats, generator: np.random.Generator, extra: int
) -> Iterator[Floats]:
    """Yield weights of the dimensions, shape (?, K)."""
    total = problem.demand @ share / max(int(problem.demand.sum()), 1)
    yield np.ones((1, share.shape[1]))
    yield np.stack([total**power for power in (0.5, 1.0, 2.0, 4.0)])
    yield np.exp(4 * total)[None, :]
    yield generator.dirichlet(np.full(share.shape[1], 2.0), extra)


def _filled(problem: BinPacking, share: Floats, weights: Floats, rule: str) -> list[Ints]:
    """Return one packing for each weighting."""
    tries, types = len(weights), len(problem.demand)
    left = np.tile(problem.demand, (tries, 1))
    room = np.tile(problem.capacity[0], (tries, 1))
    current = np.zeros((tries, types), np.int64)
    done: list[list[Ints]] = [[] for _ in range(tries)]
    static = _static(share, weights)
    active = np.arange(tries)
    while len(active):
        fits = left[active] > 0
        for k, size in enumerate(problem.sizes.T):
            fits &= size <= room[active, k, None]
        fits &= current[active] < problem.most[0]
        free = np.maximum(room[active], 0) / np.maximum(problem.capacity[0], 1)
        score = _score(rule, share, weights[active], static[active], free)
        chosen = np.where(fits, score, -np.inf).argmax(axis=1)
        some = fits[np.arange(len(active)), chosen]
        for full in active[~some]:
            done[full].append(current[full].copy())
            current[full], room[full] = 0, problem.capacity[0]
        at, item = active[some], chosen[some]
        room[at] -= problem.sizes[item]
        left[at, item] -= 1
        current[at, item] += 1
        active = active[(left[active] > 0).any(axis=1) | some]
    return [np.array(bins) for bins in done]


def _static(share: Floats, weights: Floats) -> Floats:
    """Return the weighted size of each item, shape (tries, T)."""
    return weights @ share.T


def _score(rule: str, share: Floats, weights: Floats, static: Floats, free: Floats) -> Floats:
    """Return by how much each try likes each item, given what is free, shape (tries, T)."""
    if rule == "sum":
        return static
    if rule == "dot":
        return (weights * free) @ share.T
    if rule == "cosine":
        length = np.sqrt(np.maximum(weights @ (share**2).T, 1e-12))
        return (weights * free) @ share.T / length
    squared = weights @ (share**2).T - 2 * (weights * free) @ share.T
    return -squared - (weights * free**2).sum(axis=1)[:, None]
