"""Small batches with rules about one another, and the best that any order of placing them gives.

The optimum is an integer program over pods, nodes and turns, written from the Kubernetes
documentation: no signatures, no domains that are counted, nothing of what it judges.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
from hypothesis import strategies as st
from ortools.sat.python import cp_model

from schedlab.api import Workload
from schedlab.model.objects import (
    HOSTNAME,
    ZONE,
    HostPort,
    LabelSelector,
    Node,
    PodAffinityTerm,
    PodBatch,
    PodSpec,
)

KEYS = (HOSTNAME, ZONE, "rack")
ADDRESSES = ("0.0.0.0", "10.0.0.1", "10.0.0.2")
APPS = ("a", "b", "c")
ports = st.builds(
    HostPort, st.just(80), st.sampled_from(["TCP", "TCP", "UDP"]), st.sampled_from(ADDRESSES)
)


@st.composite
def ruled(draw: st.DrawFn) -> Workload:
    """Draw up to three applications with rules about themselves and one another.

    Affinity is for an application's own pods or those of an earlier one: two that wait for
    each other have no order in which the model is exact.
    """
    nodes = tuple(draw(node(i)) for i in range(draw(st.integers(1, 3))))
    specs = [draw(app(i)) for i in range(draw(st.integers(1, 3)))]
    waiting = draw(st.lists(st.sampled_from(specs), min_size=1, max_size=6))
    running = draw(st.lists(app(draw(st.integers(0, 2))), max_size=1))
    rows = [draw(st.integers(0, len(nodes) - 1)) for _ in running]
    return Workload(
        name="ruled",
        nodes=nodes,
        pods=PodBatch.of((f"default/p{i}", s) for i, s in enumerate(waiting)),
        bound=PodBatch.of((f"default/b{i}", s) for i, s in enumerate(running)),
        bound_node=np.array(rows, np.int32),
        namespaces={"default": {}, "other": {}},
    )


@st.composite
def node(draw: st.DrawFn, number: int) -> Node:
    labels = {HOSTNAME: f"n{number}"}
    for key, values in ((ZONE, ["z0", "z1", None]), ("rack", ["r0", "r1", None])):
        value = draw(st.sampled_from(values))
        if value is not None:
            labels[key] = value
    return Node(f"n{number}", {"cpu": draw(st.integers(1, 6)), "pods": 10}, labels)


@st.composite
def app(draw: st.DrawFn, number: int) -> PodSpec:
    any_app, earlier = st.sampled_from(APPS), st.sampled_from(APPS[: number + 1])
    kind = draw(st.sampled_from(["plain", "away", "near", "both", "ports"]))
    return PodSpec(
        namespace=draw(st.sampled_from(["default", "default", "other"])),
        labels=(("app", APPS[number]),),
        requests=(("cpu", draw(st.integers(1, 3))),),
        priority=draw(st.sampled_from([0, 0, 5])),
        required_affinity=_terms(draw, earlier) if kind in ("near", "both") else (),
        required_anti_affinity=_terms(draw, any_app) if kind in ("away", "both") else (),
        host_ports=tuple(draw(st.lists(ports, min_size=1, max_size=2))) if kind == "ports" else (),
    )


def _terms(draw: st.DrawFn, apps: st.SearchStrategy[str]) -> tuple[PodAffinityTerm, ...]:
    term = st.builds(
        PodAffinityTerm,
        st.sampled_from(KEYS),
        apps.map(lambda a: LabelSelector.of({"app": a})),
        st.sampled_from([(), (), ("other",)]),
        st.sampled_from([None, None, LabelSelector()]),
    )
    return tuple(draw(st.lists(term, min_size=1, max_size=2)))


def best_value(workload: Workload) -> tuple[int, ...]:
    """Return the greatest (pods placed by priority from the highest, minus nodes in use)."""
    return Program(workload).solve()


class Program:
    """Pods that run are those with numbers from P on; they are there before the first turn."""

    def __init__(self, workload: Workload) -> None:
        self.model, self.nodes = cp_model.CpModel(), workload.nodes
        self.specs = [s for _, s in (*workload.pods, *workload.bound)]
        self.waiting, everywhere = range(len(workload.pods)), range(len(self.nodes))
        self.at = {
            (p, n): self.model.new_bool_var("")
            for p, n in product(range(len(self.specs)), everywhere)
        }
        self.turn = [self.model.new_int_var(0, len(self.waiting), "") for _ in self.specs]
        for p, row in enumerate(workload.bound_node.tolist(), len(self.waiting)):
            self.model.add(self.turn[p] == 0)
            for n in everywhere:
                self.model.add(self.at[p, n] == int(n == row))
        for p in self.waiting:
            self.model.add(self.turn[p] >= 1)
            self.model.add_at_most_one(self.at[p, n] for n in everywhere)
        self._add_room()
        self._add_exclusions()
        for p in self.waiting:
            if self.specs[p].required_affinity:
                self._add_affinity(p)

    def solve(self) -> tuple[int, ...]:
        priorities = sorted({self.specs[p].priority for p in self.waiting}, reverse=True)
        tiers = [
            sum(v for (p, _), v in self._waiting() if self.specs[p].priority == priority)
            for priority in priorities
        ]
        goals = [*tiers, -sum(self._used())]
        found = []
        for goal in goals:
            self.model.maximize(goal)
            solver = cp_model.CpSolver()
            solver.parameters.num_workers = 1
            assert solver.solve(self.model) == cp_model.OPTIMAL
            found.append(round(solver.objective_value))
            self.model.add(goal >= found[-1])
        return tuple(found)

    def _waiting(self) -> Iterator[tuple[tuple[int, int], cp_model.IntVar]]:
        return (x for x in self.at.items() if x[0][0] in self.waiting)

    def _used(self) -> Iterator[cp_model.IntVar]:
        for n in range(len(self.nodes)):
            used = self.model.new_bool_var("")
            for p in range(len(self.specs)):
                self.model.add_implication(self.at[p, n], used)
            yield used

    def _add_room(self) -> None:
        """Pods fit beside what runs; a node that is overcommitted takes none that asks."""
        for n, node in enumerate(self.nodes):
            cpu = [(s.request("cpu"), self.at[p, n]) for p, s in enumerate(self.specs)]
            for p in self.waiting:
                total = sum(amount * v for amount, v in cpu)
                self.model.add(total <= node.allocatable["cpu"]).only_enforce_if(self.at[p, n])

    def _add_exclusions(self) -> None:
        for p, q in product(range(len(self.specs)), repeat=2):
            if p == q or (p not in self.waiting and q not in self.waiting):
                continue
            keys = [
                t.topology_key
                for t in self.specs[p].required_anti_affinity
                if _means(t, self.specs[p], self.specs[q])
            ]
            clash = _ports_clash(self.specs[p], self.specs[q])
            for n, m in product(range(len(self.nodes)), repeat=2):
                if any(self._together(k, n, m) for k in keys) or (clash and n == m):
                    self.model.add_at_most_one(self.at[p, n], self.at[q, m])

    def _add_affinity(self, p: int) -> None:
        """Where p goes, each domain holds an earlier pod that all terms mean, or p is the first."""
        terms = self.specs[p].required_affinity
        meant = [
            q
            for q, spec in enumerate(self.specs)
            if all(_means(t, self.specs[p], spec) for t in terms)
        ]
        first = self.model.new_bool_var("")
        if p not in meant:
            self.model.add(first == 0)
        before = {q: self._before(q, p) for q in meant if q != p}
        labelled = [n for n in range(len(self.nodes)) if self._has_any(n, terms)]
        for q, n in product(before, labelled):
            self.model.add_bool_or(~first, ~self.at[q, n], ~before[q])
        for term, n in product(terms, range(len(self.nodes))):
            if term.topology_key not in self.nodes[n].labels:
                self.model.add(self.at[p, n] == 0)
                continue
            there = [
                self._both(self.at[q, m], before[q])
                for q, m in product(before, range(len(self.nodes)))
                if self._together(term.topology_key, n, m)
            ]
            self.model.add_bool_or(~self.at[p, n], first, *there)

    def _before(self, q: int, p: int) -> cp_model.IntVar:
        before = self.model.new_bool_var("")
        self.model.add(self.turn[q] < self.turn[p]).only_enforce_if(before)
        self.model.add(self.turn[q] > self.turn[p]).only_enforce_if(~before)
        return before

    def _both(self, one: cp_model.IntVar, other: cp_model.IntVar) -> cp_model.IntVar:
        both = self.model.new_bool_var("")
        self.model.add_implication(both, one)
        self.model.add_implication(both, other)
        return both

    def _together(self, key: str, n: int, m: int) -> bool:
        one, other = (self.nodes[i].labels.get(key) for i in (n, m))
        return one is not None and one == other

    def _has_any(self, n: int, terms: tuple[PodAffinityTerm, ...]) -> bool:
        return any(t.topology_key in self.nodes[n].labels for t in terms)


def _means(term: PodAffinityTerm, owner: PodSpec, other: PodSpec) -> bool:
    """Say whether a term means a pod; an empty namespace selector stands for all namespaces."""
    assert term.selector is not None
    if not term.selector.matches(dict(other.labels)):
        return False
    if term.namespace_selector is not None:
        return True
    return other.namespace in (term.namespaces or (owner.namespace,))


def _ports_clash(one: PodSpec, other: PodSpec) -> bool:
    return any(
        (a.port, a.protocol) == (b.port, b.protocol)
        and (a.host_ip == b.host_ip or "0.0.0.0" in (a.host_ip, b.host_ip))
        for a, b in product(one.host_ports, other.host_ports)
    )
