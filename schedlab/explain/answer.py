"""What kube-scheduler would answer for every pending pod of a scenario, as plain data.

The structure is that of the recorded answers of the real kube-scheduler.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from schedlab.api import IGNORED, Cluster, PodView, Reason
from schedlab.core.profile import Profile
from schedlab.core.reference import Evaluation, evaluate
from schedlab.core.sampling import sampling
from schedlab.core.verdicts import PASS, SHIFT, reasons_of
from schedlab.explain.preempting import Preemption
from schedlab.model.objects import Workload

PREFILTER_RESULT = "PreFilterResult"
UNRESOLVABLE = "UnschedulableAndUnresolvable"
UNSCHEDULABLE = "Unschedulable"

Answer = dict[str, Any]


def answer(profile: Profile, workload: Workload) -> Answer:
    """Schedule the pending pods in their order and tell everything of every decision."""
    return {
        "weights": {plugin.name: weight for plugin, weight in profile.scores},
        "filterOrder": list(profile.filter_order),
        "pods": list(_decisions(profile, workload)),
    }


def _decisions(profile: Profile, workload: Workload) -> Iterator[Answer]:
    cluster = Cluster.of(workload)
    preemption = Preemption(profile, workload, cluster)
    rotation = sampling(profile, cluster)
    for name, spec in workload.pods:
        signature = cluster.signature(spec)
        with cluster.nominated.without(name) as nominated_row:
            found = evaluate(profile, cluster, signature)
            if rotation is not None:
                rotation.advance(found.looked_at)
            told = describe(name, found, profile, cluster.pod(signature))
            if not len(found.feasible) and not found.gated:
                told |= preemption.make_room(signature, nominated_row)
        if told["chosen"] is not None:
            told |= volumes_on(profile, cluster, signature, told["chosen"])
            preemption.place(name, signature, told["chosen"])
        yield told


def describe(name: str, found: Evaluation, profile: Profile, pod: PodView) -> Answer:
    """Return one pod's evaluation as plain data; the lowest of the best rows is chosen."""
    best = found.best.tolist()
    told: Answer = {"pod": name, **_before_nodes(found)}
    told["feasible"] = found.feasible.tolist()
    told |= _rejected(found, profile, pod)
    if len(found.feasible) > 1:
        told |= _ranked(found, profile)
    return told | {"best": best, "chosen": best[0] if best else None}


def volumes_on(profile: Profile, cluster: Cluster, signature: int, row: int) -> Answer:
    """Return which volumes the pod's claims get on the node."""
    pod, nodes = cluster.pod(signature), cluster.view(np.array([row]))
    asked = (f for f in profile.filters if not f.skips_filter(pod))
    volumes = {claim: v for f in asked for claim, v in f.reserved(pod, nodes).items()}
    return {"volumes": volumes} if volumes else {}


def _before_nodes(found: Evaluation) -> Answer:
    if found.gated:
        assert found.rejected_by is not None
        return {"gated": found.rejected_by.name}
    if found.rejected_by is not None:
        return {"prefilter": {"plugin": found.rejected_by.name, **_status(found.reasons)}}
    return {"prefilterPlugins": sorted(found.narrowed_by)} if found.narrowed_by else {}


def _rejected(found: Evaluation, profile: Profile, pod: PodView) -> Answer:
    """Return which nodes each plugin rejected first, and the groups of like reasons."""
    if found.rejected_by is not None:
        return {"filtered": {}}
    narrowed = set(found.narrowed.tolist())
    filtered: dict[str, list[int]] = {PREFILTER_RESULT: sorted(narrowed)} if narrowed else {}
    groups: dict[str, Answer] = {}
    for row in np.flatnonzero(found.codes != PASS).tolist():
        if row in narrowed:
            continue
        code = int(found.codes[row])
        plugin = profile.filters[code >> SHIFT]
        group = {"plugin": plugin.name, **_status(reasons_of(code, plugin, pod)), "nodes": []}
        groups.setdefault(str(group), group)["nodes"].append(row)
        filtered.setdefault(plugin.name, []).append(row)
    told: Answer = {"filtered": dict(sorted(filtered.items()))}
    return told | ({"reasons": list(groups.values())} if groups else {})


def _status(reasons: tuple[Reason, ...]) -> Answer:
    resolvable = all(r.resolvable for r in reasons)
    return {
        "code": UNSCHEDULABLE if resolvable else UNRESOLVABLE,
        "reasons": sorted(r.text for r in reasons),
    }


def _ranked(found: Evaluation, profile: Profile) -> Answer:
    normalizing = {plugin.name for plugin, _ in profile.scores if plugin.normalizes}
    raw = {
        name: np.where(scores == IGNORED, 0, scores).tolist()
        for name, scores in sorted(found.raw.items())
        if name in normalizing
    }
    scores = {name: s.tolist() for name, s in sorted(found.scores.items())}
    told = {"raw": raw, "scores": scores}
    return {k: v for k, v in told.items() if v} | {"total": found.total.tolist()}
