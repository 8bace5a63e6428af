"""What ``schedlab bound`` does: bound a workload and print how it is bounded."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np

from schedlab.cli.bench_table import plain_table
from schedlab.cli.console import console, print_json
from schedlab.explain.source import load_source
from schedlab.metrics.bounds import Bounds
from schedlab.model.objects import Workload
from schedlab.registry import Registry

MEANING = (
    "value: 1 for a pod of the lowest priority, 2 of the next, 4, 8, ...; a priority is bounded "
    "given as many of the higher ones as are bounded"
)


def tell_bound(source: str, seed: int, *, as_json: bool) -> None:
    """Print what bounds a workload; raise InputError if there is no such one."""
    workload = load_source(source, seed, Registry()).workload
    began = time.process_time()
    bounds = Bounds.of(workload, np.ones(len(workload.bound), np.bool_))
    rows = _rows(bounds)
    seconds = time.process_time() - began
    if as_json:
        sizes = {"nodes": len(workload.nodes), "waiting": len(workload.pods)}
        print_json({"workload": workload.name, **sizes, "bounds": rows, "cpu_seconds": seconds})
        return
    console().print(f"{workload.name}: {_size(workload)}")
    console().print(plain_table([{k: _shown(v) for k, v in row.items()} for row in rows]))
    if bounds.problem.tiers > 1:
        console().print(MEANING)
    console().print(f"bounded in {seconds:.2f} s of CPU")


def _size(workload: Workload) -> str:
    running = f", {len(workload.bound):,} run already" if len(workload.bound) else ""
    return f"{len(workload.nodes):,} nodes, {len(workload.pods):,} pods wait{running}"


def _rows(bounds: Bounds) -> list[dict[str, Any]]:
    """Return what is bounded, the most of it that anybody reaches, and how much is asked for."""
    problem, told = bounds.problem, []
    told.append(_row("pods placed", bounds.pods.limit, int(problem.supply.sum())))
    if problem.tiers > 1:
        asked = int(problem.supply @ problem.value_weights)
        told.append(_row("value", bounds.value.limit, asked))
    waiting = problem.by_tier(problem.supply).tolist()
    tiers = zip(bounds.priorities, _by_tier(bounds), waiting, strict=True)
    told += [_row(f"pods of priority {p}", most, of) for p, most, of in tiers if problem.tiers > 1]
    return told


def _row(what: str, most: float, asked: int) -> dict[str, Any]:
    return {"what": what, "at most": math.floor(most), "of": asked}


def _by_tier(bounds: Bounds) -> list[int]:
    """Return the bound of each tier given those of the higher ones."""
    best = np.zeros(len(bounds.priorities), np.int64)
    for tier in range(len(best)):
        best[tier] = bounds.tiers.given(best)[tier]
    most: list[int] = best.tolist()
    return most


def _shown(value: str | int) -> str:
    return value if isinstance(value, str) else f"{value:,}"
