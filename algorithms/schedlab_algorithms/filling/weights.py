"""Weights of pods by which the first objective is a sum, as far as a linear program can tell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab.engine import fluid_bound
from schedlab_algorithms.packing.arrays import Ints
from schedlab_algorithms.packing.certificate import Certificate
from schedlab_algorithms.packing.effort import Effort
from schedlab_algorithms.packing.incumbent import Incumbent

Floats = NDArray[np.float64]

MOST_TIMES = 1e6
"""How many times the lowest priority's weight the highest one's is at most: beyond that, what
the lowest pods are worth drowns in the tolerance of the linear program."""

DOUBLINGS = 8
"""How often a priority's weight is doubled at most until the relaxation puts it first."""

MARGIN = 32.0
"""How many times the weight that suffices for the relaxation is given: pods are no fluid."""


def weights_of(certificate: Certificate, incumbent: Incumbent, effort: Effort) -> Floats:
    """Return what a placed pod of each signature counts, shape (S,).

    Where time is over before that is known, about so much.
    """
    first = incumbent.objectives[0]
    if first == "placed":
        return np.ones(len(incumbent.problem.supply))
    if first == "value":
        return certificate.weights.astype(np.float64)
    return _by_priority(certificate, incumbent.problem.tier, incumbent.problem.tiers, effort)


def _by_priority(certificate: Certificate, tier: Ints, tiers: int, effort: Effort) -> Floats:
    """Return weights under which the relaxation serves one priority after the other.

    Beginning with 1, 2, 4, ..., the weights of a priority and of all above are doubled
    while the relaxation places fewer of it than the best there is.
    """
    times, best = np.full(max(tiers - 1, 0), 2.0), _best(certificate, tiers)
    for _ in range(DOUBLINGS * len(times)):
        weights = _weights(times)[tier]
        fluid = fluid_bound(certificate.relaxation, weights, cancelled=effort.is_over)
        behind = np.flatnonzero(np.bincount(tier, fluid.pods, tiers)[:-1] < best[:-1] - 0.5)
        if not fluid.solved or not len(behind) or times.prod() > MOST_TIMES:
            break
        times[behind[0]] *= 2.0
    spare = (MOST_TIMES / times.prod()) ** (1 / max(len(times), 1)) if len(times) else 1.0
    return _weights(times * max(min(MARGIN, spare), 1.0))[tier]


def _best(certificate: Certificate, tiers: int) -> Ints:
    """Return the pods of each tier where all higher tiers are at their best, (T,)."""
    best = np.zeros(tiers, np.int64)
    for t in range(tiers):
        best[t] = certificate.tiers.given(best)[t]
    return best


def _weights(times: Floats) -> Floats:
    """Return the weight of each tier, (T,), of which each is so many ``times`` the next."""
    return np.append(np.cumprod(times[::-1])[::-1], 1.0)
