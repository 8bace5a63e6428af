"""Applications whose pods have rules about one another, on a small cluster that is nearly full.

What a scheduler that places one pod after the other cannot foresee: pods that keep others
off a node or a zone, or that decide by where they go where others may.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Node, PodBatch, PodSpec, Workload, WorkloadSource
from schedlab.model.objects import (
    CPU,
    HOSTNAME,
    MEMORY,
    PODS,
    ZONE,
    HostPort,
    LabelSelector,
    PodAffinityTerm,
)
from schedlab_workloads.sizes import capacity_of_each, require_crowd
from schedlab_workloads.synthetic_names import PodNames

Ints = NDArray[np.int64]

ZONES = 4
MOST_REPLICAS = 6
CPU_STEP, MOST_STEPS = 250, 12
MEMORY_PER_CPU = (2, 4, 8)
"""Bytes of memory for each milli-core, in units of 2^20."""

PORTS = (80, 443, 9100)
SHARES = {"plain": 6, "apart": 4, "port": 3, "quiet": 3, "near": 2, "together": 2}
"""How many of 20 applications have which rule."""

NOISY = 3
"""One in so many plain applications is kept off by those that want it quiet."""


class PodRules(WorkloadSource):
    """Applications of 1 to 6 replicas, 14 of 20 with rules about other pods, on equal nodes.

    Of 20 applications about 4 have anti-affinity between their replicas by node, 3 take one of
    three host ports, 3 avoid nodes with pods of noisy applications (a third of those without
    rules), 2 want to be in a zone with pods of an earlier one, and 2 have all replicas in
    one zone.  Replicas ask for 0.25 to 3 cores, and 2, 4 or 8 GiB a core.  Nodes are in four
    zones; a node's capacity is Σ requests / (nodes x usage), of cpu and of memory, rounded up.
    Applications come one after the other, all of one priority or of several.

    Parameters
    ----------
    nodes, pods_per_node
        How many nodes; pods are ``nodes x pods_per_node`` in all.
    usage
        What all pods request over what all nodes offer.
    priorities
        How many priorities; the first applications have the highest.
    """

    nodes: int = 32
    pods_per_node: int = 6
    usage: float = 1.0
    priorities: int = 1

    def __post_init__(self) -> None:
        require_crowd(self.nodes, self.pods_per_node, self.priorities, self.usage)

    def build(self, seed: int) -> Workload:
        """Return the workload of this seed (at least 0)."""
        rng = np.random.default_rng(seed)
        pods = self.nodes * self.pods_per_node
        replicas = rng.integers(1, MOST_REPLICAS, pods, endpoint=True)
        apps = int(np.searchsorted(np.cumsum(replicas), pods)) + 1
        cpu = rng.integers(1, MOST_STEPS, apps, endpoint=True) * CPU_STEP
        memory = cpu * (rng.choice(MEMORY_PER_CPU, apps) << 20)
        signature = np.repeat(np.arange(apps, dtype=np.int32), replicas[:apps])[:pods]
        rules = _rules(rng, apps)
        priority = (self.priorities - 1 - np.arange(apps) * self.priorities // apps).tolist()
        columns = (cpu.tolist(), memory.tolist(), priority, rules)
        specs = tuple(_app(i, *of) for i, of in enumerate(zip(*columns, strict=True)))
        names = PodNames.counting([f"default/app-{i}" for i in range(apps)], signature)
        asked = [int(amounts[signature].sum()) for amounts in (cpu, memory)]
        capacity = capacity_of_each(self.nodes, self.usage, asked)
        nodes = tuple(_node(i, *capacity) for i in range(self.nodes))
        batch = PodBatch(specs, signature, names)
        return Workload("pod-rules", nodes, batch, source="PodRules")


Rule = Mapping[str, Any]
"""Fields of a pod spec."""


def _rules(rng: np.random.Generator, apps: int) -> list[Rule]:
    kinds, share = list(SHARES), np.array(list(SHARES.values()))
    drawn = rng.choice(len(kinds), apps, p=share / share.sum())
    ports, other = rng.choice(PORTS, apps), rng.random(apps)
    noisy = rng.integers(0, NOISY, apps) == 0
    columns = (drawn.tolist(), ports.tolist(), other.tolist(), noisy.tolist())
    return [_rule(i, kinds[k], *of) for i, (k, *of) in enumerate(zip(*columns, strict=True))]


def _rule(number: int, kind: str, port: int, other: float, noisy: bool) -> Rule:
    """Return the fields of an application; ``other`` (0 to 1) picks an earlier one."""
    if kind == "apart":
        return {"required_anti_affinity": _with(HOSTNAME, {"app": _name(number)})}
    if kind == "port":
        return {"host_ports": (HostPort(port),)}
    if kind == "quiet":
        return {"required_anti_affinity": _with(HOSTNAME, {"noise": "loud"})}
    if kind == "near" and number:
        return {"required_affinity": _with(ZONE, {"app": _name(int(other * number))})}
    if kind == "together":
        return {"required_affinity": _with(ZONE, {"app": _name(number)})}
    return {"labels": (("noise", "loud"),)} if noisy else {}


def _with(key: str, labels: dict[str, str]) -> tuple[PodAffinityTerm, ...]:
    return (PodAffinityTerm(key, LabelSelector.of(labels)),)


def _name(number: int) -> str:
    return f"app-{number}"


def _app(number: int, cpu: int, memory: int, priority: int, rule: Rule) -> PodSpec:
    labels = (("app", _name(number)), *rule.get("labels", ()))
    requests = ((CPU, cpu), (MEMORY, memory))
    return PodSpec(**{**rule, "labels": labels, "requests": requests, "priority": priority})


def _node(number: int, cpu: int, memory: int) -> Node:
    name = f"node-{number:04}"
    labels = {HOSTNAME: name, ZONE: f"zone-{number % ZONES}"}
    return Node(name, {CPU: cpu, MEMORY: memory, PODS: 10_000}, labels)
