"""Replay a placement pod by pod and name everything that was not legal at its turn."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from schedlab.api import Placement
from schedlab.errors import InputError, nearest
from schedlab.metrics.verify.arrays import form_faults, sequence_faults, value_faults
from schedlab.metrics.verify.evictions import PREEMPTION, Departures, eviction_faults
from schedlab.metrics.verify.gangs import GANGS, gang_faults
from schedlab.metrics.verify.interpod import PodAffinity, PodAntiAffinity
from schedlab.metrics.verify.moves import MOVES, Relocations, move_faults
from schedlab.metrics.verify.node_rules import (
    NodeAffinity,
    NodeName,
    SchedulingGates,
    Taints,
    Unschedulable,
)
from schedlab.metrics.verify.room_rules import Capacity, Devices, HostPorts
from schedlab.metrics.verify.rule import Rule, Scene, Turn
from schedlab.metrics.verify.spread import Spread
from schedlab.metrics.verify.volume_binding_rule import VolumeBinding
from schedlab.metrics.verify.volume_limits_rule import VolumeLimits
from schedlab.metrics.verify.volume_rules import ExclusiveVolumes, VolumeClaims, VolumeNodes
from schedlab.model.objects import PodBatch, PodSpec, Workload

RULES: dict[str, type[Rule]] = {
    "scheduling-gates": SchedulingGates,
    "unschedulable": Unschedulable,
    "node-name": NodeName,
    "taints": Taints,
    "node-affinity": NodeAffinity,
    "host-ports": HostPorts,
    "capacity": Capacity,
    "devices": Devices,
    "volume-claims": VolumeClaims,
    "volume-nodes": VolumeNodes,
    "volume-binding": VolumeBinding,
    "exclusive-volumes": ExclusiveVolumes,
    "volume-limits": VolumeLimits,
    "spread": Spread,
    "pod-affinity": PodAffinity,
    "pod-anti-affinity": PodAntiAffinity,
}

APART = (PREEMPTION, MOVES, GANGS)
"""Constraints on who goes, who moves and who comes together: no rules about a pod on a node."""

HARD_CONSTRAINTS = (*RULES, *APART)
"""The names of all constraints that a placement can be held to."""

FORM = "placement"
"""The constraint named where the placement itself is malformed."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One constraint that one pod breaks on one node; empty names stand for the whole placement.

    In place of a pod, ``gangs`` name the gang.
    """

    pod: str
    node: str
    constraint: str
    detail: str

    def __str__(self) -> str:
        where = " on ".join(n for n in (self.pod, self.node) if n)
        return f"{self.constraint}: {where + ': ' if where else ''}{self.detail}"


def verify(
    workload: Workload,
    placement: Placement,
    *,
    hard_constraints: Collection[str] = HARD_CONSTRAINTS,
) -> list[Violation]:
    """Check a placement against Kubernetes' hard constraints, pod by pod at its turn.

    Written in plain Python from the specs alone: it shares no code with the columnar
    cluster, the engine or the plugins whose work it judges.  A pod placed illegally is
    reported and stays placed, as it would in the cluster.

    Parameters
    ----------
    workload : Workload
        The bound pods are in place before the first decision.
    placement : Placement
        Malformed arrays are violations of the constraint ``placement``; where their type
        or shape is wrong nothing else can be checked.
    hard_constraints : collection of str
        Which of :data:`HARD_CONSTRAINTS` to hold it to, e.g. without ``spread`` for a
        scheduler that is not asked to spread.

    Returns
    -------
    list of Violation
        In the order of the decisions; empty for a legal placement.

    Raises
    ------
    InputError
        For an unknown name in ``hard_constraints``.
    """
    rules = _rules([c for c in hard_constraints if c not in APART])
    faults = list(form_faults(placement, len(workload.pods)))
    listed = (*eviction_faults(workload, placement), *move_faults(workload, placement))
    malformed = [Violation("", "", FORM, f) for f in faults or listed]
    if malformed:
        return malformed
    return [
        *_value_violations(workload, placement),
        *(
            v
            for v in _replay(workload, placement, rules)
            if v.constraint not in APART or v.constraint in hard_constraints
        ),
    ]


def _value_violations(workload: Workload, placement: Placement) -> Iterator[Violation]:
    names = workload.pods.names
    faults = (
        *sequence_faults(placement.sequence),
        *value_faults(placement, len(workload.nodes)),
    )
    for pod, detail in faults:
        yield Violation("" if pod is None else names[pod], "", FORM, detail)


def _rules(wanted: Collection[str]) -> dict[str, type[Rule]]:
    for name in wanted:
        if name not in RULES:
            raise InputError(nearest("hard constraint", name, RULES))
    return {name: rule for name, rule in RULES.items() if name in wanted}


def _replay(
    workload: Workload, placement: Placement, kinds: dict[str, type[Rule]]
) -> Iterator[Violation]:
    specs = tuple(dict.fromkeys((*workload.pods.specs, *workload.bound.specs)))
    scene = Scene(workload.nodes, specs, workload.namespaces, workload.storage)
    rules = {name: rule(scene) for name, rule in kinds.items()}
    code = {spec: i for i, spec in enumerate(specs)}
    for bound in _bound_turns(workload, code):
        for rule in rules.values():
            rule.bind(bound)
    at = workload.bound_node.tolist()
    departures = Departures(workload, placement, at)
    relocations = Relocations(workload, placement, at)
    for pod, turn in _turns(workload, placement, code, departures):
        for gone in departures.before(pod, code):
            for detail in gone.faults:
                yield Violation(gone.name, gone.turn.node.name, PREEMPTION, detail)
            for rule in rules.values() if gone.there else ():
                rule.evict(gone.turn)
        for moved in relocations.before(pod, code):
            for detail in moved.faults:
                yield Violation(moved.name, moved.origin.node.name, MOVES, detail)
            for rule in rules.values() if moved.there else ():
                rule.evict(moved.origin)
            if moved.there:
                yield from _arrive(moved.name, moved.target, rules)
        if turn is not None:
            yield from _arrive(workload.pods.names[pod], turn, rules)
            departures.placed(pod)
    for gang, detail in gang_faults(workload, placement, at):
        yield Violation(gang, "", GANGS, detail)


def _arrive(name: str, turn: Turn, rules: dict[str, Rule]) -> Iterator[Violation]:
    """Yield what is wrong with a pod on its node, and have it stay there."""
    for constraint, rule in rules.items():
        for detail in rule.faults(turn):
            yield Violation(name, turn.node.name, constraint, detail)
    for rule in rules.values():
        rule.place(turn)


def _bound_turns(workload: Workload, code: dict[PodSpec, int]) -> Iterator[Turn]:
    codes = _codes(workload.bound, code)
    for (_, spec), number, row in zip(
        workload.bound, codes, workload.bound_node.tolist(), strict=True
    ):
        yield Turn(number, spec, row, workload.nodes[row])


def _turns(
    workload: Workload, placement: Placement, code: dict[PodSpec, int], departures: Departures
) -> Iterator[tuple[int, Turn | None]]:
    """Yield each pod once, in the order of the decisions, with where it was placed (or None)."""
    codes, specs, nodes = _codes(workload.pods, code), list(workload.pods), workload.nodes
    devices = placement.devices.tolist()
    for pod in dict.fromkeys(placement.sequence.tolist()):
        if 0 <= pod < len(codes):
            row, taken = departures.row(pod), departures.devices(pod, devices[pod])
            placed = 0 <= row < len(nodes)
            turn = (
                Turn(codes[pod], specs[pod][1], row, nodes[row], max(taken, 0)) if placed else None
            )
            yield pod, turn


def _codes(batch: PodBatch, code: dict[PodSpec, int]) -> list[int]:
    by_spec = [code[s] for s in batch.specs]
    return [by_spec[i] for i in batch.signature.tolist()]
