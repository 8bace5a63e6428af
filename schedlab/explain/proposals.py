"""Single changes of a pod's spec that may let it fit: each is tried before it is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from schedlab.api import Cluster
from schedlab.explain.amounts import written
from schedlab.model.objects import (
    GPU_MILLI,
    NodeSelectorTerm,
    PodAffinityTerm,
    PodSpec,
    Requirement,
    Taint,
    Toleration,
    TopologySpreadConstraint,
)
from schedlab.model.volumes import ClaimVolume, PodVolume

T = TypeVar("T")

HARD = ("NoSchedule", "NoExecute")
UNSCHEDULABLE = Toleration("node.kubernetes.io/unschedulable", "Exists", "", "NoSchedule")

STRUCTURAL = 0.5
"""How large a change counts that is not a matter of degree: half of a whole request."""


@dataclass(frozen=True)
class Proposal:
    """A changed spec, the change in words, and how large it is (0 to 1)."""

    text: str
    spec: PodSpec
    size: float = STRUCTURAL


def proposals(spec: PodSpec, cluster: Cluster) -> Iterator[Proposal]:
    """Yield every change that is not a matter of degree."""
    yield from _gates(spec)
    yield from _tolerations(spec, cluster)
    yield from _node_choice(spec)
    yield from _pod_affinity(spec)
    yield from _ports(spec)
    yield from _volumes(spec)
    yield from _gpu_model(spec)


def without_request(spec: PodSpec, resource: str) -> PodSpec:
    """Return the spec asking for nothing of a resource."""
    return with_request(spec, resource, 0)


def with_request(spec: PodSpec, resource: str, amount: int) -> PodSpec:
    """Return the spec with another request; what scores assume of it stays."""
    if resource == GPU_MILLI and spec.gpu is not None:
        gpu = replace(spec.gpu, count=1, milli=amount) if amount else None
        others = tuple((r, a) for r, a in spec.requests if r != GPU_MILLI)
        return replace(spec, gpu=gpu, requests=others)
    kept = {**dict(spec.requests), resource: amount}
    return replace(spec, requests=tuple((r, a) for r, a in kept.items() if a))


def lowered(spec: PodSpec, resource: str, amount: int) -> Proposal:
    """Return the proposal to ask for less of a resource."""
    asked = spec.request(resource)
    before, after = written(resource, asked), written(resource, amount)
    text = f"lower the {resource} request from {before} to {after}"
    if not amount:
        text = f"drop the {resource} request of {before}"
    return Proposal(text, with_request(spec, resource, amount), 1 - amount / asked)


def relaxed(spec: PodSpec, index: int, max_skew: int) -> Proposal:
    """Return the proposal to let a spread constraint have a larger skew."""
    constraint = spec.spread[index]
    changed = replace(constraint, max_skew=max_skew)
    text = f"raise maxSkew over {constraint.topology_key} from {constraint.max_skew} to {max_skew}"
    return Proposal(text, replace(spec, spread=_replaced(spec.spread, index, changed)))


def softened(spec: PodSpec, index: int) -> Proposal:
    """Return the proposal to make a spread constraint a wish."""
    constraint = spec.spread[index]
    changed: TopologySpreadConstraint = replace(constraint, when_unsatisfiable="ScheduleAnyway")
    text = f"make the spread over {constraint.topology_key} ScheduleAnyway"
    return Proposal(text, replace(spec, spread=_replaced(spec.spread, index, changed)))


def _gates(spec: PodSpec) -> Iterator[Proposal]:
    if spec.scheduling_gates:
        named = ", ".join(spec.scheduling_gates)
        plural = "s" * (len(spec.scheduling_gates) > 1)
        yield Proposal(
            f"remove the scheduling gate{plural} {named}", replace(spec, scheduling_gates=())
        )


def _tolerations(spec: PodSpec, cluster: Cluster) -> Iterator[Proposal]:
    _, sets = cluster.labels.taint_sets
    every = dict.fromkeys(t for taints in sets for t in taints)
    for taint in hard_taints(every, spec.tolerations):
        added = Toleration(taint.key, "Equal", taint.value, taint.effect)
        tolerations = (*spec.tolerations, added)
        yield Proposal(f"tolerate the taint {told(taint)}", replace(spec, tolerations=tolerations))
    if cluster.labels.unschedulable.any():
        tolerations = (*spec.tolerations, UNSCHEDULABLE)
        yield Proposal("uncordon the node", replace(spec, tolerations=tolerations))


def hard_taints(taints: Iterable[Taint], tolerations: Sequence[Toleration]) -> list[Taint]:
    """Return the taints that keep a pod with these tolerations off a node."""
    hard = (t for t in taints if t.effect in HARD)
    return [t for t in hard if not any(toleration.tolerates(t) for toleration in tolerations)]


def told(taint: Taint) -> str:
    """Return a taint as ``kubectl taint`` takes it."""
    value = f"={taint.value}" if taint.value else ""
    return f"{taint.key}{value}:{taint.effect}"


def _node_choice(spec: PodSpec) -> Iterator[Proposal]:
    if spec.node_name:
        yield Proposal(f"do not ask for the node {spec.node_name}", replace(spec, node_name=""))
    for i, (key, value) in enumerate(spec.node_selector):
        text = f"drop {key}={value} from the nodeSelector"
        yield Proposal(text, replace(spec, node_selector=_without(spec.node_selector, i)))
    if spec.required_node_terms is not None:
        yield from _node_affinity(spec, spec.required_node_terms)


def _node_affinity(spec: PodSpec, terms: Sequence[NodeSelectorTerm]) -> Iterator[Proposal]:
    for i, term in enumerate(terms):
        for shorter, dropped in _shorter(term):
            text = f"drop {said(dropped)} from the required node affinity"
            changed = _replaced(tuple(terms), i, shorter)
            yield Proposal(text, replace(spec, required_node_terms=changed))
    size = sum(len(t.match_expressions) + len(t.match_fields) for t in terms)
    what = f" ({said(_only(terms))})" if size == 1 else ""
    yield Proposal(
        f"drop the required node affinity{what}",
        replace(spec, required_node_terms=None),
        STRUCTURAL + 0.01 * max(size - 1, 0),
    )


def _only(terms: Sequence[NodeSelectorTerm]) -> Requirement:
    return next(r for t in terms for r in (*t.match_expressions, *t.match_fields))


def _shorter(term: NodeSelectorTerm) -> Iterator[tuple[NodeSelectorTerm, Requirement]]:
    """Yield the term without each of its expressions; one without any would match nothing."""
    if len(term.match_expressions) + len(term.match_fields) < 2:
        return
    for i, dropped in enumerate(term.match_expressions):
        yield replace(term, match_expressions=_without(term.match_expressions, i)), dropped
    for i, dropped in enumerate(term.match_fields):
        yield replace(term, match_fields=_without(term.match_fields, i)), dropped


def said(requirement: Requirement) -> str:
    """Return an expression of a selector in words."""
    values = ", ".join(requirement.values)
    if requirement.operator in ("Exists", "DoesNotExist"):
        return f"{requirement.key} {requirement.operator}"
    if requirement.operator in ("Gt", "Lt"):
        return f"{requirement.key} {requirement.operator} {values}"
    return f"{requirement.key} {requirement.operator} [{values}]"


def _pod_affinity(spec: PodSpec) -> Iterator[Proposal]:
    for i, term in enumerate(spec.required_affinity):
        yield Proposal(
            f"drop the required pod affinity to {_meant(term)}",
            replace(spec, required_affinity=_without(spec.required_affinity, i)),
        )
    for i, term in enumerate(spec.required_anti_affinity):
        yield Proposal(
            f"drop the required pod anti-affinity to {_meant(term)}",
            replace(spec, required_anti_affinity=_without(spec.required_anti_affinity, i)),
        )


def _meant(term: PodAffinityTerm) -> str:
    requirements = () if term.selector is None else term.selector.requirements
    pods = " and ".join(said(r) for r in requirements) or "any"
    return f"pods ({pods}) by {term.topology_key}"


def _ports(spec: PodSpec) -> Iterator[Proposal]:
    for i, port in enumerate(spec.host_ports):
        yield Proposal(
            f"do without the host port {port.port}/{port.protocol}",
            replace(spec, host_ports=_without(spec.host_ports, i)),
        )


def _volumes(spec: PodSpec) -> Iterator[Proposal]:
    for i, volume in enumerate(spec.volumes):
        volumes = _without(spec.volumes, i)
        yield Proposal(f"do without {_named(volume)}", replace(spec, volumes=volumes))


def _named(volume: PodVolume) -> str:
    if isinstance(volume, ClaimVolume):
        return f"the volume of claim {volume.claim}"
    return f"the {volume.source} {volume.disk}"


def _gpu_model(spec: PodSpec) -> Iterator[Proposal]:
    if spec.gpu is not None and spec.gpu.models:
        models = " or ".join(spec.gpu.models)
        gpu = replace(spec.gpu, models=())
        yield Proposal(f"take any GPU, not only {models}", replace(spec, gpu=gpu))


def _without(items: tuple[T, ...], index: int) -> tuple[T, ...]:
    return (*items[:index], *items[index + 1 :])


def _replaced(items: tuple[T, ...], index: int, item: T) -> tuple[T, ...]:
    return (*items[:index], item, *items[index + 1 :])
