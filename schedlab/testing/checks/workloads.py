"""Checks of workload sources: whole, and the same for the same seed."""

from __future__ import annotations

import pickle
from collections import Counter

import numpy as np

from schedlab.api import Workload, WorkloadSource
from schedlab.places import place_of_method
from schedlab.testing.check import Broken


class WorkloadExam:
    """The seed with which a workload source is asked."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def built(self, source: WorkloadSource) -> Workload:
        """Return what a source builds of the seed."""
        workload = source.build(self.seed)
        if not isinstance(workload, Workload):
            raise Broken(
                f"{source.name}.build returned {type(workload).__name__}",
                "return a schedlab.api.Workload",
                place_of_method(type(source), "build"),
            )
        return workload


def check_seeded(source: WorkloadSource, exam: WorkloadExam) -> None:
    """The same seed gives the same workload."""
    first, again = (pickle.dumps(_content(exam.built(source))) for _ in range(2))
    if first != again:
        raise Broken(
            f"{source.name}.build({exam.seed}) differs from call to call",
            "draw from numpy.random.default_rng(seed) alone; do not iterate over sets",
        )


def check_whole(source: WorkloadSource, exam: WorkloadExam) -> None:
    """Names are distinct, bound pods are on nodes that exist, signatures name specs."""
    workload = exam.built(source)
    _require_distinct(source, "nodes", [n.name for n in workload.nodes])
    _require_distinct(source, "pods", [*workload.pods.names, *workload.bound.names])
    for what, batch in (("pods", workload.pods), ("bound", workload.bound)):
        if len(batch.names) != len(batch) or not _within(batch.signature, len(batch.specs)):
            raise Broken(f"{source.name}: {what} has names or signatures amiss", _MAKE)
    bound = workload.bound_node
    if len(bound) != len(workload.bound) or not _within(bound, len(workload.nodes)):
        raise Broken(
            f"{source.name}: bound_node does not give a row of nodes for each bound pod",
            "bound_node[i] is the row in nodes of the i-th bound pod, int32",
        )


_MAKE = "make batches with PodBatch.of((name, spec) …)"


def _content(workload: Workload) -> list[object]:
    batches = (workload.pods, workload.bound)
    plain = [[b.specs, b.signature.tolist(), list(b.names)] for b in batches]
    nodes = [repr(n) for n in workload.nodes]
    services = [repr(s) for s in workload.services]
    return [workload.name, nodes, repr(plain), workload.bound_node.tolist(), services]


def _require_distinct(source: WorkloadSource, what: str, names: list[str]) -> None:
    twice = [n for n, times in Counter(names).items() if times > 1]
    if twice:
        raise Broken(f"{source.name}: several {what} are named {twice[:3]}", "name each once")


def _within(codes: np.ndarray, size: int) -> bool:
    return bool(((codes >= 0) & (codes < size)).all())
