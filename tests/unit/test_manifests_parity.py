"""Every node and pod of the reference scenarios parses, to what kube-scheduler computed with.

The scheduler's answers show its numbers: which resources were insufficient where, and the
LeastAllocated score, which rests on the requests with defaults.  A few lines of plain
integer arithmetic on the parsed objects must reproduce them.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from schedlab.model.manifests import node_from_manifest, pod_from_manifest
from schedlab.model.objects import CPU, MEMORY, PODS, Node, PodSpec

REPLAYED = ("resources", "mixed", "spread", "interpod", "images", "ports")


@dataclass
class Holding:
    """What is on one node, added up in plain Python."""

    node: Node
    requested: Counter[str] = field(default_factory=Counter)
    nonzero: list[int] = field(default_factory=lambda: [0, 0])
    pods: int = 0

    def add(self, spec: PodSpec) -> None:
        assert spec.nonzero_placed is not None
        self.requested.update(dict(spec.requests))
        self.nonzero = [a + b for a, b in zip(self.nonzero, spec.nonzero_placed, strict=True)]
        self.pods += 1

    def insufficient(self, spec: PodSpec) -> list[str]:
        """Return the reasons of NodeResourcesFit, sorted (fit.go, fitsRequest)."""
        free = {r: a - self.requested[r] for r, a in self.node.allocatable.items()}
        lacking = [f"Insufficient {r}" for r, a in spec.requests if a > free.get(r, 0)]
        full = self.pods + 1 > self.node.allocatable.get(PODS, 0)
        return sorted([*lacking, *(["Too many pods"] if full else [])])

    def least_allocated(self, spec: PodSpec) -> int:
        """Return the NodeResourcesFit score (least_allocated.go)."""
        assert spec.nonzero is not None
        scores = []
        for resource, used, asked in zip((CPU, MEMORY), self.nonzero, spec.nonzero, strict=True):
            offered = self.node.allocatable.get(resource, 0)
            if offered:
                scores.append(max(0, offered - used - asked) * 100 // offered)
        return sum(scores) // len(scores) if scores else 0


def scenarios(shared: Path, families: str) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    for file in sorted((shared / "parity").glob(families)):
        with gzip.open(file, "rt") as opened:
            content = json.load(opened)
        yield content["scenario"]["name"], content["scenario"], content["expected"]


def replay(name: str, scenario: dict[str, Any], expected: dict[str, Any]) -> int:
    """Compare what each pending pod met with what the scheduler met; return the comparisons."""
    held = [Holding(node_from_manifest(n)) for n in scenario["nodes"]]
    row = {h.node.name: i for i, h in enumerate(held)}
    for pod in scenario["pods"]:
        _, spec, node = pod_from_manifest(pod)
        held[row[node]].add(spec)
    compared = 0
    for pod, answer in zip(scenario["pending"], expected["pods"], strict=True):
        pod_name, spec, _ = pod_from_manifest(pod)
        assert pod_name == answer["pod"]
        compared += compare(f"{name} {pod_name}", spec, held, answer)
        if answer.get("chosen") is not None:
            held[answer["chosen"]].add(spec)
    return compared


def compare(where: str, spec: PodSpec, held: list[Holding], answer: dict[str, Any]) -> int:
    feasible = answer.get("feasible") or []
    for row in feasible:
        assert held[row].insufficient(spec) == [], f"{where}: node {row}"
    rejections = [r for r in answer.get("reasons") or [] if r["plugin"] == "NodeResourcesFit"]
    for rejection in rejections:
        for row in rejection["nodes"]:
            assert held[row].insufficient(spec) == rejection["reasons"], f"{where}: node {row}"
    scores = (answer.get("scores") or {}).get("NodeResourcesFit", [])
    computed = [held[row].least_allocated(spec) for row in feasible][: len(scores)]
    assert computed == scores, where
    return len(feasible) + len(rejections) + len(scores)


def test_requests_are_those_the_scheduler_computed_with(shared: Path) -> None:
    compared = sum(replay(*s) for s in scenarios(shared, "resources/00*.json.gz"))
    assert compared > 500


@pytest.mark.slow
@pytest.mark.parametrize("family", REPLAYED)
def test_requests_of_every_scenario(shared: Path, family: str) -> None:
    replayed = [
        replay(*s) for s in scenarios(shared, f"{family}/*.json.gz") if not s[1].get("nominated")
    ]
    assert sum(replayed) > 1000


def test_a_sample_of_all_families_parses(shared: Path) -> None:
    assert parse_all(shared, "*/01*.json.gz") > 1000


@pytest.mark.slow
def test_all_scenarios_parse(shared: Path) -> None:
    assert parse_all(shared, "*/*.json.gz") > 40_000


def parse_all(shared: Path, files: str) -> int:
    count = 0
    for name, scenario, _ in scenarios(shared, files):
        for manifest in scenario["nodes"]:
            assert node_from_manifest(manifest, name).name == manifest["metadata"]["name"]
            count += 1
        for kind in ("pods", "pending", "nominated"):
            for manifest in scenario.get(kind) or []:
                _, spec, node = pod_from_manifest(manifest, name)
                assert node == manifest["spec"].get("nodeName", "")
                assert hash(spec) is not None
                count += 1
    return count
