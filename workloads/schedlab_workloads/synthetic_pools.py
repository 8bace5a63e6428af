"""Node pools: equal nodes, spread over zones."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schedlab.core.cluster import UNLIMITED_PODS
from schedlab.model.objects import GPU_MILLI, HOSTNAME, PODS, ZONE, GpuDevices, Node
from schedlab.model.objects import Taint as NodeTaint
from schedlab_workloads.synthetic_base import Key, Name, Quantity, Strict, fault, unit_of

Effect = Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]


class Taint(Strict):
    """A taint of every node of a pool."""

    key: Key
    value: str = ""
    effect: Effect = "NoSchedule"


class Gpus(Strict):
    """GPU devices that pods may share, each of 1000 thousandths."""

    count: int = Field(ge=1, le=63)
    model: str = ""


class Fill(Strict):
    """Pods that already run: nodes are filled up to ``share`` of what they offer.

    The pods are of ``sets`` replica sets of the pod class named ``class``.
    """

    of: str = Field(alias="class")
    share: float = Field(gt=0, le=1)
    sets: int = Field(default=10, ge=1, le=10_000)


class Pool(Strict):
    """``count`` equal nodes named ``<pool>-<number>``; node i is in zone i modulo the zones."""

    name: Name
    count: int = Field(ge=1, le=10_000_000)
    allocatable: dict[Key, Quantity]
    gpus: Gpus | None = None
    labels: dict[Key, str] = {}
    taints: list[Taint] = []
    zones: list[Annotated[str, Field(min_length=1)]] = []
    fill: Fill | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for resource in ("cpu", "memory"):
            if resource not in self.allocatable:
                fault(("allocatable", resource), "expected an amount, none is given", None)
        if GPU_MILLI in self.allocatable:
            fault(("allocatable", GPU_MILLI), "state gpus", self.allocatable[GPU_MILLI])
        taken = {HOSTNAME: "the node's name", **({ZONE: "zones"} if self.zones else {})}
        for key in self.labels.keys() & taken.keys():
            fault(("labels", key), f"this label is set from {taken[key]}", self.labels[key])
        return self

    def amounts(self) -> dict[str, int]:
        """Return what each node offers; the number of pods is the kubelet's unless stated."""
        stated = {r: unit_of(r)(q) for r, q in self.allocatable.items()}
        return {PODS: UNLIMITED_PODS, **stated}

    def nodes(self) -> list[Node]:
        """Return the pool's nodes."""
        amounts = self.amounts()
        gpus = GpuDevices(self.gpus.count, self.gpus.model) if self.gpus else None
        taints = tuple(NodeTaint(t.key, t.value, t.effect) for t in self.taints)
        return [
            Node(name, amounts, self._labels(i, name), taints, gpus=gpus)
            for i, name in enumerate(self._names())
        ]

    def _names(self) -> list[str]:
        width = len(str(self.count - 1))
        return [f"{self.name}-{i:0{width}}" for i in range(self.count)]

    def _labels(self, i: int, name: str) -> dict[str, str]:
        zone = {ZONE: self.zones[i % len(self.zones)]} if self.zones else {}
        return {**self.labels, **zone, HOSTNAME: name}
