"""Solving flows such that they can be left: large ones in a process that may be killed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schedlab_algorithms.min_cost_flow.child import Child, running
from schedlab_algorithms.min_cost_flow.solver import SOLVED, Answer, Network, solved
from schedlab_algorithms.packing.arrays import Ints

Vertices = NDArray[np.integer]

LARGE = 50_000
"""Networks of more arcs than this take the solver longer than some 30 ms."""


@dataclass(frozen=True)
class Arcs:
    """Arcs as columns, each of shape (a,); vertices are numbered from 0."""

    tail: Vertices
    head: Vertices
    capacity: Ints
    cost: Ints

    def __len__(self) -> int:
        return len(self.tail)

    @classmethod
    def joined(cls, *parts: Arcs) -> Arcs:
        """Return all arcs of some parts, in their order."""
        return cls(
            np.concatenate([p.tail for p in parts], dtype=np.int32),
            np.concatenate([p.head for p in parts], dtype=np.int32),
            np.concatenate([p.capacity for p in parts]),
            np.concatenate([p.cost for p in parts]),
        )

    def supplied(self, supply: Ints) -> Network:
        """Return the network that they are with ``supply`` by vertex, negative for a sink."""
        return (
            np.ascontiguousarray(self.tail, np.int32),
            np.ascontiguousarray(self.head, np.int32),
            np.ascontiguousarray(self.capacity, np.int64),
            np.ascontiguousarray(self.cost, np.int64),
            np.ascontiguousarray(supply, np.int64),
        )


@dataclass
class Flows:
    """Solves networks, large ones in a process that is part of ``stack``."""

    stack: ExitStack
    child: Child | None = None

    def get_ready(self) -> Child:
        """Start the process unless it runs; return it."""
        self.child = self.child or self.stack.enter_context(running())
        return self.child

    def cheapest(self, arcs: Arcs, supply: Ints, over: Callable[[], bool]) -> Ints | None:
        """Return the flow on each arc, (a,), as :func:`cheapest_flow` does.

        None once ``over()``, which is asked before a network and while a large one is solved.

        Raises
        ------
        RuntimeError
            As there, and if the process that solves large networks failed.
        """
        if over():
            return None
        if len(arcs) <= LARGE:
            return cheapest_flow(arcs, supply)
        answer = self.get_ready().answer(arcs.supplied(supply), over)
        if answer is None:
            self.child = None
            return None
        return _flow(answer, arcs)


@contextmanager
def flows() -> Iterator[Flows]:
    """Solve networks in a block: the process for the large ones ends with it."""
    with ExitStack() as stack:
        yield Flows(stack)


def cheapest_flow(arcs: Arcs, supply: Ints) -> Ints:
    """Return the flow on each arc, shape (a,); ``supply`` is by vertex, negative for a sink.

    Raises
    ------
    RuntimeError
        If there is none, or if costs are out of the solver's range.
    """
    return _flow(solved(*arcs.supplied(supply)), arcs)


def _flow(answer: Answer, arcs: Arcs) -> Ints:
    status, flow = answer
    if status != SOLVED:
        raise RuntimeError(f"no minimum-cost flow on {len(arcs)} arcs: {status}")
    return flow
