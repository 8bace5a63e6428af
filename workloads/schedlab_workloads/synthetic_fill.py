"""The pods that run: nodes filled up to a share of what they offer."""

from __future__ import annotations

from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from schedlab.errors import InputError
from schedlab.model.objects import PODS, PodSpec
from schedlab_workloads.synthetic_arrivals import FILL_STREAM
from schedlab_workloads.synthetic_config import SyntheticConfig
from schedlab_workloads.synthetic_pools import Fill, Pool
from schedlab_workloads.synthetic_sets import ReplicaSets

Ints = NDArray[np.int64]


def draw_running(
    config: SyntheticConfig, seed: int
) -> tuple[list[ReplicaSets], NDArray[np.int32], NDArray[np.int32]]:
    """Draw the pods that fill the pools: their replica sets, each pod's set and its node's row.

    Raises
    ------
    InputError
        If not one pod fits into the share of any node of a pool.
    """
    groups: list[ReplicaSets] = []
    owners, rows = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    first_rows = accumulate((p.count for p in config.pools), initial=0)
    for i, (pool, first_row) in enumerate(zip(config.pools, first_rows, strict=False)):
        if pool.fill is None:
            continue
        rng = np.random.default_rng([seed, FILL_STREAM, i])
        sets = _draw_sets(config, pool, pool.fill, rng)
        owner, row = _fill(i, pool, pool.fill, sets.specs, rng)
        owners.append(owner + sum(len(g.specs) for g in groups))
        rows.append(row + first_row)
        groups.append(sets)
    return groups, np.concatenate(owners).astype(np.int32), np.concatenate(rows).astype(np.int32)


def _draw_sets(
    config: SyntheticConfig, pool: Pool, fill: Fill, rng: np.random.Generator
) -> ReplicaSets:
    pod_class = next(c for c in config.classes if c.name == fill.of)
    return ReplicaSets.draw(pod_class, rng, f"{fill.of}.{pool.name}", fill.sets)


def _fill(
    i: int, pool: Pool, fill: Fill, specs: list[PodSpec], rng: np.random.Generator
) -> tuple[Ints, Ints]:
    amounts = pool.amounts()
    resources = sorted({PODS, *amounts} | {r for s in specs for r, _ in s.requests})
    room = [int(fill.share * amounts.get(r, 0)) for r in resources]
    needs = [[1 if r == PODS else s.request(r) for r in resources] for s in specs]
    owner, row = fill_up(np.array(room), np.array(needs), pool.count, rng)
    if not len(row):
        raise InputError(
            f"pools[{i}].fill: no pod of class {fill.of!r} fits into {fill.share:.0%} of a node; "
            "raise the share or lower the requests"
        )
    return owner, row


def fill_up(room: Ints, needs: Ints, nodes: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Put random pods on each node until one does not fit.

    Parameters
    ----------
    room : int64, shape (R,)
        What the pods on one node may request together; the number of pods is among it.
    needs : int64, shape (S, R)
        What a pod of each kind requests.

    Returns
    -------
    kind, row : int64, shape (P,)
        The kind of each pod and the node that it is on.
    """
    left = np.tile(room, (nodes, 1))
    growing = np.arange(nodes)
    kinds, rows = [growing[:0]], [growing[:0]]
    while len(growing):
        drawn = rng.integers(0, len(needs), len(growing))
        fits = (needs[drawn] <= left[growing]).all(axis=1)
        growing, drawn = growing[fits], drawn[fits]
        left[growing] -= needs[drawn]
        kinds.append(drawn)
        rows.append(growing)
    return np.concatenate(kinds), np.concatenate(rows)
