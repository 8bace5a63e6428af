"""Scenes: recipes of small clusters, from which checks build fresh and altered ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np

from schedlab.api import Cluster, Node, PodBatch, PodSpec, Workload
from schedlab.model.objects import Service
from schedlab.model.storage import NO_STORAGE, Storage
from schedlab.testing.random_objects import (
    NAMESPACES,
    Draw,
    random_node,
    random_services,
    random_spec,
)
from schedlab.testing.random_storage import small_storage

Placed = tuple[tuple[PodSpec, int], ...]


@dataclass(frozen=True)
class Scene:
    """Nodes, the pods on them as (spec, row), and the specs to ask a plugin about.

    ``label`` says how to make it again, for messages.
    """

    label: str
    nodes: tuple[Node, ...]
    placed: Placed
    specs: tuple[PodSpec, ...]
    services: tuple[Service, ...] = ()
    storage: Storage = NO_STORAGE
    namespaces: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def cluster(self) -> Cluster:
        """Build the cluster afresh; every spec is known to it from the start."""
        return Cluster.of(self._with_pods(self.specs))

    def holding(self, placed: Iterable[tuple[PodSpec, int]]) -> Scene:
        """Return the same nodes with other pods on them."""
        return replace(self, placed=tuple(placed))

    def permuted(self, order: Sequence[int]) -> Scene:
        """Return the scene with its nodes, and all that is on them, in another order."""
        at = {old: new for new, old in enumerate(order)}
        placed = tuple((spec, at[row]) for spec, row in self.placed)
        return replace(self, nodes=tuple(self.nodes[i] for i in order), placed=placed)

    def workload(self, generator: np.random.Generator, pods: int) -> Workload:
        """Return a batch of pods with these specs, often the same one in a row."""
        picks = generator.integers(len(self.specs), size=max(1, pods // 3)).repeat(3)[:pods]
        return self._with_pods([self.specs[k] for k in picks])

    def _with_pods(self, specs: Sequence[PodSpec]) -> Workload:
        bound = PodBatch.of((f"default/bound-{i}", s) for i, (s, _) in enumerate(self.placed))
        return Workload(
            name=self.label,
            nodes=self.nodes,
            pods=PodBatch.of((f"default/p{i}", spec) for i, spec in enumerate(specs)),
            bound=bound,
            bound_node=np.array([row for _, row in self.placed], np.int32),
            namespaces=self.namespaces,
            services=self.services,
            storage=self.storage,
        )


def random_scene(seed: int, number: int, *, nodes: int = 7, specs: int = 5) -> Scene:
    """Return one of a seed's scenes: the same on every machine."""
    draw = Draw(np.random.default_rng([seed, number]))
    kinds = tuple(dict.fromkeys(random_spec(draw) for _ in range(specs)))
    return Scene(
        label=f"scene {number} of seed {seed}",
        nodes=tuple(random_node(draw, i) for i in range(nodes)),
        placed=random_placed(draw, kinds, nodes),
        specs=kinds,
        services=random_services(draw),
        storage=small_storage(nodes),
        namespaces=NAMESPACES,
    )


def random_placed(draw: Draw, specs: Sequence[PodSpec], nodes: int) -> Placed:
    """Return up to two pods a node, wherever they land: some nodes are overcommitted."""
    return tuple((draw.one(specs), draw.below(nodes)) for _ in range(draw.below(2 * nodes + 1)))


@cache
def random_scenes(seed: int, count: int) -> tuple[Scene, ...]:
    """Return a seed's first scenes."""
    return tuple(random_scene(seed, number) for number in range(count))
