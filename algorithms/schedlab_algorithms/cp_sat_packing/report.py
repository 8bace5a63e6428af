"""What CpSatPacking says of its work."""

from __future__ import annotations

from schedlab.api import Placement, PodBatch
from schedlab.engine import PackingProblem
from schedlab_algorithms.cp_sat_packing.certificate import Certificate
from schedlab_algorithms.cp_sat_packing.incumbent import Incumbent
from schedlab_algorithms.cp_sat_packing.search import Search
from schedlab_algorithms.cp_sat_packing.starts import Start

Info = dict[str, float | int | str]


def report(
    problem: PackingProblem,
    pods: PodBatch,
    placement: Placement,
    start: Start,
    search: Search,
    certificate: Certificate,
) -> Info:
    """Return counters, the value before and after, and how far it may be from the best.

    ``value``, ``greedy_value`` and ``bound`` weigh pods by
    :func:`~schedlab_algorithms.cp_sat_packing.certificate.tier_weights`; ``gap`` is
    (bound - value) / bound.
    """
    final = Incumbent.of(problem, pods, placement)
    value, bound = _weighted(certificate, pods, placement), certificate.bound
    return {
        "status": _status(search),
        "start": start.label,
        "chains": search.chains,
        "rounds": search.rounds,
        "improvements": search.improvements,
        "greedy_value": _weighted(certificate, pods, start.placement),
        "value": value,
        "bound": bound,
        "gap": (bound - value) / bound if bound else 0.0,
        "greedy_placed": int((start.placement.node >= 0).sum()),
        "placed": int((placement.node >= 0).sum()),
        "greedy_nodes_used": -start.value[-1],
        "nodes_used": final.nodes_used,
        "fixed_pods": int(problem.supply[~search.movable].sum()),
        "repeatable": int(not search.effort.cut),
    }


def _weighted(certificate: Certificate, pods: PodBatch, placement: Placement) -> int:
    return int(certificate.weights[pods.signature[placement.node >= 0]].sum())


def _status(search: Search) -> str:
    """Say why the search ended."""
    if search.optimal:
        return "optimal"
    if search.exhausted:
        return "nothing left to improve"
    if search.effort.seconds <= 0:
        return "time spent"
    return "effort spent" if search.effort.left <= 0 else "no improvement in sight"
