"""Minimum-cost flow by OR-Tools: as a function, and as a program that may be killed at its work.

OR-Tools solves a flow in one call that holds the interpreter and cannot be stopped.  Run as a
program this file reads networks from its standard input and writes flows to its standard
output, until the input ends.  It imports nothing of schedlab, and so is soon ready.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import numpy as np
from numpy.typing import NDArray
from ortools.graph.python import min_cost_flow

Small = NDArray[np.int32]
Ints = NDArray[np.int64]

Network = tuple[Small, Small, Ints, Ints, Ints]
"""Tails, heads, capacities and costs of arcs (a,), and the supply of vertices (v,)."""

Answer = tuple[str, Ints]
"""A status, and the flow on each arc (a,), empty if there is none."""

SOLVED = "OPTIMAL"
"""The status of a network that has a flow."""


def solved(tail: Small, head: Small, capacity: Ints, cost: Ints, supply: Ints) -> Answer:
    """Return OR-Tools' status and the cheapest flow of a network."""
    solver = min_cost_flow.SimpleMinCostFlow()
    numbers = solver.add_arcs_with_capacity_and_unit_cost(tail, head, capacity, cost)
    solver.set_nodes_supplies(np.arange(len(supply), dtype=np.int32), supply)
    status = solver.solve()
    if status != solver.OPTIMAL:
        return status.name, np.zeros(0, np.int64)
    return SOLVED, np.asarray(solver.flows(numbers), np.int64)


def serve(source: IO[bytes], out: IO[bytes]) -> None:
    """Answer networks with flows until the input ends, in the middle of one or after it.

    A network is the numbers of arcs and vertices and the arguments of :func:`solved`, a flow
    a line with the status, and the flow if there is one: all as the machine holds them.
    """
    while len(header := source.read(16)) == 16:
        arcs, vertices = np.frombuffer(header, np.int64).tolist()
        data = source.read(24 * arcs + 8 * vertices)
        if len(data) < 24 * arcs + 8 * vertices:
            return
        tail, head = np.frombuffer(data, np.int32, 2 * arcs).reshape(2, arcs)
        capacity, cost = np.frombuffer(data, np.int64, 2 * arcs, 8 * arcs).reshape(2, arcs)
        supply = np.frombuffer(data, np.int64, vertices, 24 * arcs)
        with ending_with(source.fileno()):
            status, flow = solved(tail, head, capacity, cost, supply)
        out.write(f"{status}\n".encode())
        out.write(flow.data)
        out.flush()


@contextmanager
def ending_with(pipe: int) -> Iterator[None]:
    """Let Linux end this process when nobody holds the other end of a pipe any more.

    Its signal of input and output, which kills whoever does not handle it, does not wait for
    the interpreter.  Elsewhere the process ends after this block, as it finds nobody to answer.
    """
    if not sys.platform.startswith("linux"):
        yield
        return
    import fcntl

    flags = fcntl.fcntl(pipe, fcntl.F_GETFL)
    fcntl.fcntl(pipe, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(pipe, fcntl.F_SETFL, flags | os.O_ASYNC)
    try:
        yield
    finally:
        fcntl.fcntl(pipe, fcntl.F_SETFL, flags)


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
