"""What a packing scheduler says of its work."""

from __future__ import annotations

import math

from schedlab.api import Placement, PodBatch
from schedlab.engine import PackingProblem
from schedlab_algorithms.packing.certificate import Certificate
from schedlab_algorithms.packing.incumbent import Incumbent
from schedlab_algorithms.packing.objectives import ALL, MEASURES
from schedlab_algorithms.packing.work import Work

REPORTED = ("fragmentation", "balance", "moves")
"""Objectives that are told where they are asked for."""

Info = dict[str, float | int | str]


def report(problem: PackingProblem, pods: PodBatch, placement: Placement, work: Work) -> Info:
    """Return counters, the value before and after, and how far it may be from the best.

    ``value``, ``greedy_value`` and ``bound`` weigh pods by ``PackingProblem.value_weights``;
    ``gap`` is (bound - value) / bound.
    """
    start, objectives = work.start, work.incumbent.objectives
    final = _final(problem, pods, placement, work)
    return {
        "status": _status(work),
        "start": start.label,
        **work.counters,
        "greedy_value": weighed(work.certificate, pods, start.placement),
        **value_and_gap(work.certificate, pods, placement, math.floor(work.bound)),
        "greedy_placed": int((start.placement.node >= 0).sum()),
        "placed": int((placement.node >= 0).sum()),
        "greedy_nodes_used": start.nodes_used,
        "nodes_used": final.nodes_used,
        **{name: abs(MEASURES[name](final, ALL)[0]) for name in objectives if name in REPORTED},
        "fixed_pods": int(problem.supply[~work.movable].sum()),
        "repeatable": int(not work.effort.cut),
    }


def _final(problem: PackingProblem, pods: PodBatch, placement: Placement, work: Work) -> Incumbent:
    """Return the placement as an incumbent: the work's own unless more was placed since."""
    if int(work.incumbent.placed().sum()) == int((placement.node >= 0).sum()):
        return work.incumbent
    final = Incumbent.of(problem, pods, placement, work.incumbent.objectives)
    final.home = work.incumbent.home
    return final


def value_and_gap(
    certificate: Certificate, pods: PodBatch, placement: Placement, bound: int
) -> Info:
    """Return the ``value`` of a placement, its ``bound``, and the ``gap`` to that."""
    value = weighed(certificate, pods, placement)
    return {"value": value, "bound": bound, "gap": (bound - value) / bound if bound else 0.0}


def weighed(certificate: Certificate, pods: PodBatch, placement: Placement) -> int:
    """Return how many pods are placed, weighted by tier."""
    return int(certificate.weights[pods.signature[placement.node >= 0]].sum())


def _status(work: Work) -> str:
    """Say why the search ended."""
    if work.optimal:
        return "optimal"
    if work.exhausted:
        return "nothing left to improve"
    if work.effort.cancelled():
        return "cancelled"
    if work.effort.seconds <= 0:
        return "time spent"
    return "effort spent" if work.effort.left <= 0 else "no improvement in sight"
