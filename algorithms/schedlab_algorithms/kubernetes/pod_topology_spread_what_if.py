"""PodTopologySpread in a preemption's dry run (filtering.go: AddPod, RemovePod, criticalPaths).

Only pods of one node come or go, so only one domain's count moves, and the least of the
others is known beforehand.  Unlike the count itself, the change takes in terminating pods,
and every pod of the namespace where the selector is empty.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schedlab.api import PodSpec, Verdict, WhatIf
from schedlab.model.objects import LabelSelector
from schedlab_algorithms.kubernetes.spread_constraints import Constraint

Ints = NDArray[np.int64]

NO_OTHER = np.iinfo(np.int64).max


def verdict_what_if(
    constraint: Constraint, nodes: WhatIf, missing_label: int, skew: int
) -> Verdict:
    """Return the bit of what is wrong with each node by one constraint, shape (n,)."""
    counts = constraint.matching.current()
    counted = nodes.at(constraint.counted)
    codes = nodes.at(constraint.codes)
    moves = Moves(constraint.namespace, constraint.selector)
    change = np.where(counted >= 0, nodes.difference(nodes.weights(moves, moves)), 0)
    there = counts[codes] + change
    allowed = (
        constraint.max_skew - constraint.self_match + _minimum(constraint, counts, counted, there)
    )
    return np.where(codes < 0, missing_label, np.where(there > allowed, skew, 0))


def _minimum(constraint: Constraint, counts: Ints, counted: NDArray[np.int32], there: Ints) -> Ints:
    """Return the fewest matching pods in any domain, as each node would have it."""
    if len(constraint.domains) < constraint.min_domains:
        return np.zeros(len(there), np.int64)
    by_domain = counts[constraint.domains]
    least = int(by_domain.argmin())
    others = np.full(len(there), by_domain[least])
    rest = np.delete(by_domain, least)
    others[counted == constraint.domains[least]] = rest.min(initial=NO_OTHER)
    return np.where(counted >= 0, np.minimum(others, there), others)


@dataclass(frozen=True)
class Moves:
    """Weighs a pod 1 if its coming or going moves a constraint's count (updateWithPod)."""

    namespace: str
    selector: LabelSelector | None

    def __call__(self, spec: PodSpec) -> int:
        if self.selector is None or spec.namespace != self.namespace:
            return 0
        return int(self.selector.matches(dict(spec.labels)))
