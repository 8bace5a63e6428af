"""Asking a plugin about scenes, in the ways in which the engine may ask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schedlab.api import (
    Cluster,
    DevicePlugin,
    FilterPlugin,
    Locality,
    NodeView,
    Plugin,
    PodSpec,
    PodView,
    ScorePlugin,
)
from schedlab.core.verdicts import PASS, device_masks, filter_codes, raw_scores
from schedlab.testing.scene import Scene, random_scenes

Ints = NDArray[np.int64]
Rows = NDArray[np.int64] | slice | None


class Exam:
    """The scenes on which a plugin is examined: a seed's first ``count``."""

    def __init__(self, seed: int = 0, count: int = 10) -> None:
        self.seed = seed
        self.scenes = random_scenes(seed, count)

    def generator(self) -> np.random.Generator:
        """Return a fresh generator for choices beside the scenes."""
        return np.random.default_rng([self.seed, 1 << 20])


@dataclass(frozen=True)
class Question:
    """What one method of a plugin says about one pod in one scene."""

    plugin: Plugin
    method: str
    scene: Scene
    spec: PodSpec
    cluster: Cluster

    @property
    def pod(self) -> PodView:
        """The pod as the scene's own cluster knows it."""
        return self.cluster.pod(self.cluster.signature(self.spec))

    @property
    def title(self) -> str:
        """How messages name it."""
        return f"{self.plugin.name}.{self.method}"

    @property
    def where(self) -> str:
        """How messages say about which pod, and how to make the scene again."""
        number = self.scene.specs.index(self.spec)
        return f"(pod {number} of {self.scene.label}: {told(self.spec)})"

    def shown(self, cluster: Cluster | None = None) -> Ints:
        """Return the rows that the plugin may be asked about, ascending."""
        cluster = self.cluster if cluster is None else cluster
        return rows_shown(self.plugin, self.method, cluster, self._pod_in(cluster))

    def answer(self, rows: Rows, cluster: Cluster | None = None) -> Ints:
        """Return what it says about ``rows`` of a cluster (by default the scene's)."""
        cluster = self.cluster if cluster is None else cluster
        return ask(self.plugin, self.method, self._pod_in(cluster), cluster.view(rows))

    def by_node(self, cluster: Cluster | None = None) -> dict[str, int]:
        """Return what it says about all rows that it may be asked about, by node name."""
        cluster = self.cluster if cluster is None else cluster
        rows = self.shown(cluster)
        if not len(rows):
            return {}
        names = [cluster.nodes[r].name for r in rows.tolist()]
        return dict(zip(names, self.answer(rows, cluster).tolist(), strict=True))

    def _pod_in(self, cluster: Cluster) -> PodView:
        return cluster.pod(cluster.signature(self.spec))


def methods(plugin: Plugin) -> list[str]:
    """Return which of filter, score and choose a plugin has."""
    kinds = {"filter": FilterPlugin, "score": ScorePlugin, "choose": DevicePlugin}
    return [name for name, kind in kinds.items() if isinstance(plugin, kind)]


def questions(plugin: Plugin, exam: Exam) -> Iterator[Question]:
    """Yield every question of the exam that the plugin does not skip."""
    for scene in exam.scenes:
        cluster = scene.cluster()
        for spec in scene.specs:
            for method in methods(plugin):
                if is_asked(plugin, method, cluster.pod(cluster.signature(spec))):
                    yield Question(plugin, method, scene, spec, cluster)


def is_asked(plugin: Any, method: str, pod: PodView) -> bool:
    """Say whether the engine asks this at all for such a pod."""
    if method == "choose":
        return pod.spec.gpu is not None
    return not (plugin.skips_filter(pod) if method == "filter" else plugin.skips_score(pod))


def ask(plugin: Any, method: str, pod: PodView, nodes: NodeView) -> Ints:
    """Return reason bits (0 = fits), raw scores or device masks, shape (n,), checked for form."""
    if method == "filter":
        codes = filter_codes(plugin, 0, pod, nodes)
        return np.where(codes == PASS, 0, codes)
    if method == "score":
        return raw_scores(plugin, pod, nodes)
    return device_masks(plugin, pod, nodes)


def rows_shown(plugin: Plugin, method: str, cluster: Cluster, pod: PodView) -> Ints:
    """Return all rows; for scores that look at the whole cluster and for devices the feasible."""
    everything = np.arange(len(cluster), dtype=np.int64)
    if method == "choose":
        return everything[_has_devices(pod, cluster)]
    looks_around = method == "score" and plugin.locality is Locality.CLUSTER
    if looks_around and isinstance(plugin, FilterPlugin) and not plugin.skips_filter(pod):
        return everything[ask(plugin, "filter", pod, cluster.view()) == 0]
    return everything


def _has_devices(pod: PodView, cluster: Cluster) -> NDArray[np.bool_]:
    gpu = pod.spec.gpu
    if gpu is None:
        return np.zeros(len(cluster), np.bool_)
    enough: NDArray[np.bool_] = (cluster.device_free >= gpu.milli).sum(axis=1) >= gpu.count
    models = [n.gpus.model if n.gpus else "" for n in cluster.nodes]
    return enough & np.array([not gpu.models or m in gpu.models for m in models], np.bool_)


def told(spec: PodSpec) -> str:
    """Return what a pod requests, and the names of what else its spec states."""
    plain = PodSpec()
    requests = [f"{amount} {resource}" for resource, amount in spec.requests]
    others = [
        f.name
        for f in fields(spec)
        if f.name not in ("requests", "nonzero", "nonzero_placed")
        and getattr(spec, f.name) != getattr(plain, f.name)
    ]
    return ", ".join([*requests, *others])


def differing(one: dict[str, int], other: dict[str, int]) -> str:
    """Return the first nodes whose answers differ, as text; empty if none does."""
    names = [n for n in {**one, **other} if one.get(n) != other.get(n)]
    told_ = [f"{n}: {_shown(one.get(n))} became {_shown(other.get(n))}" for n in names[:3]]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(told_) + more


def _shown(value: int | None) -> str:
    return "not feasible" if value is None else str(value)
