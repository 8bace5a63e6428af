"""verify accepts and refuses every node as kube-scheduler 1.35.4 did, and for the same reason.

At the turn of each pending pod of a scenario, no constraint is broken on a node exactly if
Kubernetes' filters let the node pass; if they did not, the constraint of the first filter
that failed is among the broken ones.  And the scheduler's choices as a whole are legal.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from schedlab.api import Placement
from schedlab.metrics.verify import verify
from schedlab.metrics.verify.replay import RULES
from schedlab.metrics.verify.rule import Scene, Turn
from schedlab.model.manifests import node_from_manifest, pod_from_manifest
from schedlab.model.objects import PodBatch, PodSpec, Workload
from schedlab.model.scenario import scenario_from

CONSTRAINT = {
    "SchedulingGates": {"scheduling-gates"},
    "NodeUnschedulable": {"unschedulable"},
    "NodeName": {"node-name"},
    "TaintToleration": {"taints"},
    "NodeAffinity": {"node-affinity"},
    "PreFilterResult": {"node-affinity"},
    "NodePorts": {"host-ports"},
    "NodeResourcesFit": {"capacity"},
    "PodTopologySpread": {"spread"},
    "InterPodAffinity": {"pod-affinity", "pod-anti-affinity"},
    "VolumeRestrictions": {"exclusive-volumes"},
    "NodeVolumeLimits": {"volume-limits"},
    "VolumeBinding": {"volume-claims", "volume-nodes", "volume-binding"},
    "VolumeZone": {"volume-nodes"},
}

FAMILIES = (
    "resources",
    "taints",
    "nodeaffinity",
    "ports",
    "spread",
    "interpod",
    "volumes",
    "mixed",
)


def read_pod(manifest: dict[str, Any]) -> tuple[str, PodSpec, str]:
    name, spec, node = pod_from_manifest(manifest)
    return name, replace(spec, node_name=node), node


def read(scenario: dict[str, Any]) -> Workload:
    nodes = tuple(node_from_manifest(n) for n in scenario["nodes"])
    row = {n.name: i for i, n in enumerate(nodes)}
    bound = [read_pod(p) for p in scenario["pods"]]
    spaces = [n["metadata"] for n in scenario.get("namespaces", ())]
    return Workload(
        name=scenario["name"],
        nodes=nodes,
        pods=PodBatch.of(read_pod(p)[:2] for p in scenario["pending"]),
        bound=PodBatch.of((name, spec) for name, spec, _ in bound),
        bound_node=np.array([row[node] for _, _, node in bound], np.int32),
        namespaces={n["name"]: n.get("labels", {}) for n in spaces},
        storage=scenario_from(scenario, scenario["name"]).workload.storage,
    )


def answers(workload: Workload, chosen: list[int]) -> Iterator[list[set[str]]]:
    """Yield, for each pending pod at its turn, which constraints it would break on each node."""
    specs = tuple(dict.fromkeys((*workload.bound.specs, *workload.pods.specs)))
    scene = Scene(workload.nodes, specs, workload.namespaces, workload.storage)
    rules = {name: rule(scene) for name, rule in RULES.items()}

    def turn(spec: PodSpec, row: int) -> Turn:
        return Turn(specs.index(spec), spec, row, workload.nodes[row])

    for (_, spec), row in zip(workload.bound, workload.bound_node.tolist(), strict=True):
        for rule in rules.values():
            rule.bind(turn(spec, row))
    for (_, spec), row in zip(workload.pods, chosen, strict=True):
        turns = [turn(spec, i) for i in range(len(workload.nodes))]
        yield [{n for n, rule in rules.items() if any(rule.faults(t))} for t in turns]
        if row >= 0:
            for rule in rules.values():
                rule.place(turns[row])


def compare(workload: Workload, expected: list[dict[str, Any]]) -> int:
    """Compare every node at every turn and return how many were compared."""
    chosen = [-1 if a.get("chosen") is None else a["chosen"] for a in expected]
    compared = 0
    for answer, found in zip(expected, answers(workload, chosen), strict=True):
        where = f"{workload.name} {answer['pod']}: {found}"
        if answer.get("prefilter"):
            assert all(found), where
        if "feasible" not in answer or answer.get("error") or answer.get("prefilter"):
            continue
        assert [i for i, broken in enumerate(found) if not broken] == answer["feasible"], where
        for plugin, rows in answer.get("filtered", {}).items():
            assert all(found[i] & CONSTRAINT[plugin] for i in rows), f"{where} {plugin}"
        compared += len(found)
    placement = Placement.empty(len(chosen))
    placement.node[:] = chosen
    assert verify(workload, placement) == []
    return compared


@pytest.mark.parametrize("family", FAMILIES)
def test_the_nodes_that_kube_scheduler_let_pass(shared: Path, family: str) -> None:
    compared = 0
    for file in sorted((shared / "parity" / family).glob("*.json.gz")):
        with gzip.open(file, "rt") as opened:
            content = json.load(opened)
        if content["scenario"].get("config") is None:
            compared += compare(read(content["scenario"]), content["expected"]["pods"])
    assert compared > 300
