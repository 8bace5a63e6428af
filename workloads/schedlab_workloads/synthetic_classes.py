"""Pod classes: replica sets whose pods are alike within a set and differ between sets."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PlainValidator, TypeAdapter, model_validator

from schedlab.model.objects import CPU, GPU_MILLI, PODS, Amounts, GpuRequest, LabelSelector, PodSpec
from schedlab.model.objects import TopologySpreadConstraint as SpreadConstraint
from schedlab.model.quantity import value
from schedlab_workloads.synthetic_affinity import NodeAffinity, Toleration
from schedlab_workloads.synthetic_base import Key, Name, Strict, fault, unit_of
from schedlab_workloads.synthetic_distributions import (
    Count,
    Milli,
    PerCpu,
    Request,
    Weight,
    draw_index,
    require_weights,
)

APP = "app"
"""The label that holds the replica set's name."""

Ints = NDArray[np.int64]
PriorityValue = Annotated[int, Field(ge=-(2**31), lt=2**31)]


class Priorities(Strict):
    """One of some priorities, by weight; a bare number is always that."""

    choice: list[PriorityValue] = Field(min_length=1)
    weights: list[Weight] | None = None

    @model_validator(mode="after")
    def _weights_match(self) -> Self:
        require_weights(self.weights, len(self.choice))
        return self

    def draw(self, rng: np.random.Generator, size: int) -> Ints:
        """Return ``size`` independent priorities, int64."""
        drawn = draw_index(rng, size, len(self.choice), self.weights)
        return np.array(self.choice, np.int64)[drawn]


_PRIORITY: TypeAdapter[int] = TypeAdapter(PriorityValue, config={"strict": True})


def _parse_priority(given: object) -> Any:
    if isinstance(given, dict | Priorities):
        return Priorities.model_validate(given)
    return Priorities(choice=[_PRIORITY.validate_python(given)])


class Gpu(Strict):
    """``milli`` thousandths on each of ``count`` devices, of one of ``models`` (empty: any)."""

    count: Count
    milli: Milli
    models: list[str] = []

    def draw(self, rng: np.random.Generator, size: int) -> list[GpuRequest | None]:
        """Return ``size`` independent requests."""
        counts = self.count.draw(rng, size, value).tolist()
        shares = self.milli.draw(rng, size, value).tolist()
        models = tuple(self.models)
        return [GpuRequest(c, m, models) for c, m in zip(counts, shares, strict=True)]


class Spread(Strict):
    """A topology spread constraint, by default over the pods of the same replica set."""

    topology_key: Key
    max_skew: int = Field(default=1, ge=1)
    when_unsatisfiable: Literal["DoNotSchedule", "ScheduleAnyway"] = "DoNotSchedule"
    selector: dict[Key, str] | None = None

    def constraint(self, app: str) -> SpreadConstraint:
        """Return the constraint of the replica set ``app``."""
        selector = LabelSelector.of(self.selector or {APP: app})
        return SpreadConstraint(self.max_skew, self.topology_key, self.when_unsatisfiable, selector)


class PodClass(Strict):
    """Pods of one kind: how many, in replica sets of which size, and what they ask for.

    With ``service`` each replica set has a Service of its own, by which Kubernetes'
    default spreading applies to it.
    """

    name: Name
    namespace: Name = "default"
    share: Weight | None = None
    count: int | None = Field(default=None, ge=0, le=10_000_000)
    replicas: Count = Field(default=1, validate_default=True)
    requests: dict[Key, Request] = {}
    gpu: Gpu | None = None
    labels: dict[Key, str] = {}
    node_selector: dict[Key, str] = {}
    node_affinity: NodeAffinity = NodeAffinity()
    tolerations: list[Toleration] = []
    spread: list[Spread] = []
    priority: Annotated[Priorities, PlainValidator(_parse_priority)] = Priorities(choice=[0])
    service: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if APP in self.labels:
            fault(("labels", APP), "this label holds the replica set's name", self.labels[APP])
        for resource, instead in ((PODS, "a pod takes one by itself"), (GPU_MILLI, "state gpu")):
            if resource in self.requests:
                fault(("requests", resource), instead, self.requests[resource])
        followers = [r for r, d in self.requests.items() if isinstance(d, PerCpu)]
        if followers and (CPU not in self.requests or CPU in followers):
            at = ("requests", followers[0], "per_cpu")
            fault(at, "expected a cpu request that does not depend on itself", followers[0])
        return self

    def sizes(self, rng: np.random.Generator, pods: int) -> Ints:
        """Return the sizes of replica sets that have ``pods`` pods together.

        The last one is cut to fit.
        """
        sizes = self.replicas.draw(rng, pods, value)
        ends = np.cumsum(sizes)
        sets = int(np.searchsorted(ends, pods)) + 1 if pods else 0
        return np.diff(np.minimum(ends[:sets], pods), prepend=0)

    def specs(self, rng: np.random.Generator, apps: list[str]) -> list[PodSpec]:
        """Return one spec for each replica set named in ``apps``."""
        requests = self._requests(rng, len(apps))
        gpus = self.gpu.draw(rng, len(apps)) if self.gpu else [None] * len(apps)
        priorities = self.priority.draw(rng, len(apps)).tolist()
        rows = zip(apps, requests, gpus, priorities, strict=True)
        common = self._common()
        return [
            PodSpec(
                labels=(*self.labels.items(), (APP, app)),
                requests=amounts,
                gpu=gpu,
                priority=priority,
                spread=tuple(s.constraint(app) for s in self.spread),
                **common,
            )
            for app, amounts, gpu, priority in rows
        ]

    def _common(self) -> dict[str, Any]:
        return {
            "namespace": self.namespace,
            "node_selector": tuple(sorted(self.node_selector.items())),
            "required_node_terms": self.node_affinity.required_terms(),
            "preferred_node_terms": self.node_affinity.preferred_terms(),
            "tolerations": tuple(t.toleration() for t in self.tolerations),
        }

    def _requests(self, rng: np.random.Generator, size: int) -> list[Amounts]:
        drawn: dict[str, Ints] = {}
        for resource in sorted(self.requests, key=lambda r: r != CPU):
            asked, unit = self.requests[resource], unit_of(resource)
            if isinstance(asked, PerCpu):
                drawn[resource] = asked.follow(rng, drawn[CPU], unit)
            else:
                drawn[resource] = asked.draw(rng, size, unit)
        columns = (values.tolist() for values in drawn.values())
        return [tuple(zip(drawn, row, strict=True)) for row in zip(*columns, strict=True)] or [
            ()
        ] * size
