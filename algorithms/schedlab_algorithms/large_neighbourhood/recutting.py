"""Shares of GPU devices, dealt anew over the cluster so that devices become whole."""

from __future__ import annotations

import numpy as np

from schedlab_algorithms.large_neighbourhood.cutting import Plan, Worths, plan
from schedlab_algorithms.large_neighbourhood.deal import Deal
from schedlab_algorithms.large_neighbourhood.dealing import deal_anew
from schedlab_algorithms.large_neighbourhood.shares import Shares, shares_of
from schedlab_algorithms.packing.arrays import WHOLE_DEVICE, Ints, Mask
from schedlab_algorithms.packing.effort import Effort
from schedlab_algorithms.packing.incumbent import Incumbent

PLANNING = 0.2
"""Which part of the effort the plan may take."""

SPARE = 2
"""How many devices may be broken up for each one that the plan breaks up."""

MOST_WAITING = 8
"""How many signatures of pods that wait for a whole device are tried at most."""


def recut(
    incumbent: Incumbent,
    worths: Worths,
    loose: Mask,
    waiting: Mask,
    effort: Effort,
    share: float,
) -> int:
    """Deal shares anew so that more devices are whole; return how many more.

    Pods of ``loose`` signatures (bool, shape (S,)) change devices and nodes, those of
    ``waiting`` ones (bool, shape (S,)) take devices that become whole; nobody loses a node.
    ``worths`` are those of the incumbent's problem.  Spends at most ``share`` deterministic
    seconds.
    """
    shares, floor = shares_of(incumbent, loose), effort.left - share
    if not len(shares.node) or effort.exhausted():
        return 0
    planned = plan(shares, incumbent.problem, worths, effort, PLANNING * share)
    if not planned.saved or effort.left <= floor or effort.exhausted():
        return 0
    deal = _deal(incumbent, shares, planned, _wanted(incumbent, waiting))
    return planned.saved if deal_anew(deal, effort, effort.left - floor) else 0


def _deal(incumbent: Incumbent, shares: Shares, planned: Plan, wanted: Ints) -> Deal:
    chosen = _chosen(incumbent, shares, planned)
    patterns = np.pad(planned.patterns, ((0, 1), (0, 1)))
    patterns[-1, -1] = 1
    held = shares.held[chosen]
    stay = planned.now - np.bincount(held, minlength=len(planned.now))
    return Deal(
        incumbent=incumbent,
        sizes=np.append(shares.sizes, WHOLE_DEVICE),
        patterns=patterns,
        then=planned.then - stay,
        node=shares.node[chosen],
        device=shares.device[chosen],
        held=held,
        wanted=wanted,
    )


def _chosen(incumbent: Incumbent, shares: Shares, planned: Plan) -> Ints:
    """Return devices of patterns of which there are too many, those with most room beside them."""
    room = (incumbent.free * incumbent.problem.inverse_free).min(axis=1)[shares.node]
    order = np.lexsort((-room, shares.held))
    held = shares.held[order]
    rank = np.arange(len(order)) - np.searchsorted(held, held)
    excess = np.maximum(planned.now - planned.then, 0)
    return np.sort(order[rank < SPARE * excess[held]])


def _wanted(incumbent: Incumbent, waiting: Mask) -> Ints:
    """Return the smallest waiting signatures that ask for one whole device, tier by tier."""
    problem = incumbent.problem
    whole = (problem.gpu_count == 1) & (problem.gpu_milli == WHOLE_DEVICE)
    wanted = np.flatnonzero(waiting & (incumbent.unplaced > 0) & whole)
    size = problem.dominant_share[wanted]
    return wanted[np.lexsort((size, problem.tier[wanted]))[:MOST_WAITING]]
