"""One pod's explanation as plain data: the recorded structure, and what people ask next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from schedlab.core.preemption.handle import Handle
from schedlab.explain.answer import Answer, describe, volumes_on
from schedlab.explain.counterfactual import Change, Counterfactual
from schedlab.explain.preempting import told_of
from schedlab.explain.turn import NOWHERE, Turn


def report(turn: Turn, change: Counterfactual | None) -> Answer:
    """Return the pod's answer with the names of nodes and what would let it fit.

    ``change`` is None for a pod that fits.
    """
    told = describe(turn.name, turn.found, turn.profile, turn.cluster.pod(turn.signature))
    told |= {
        "chosen": None if turn.chosen == NOWHERE else turn.chosen,
        "runsOn": None if turn.home == NOWHERE else turn.home,
        "scheduler": turn.profile.name,
        "weights": {plugin.name: weight for plugin, weight in turn.profile.scores},
        "filterOrder": list(turn.profile.filter_order),
        "scheduledBefore": turn.before,
        "nodes": [node.name for node in turn.cluster.nodes],
    }
    if turn.chosen != NOWHERE:
        told |= volumes_on(turn.profile, turn.cluster, turn.signature, turn.chosen)
    if change is None:
        return told
    return told | _preemption(turn) | {"counterfactual": _counterfactual(change)}


def _preemption(turn: Turn) -> Answer:
    """Return whom the scheduler would evict for the pod, if it evicts at all."""
    plugin = turn.profile.post_filter
    if plugin is None or turn.found.gated:
        return {}
    handle = Handle(turn.profile, turn.cluster)
    considered = plugin.report(turn.cluster.pod(turn.signature), handle)
    return {"preemption": told_of(considered, turn.pod_name)}


def _counterfactual(found: Counterfactual) -> Answer:
    nearest = [
        {"node": o.row, "obstacles": [{"plugin": p, "reason": r} for p, r in o.reasons]}
        for o in found.nearest
    ]
    return {
        "changes": _told(found.changes),
        "pairs": _told(found.pairs),
        "podsNotTried": found.untried,
        "nearest": nearest,
    }


def _told(changes: Sequence[Change]) -> list[dict[str, Any]]:
    return [{"change": c.text, "nodes": list(c.rows), "size": round(c.size, 6)} for c in changes]


def headline(told: Answer) -> str:
    """Return what ``kubectl describe pod`` would say of a pod that fits nowhere."""
    nodes = len(told["nodes"])
    if "gated" in told:
        return "Scheduling is blocked by the pod's scheduling gates."
    if "prefilter" in told:
        reasons = ", ".join(told["prefilter"]["reasons"])
        return f"0/{nodes} nodes are available: {reasons}."
    counted: dict[str, int] = {}
    for group in told.get("reasons", ()):
        for reason in group["reasons"]:
            counted[reason] = counted.get(reason, 0) + len(group["nodes"])
    outside = len(told["filtered"].get("PreFilterResult", ()))
    if outside:
        plugins = " ".join(told["prefilterPlugins"])
        counted[f"node(s) didn't satisfy plugin(s) [{plugins}]"] = outside
    parts = sorted(f"{count} {reason}" for reason, count in counted.items())
    return f"0/{nodes} nodes are available: {', '.join(parts)}."
