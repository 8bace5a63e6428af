"""Published arrival orders and node ranks of the ATC 2023 experiments, by workload and seed."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from schedlab.errors import InputError

Ints = NDArray[np.int64]

POD_ORDER = "pod_order.csv.gz"
NODE_RANK = "node_rank.csv.gz"


def pod_order(folder: Path, workload: str, seed: int) -> Ints:
    """Return the arrivals as positions in the name-sorted pod list, repeats included."""
    return _find(folder / POD_ORDER, "order", workload, seed)


def node_rank(folder: Path, workload: str, seed: int) -> Ints:
    """Return the rank of each node in the order of names: among equals the least wins."""
    ranks = _find(folder / NODE_RANK, "rank_of_node_in_name_order", workload, seed)
    if (np.sort(ranks) != np.arange(len(ranks))).any():
        raise InputError(f"{folder / NODE_RANK}: {workload}, seed {seed}: not a permutation")
    return ranks


def _find(path: Path, column: str, workload: str, seed: int) -> Ints:
    """Return the numbers of one row; raise InputError saying which rows there are."""
    known: dict[str, list[int]] = {}
    for row in _rows(path, column):
        if row["workload"] == workload and row["seed"] == str(seed):
            return _numbers(path, row[column])
        known.setdefault(row["workload"], []).append(int(row["seed"]))
    if workload not in known:
        raise InputError(f"{path}: no workload {workload!r}; it has {', '.join(sorted(known))}")
    seeds = ", ".join(map(str, sorted(known[workload])))
    raise InputError(
        f"{path}: no seed {seed} for {workload!r}; it has {seeds}. For other seeds set "
        'arrivals = "tuned"'
    )


def _rows(path: Path, column: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a compressed CSV file whose cells hold no commas or quotes."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            header = next(lines, "").rstrip("\n").split(",")
            missing = [c for c in ("workload", "seed", column) if c not in header]
            if missing:
                raise InputError(f"{path}:1: missing columns: {', '.join(missing)}")
            for line in lines:
                yield dict(zip(header, line.rstrip("\n").split(","), strict=True))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise InputError(f"{path}: cannot read the table: {error}") from error


def _numbers(path: Path, text: str) -> Ints:
    try:
        return np.array(text.split(), np.int64)
    except ValueError as error:
        raise InputError(f"{path}: expected whole numbers: {error}") from error
