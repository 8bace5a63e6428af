"""The check of PostFilter plugins: who is evicted, what for, and that nothing else is touched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from schedlab.api import Cluster, PodSpec, PostFilterPlugin, PostFilterResult
from schedlab.core.preemption.handle import Handle
from schedlab.core.profile import Profile
from schedlab.core.reference import filter_nodes
from schedlab.registry import installed
from schedlab.testing.ask import Exam, told
from schedlab.testing.check import Broken
from schedlab.testing.scene import Scene

PROFILE = "kubernetes"
IMPORTANT = 1000
"""A priority above that of every pod of the scenes."""
PODS_EACH = 3


def check_evictions(plugin: PostFilterPlugin, exam: Exam) -> str:
    """Victims are less important, on one node, and gone make room; nothing else changes."""
    profile, asked = installed().make_profile(PROFILE, {}), 0
    for scene, spec in _without_room(profile, exam):
        asked += 1
        cluster = scene.cluster()
        state = cluster.dynamic.copy(), cluster.device_free.copy()
        result = _ask(plugin, profile, cluster, spec, exam.seed)
        where = f"({told(spec)} in a crowded {scene.label})"
        if not all(map(np.array_equal, state, (cluster.dynamic, cluster.device_free))):
            raise Broken(f"{plugin.name}.post_filter changes the cluster {where}", _ENGINE_EVICTS)
        if _ask(plugin, profile, scene.cluster(), spec, exam.seed) != result:
            raise Broken(
                f"{plugin.name}.post_filter decides otherwise when asked again {where}",
                "draw from handle.generator alone, and break ties by row and number",
            )
        _check_victims(plugin, cluster, spec, result, where)
        _check_room(plugin, profile, cluster, spec, result, where)
    return "" if asked else "no pod of the scenes was without room: nothing was asked"


_ENGINE_EVICTS = "only name the victims: the engine evicts them"


def _without_room(profile: Profile, exam: Exam) -> Iterator[tuple[Scene, PodSpec]]:
    """Yield crowded scenes with an important pod that fits on no node of theirs."""
    for scene in exam.scenes:
        specs = tuple(replace(s, priority=IMPORTANT, scheduling_gates=()) for s in scene.specs)
        everybody = (*scene.specs[:PODS_EACH], specs[0])
        crowd = [(s, row) for row in range(len(scene.nodes)) for s in everybody]
        crowded = replace(scene.holding(crowd), specs=(*scene.specs, *specs))
        cluster = crowded.cluster()
        for spec in specs:
            if not len(filter_nodes(profile, cluster, cluster.signature(spec)).feasible):
                yield crowded, spec


def _ask(
    plugin: PostFilterPlugin, profile: Profile, cluster: Cluster, spec: PodSpec, seed: int
) -> PostFilterResult:
    pod = cluster.pod(cluster.signature(spec))
    return plugin.post_filter(pod, Handle(profile, cluster, seed))


def _check_victims(
    plugin: PostFilterPlugin, cluster: Cluster, spec: PodSpec, result: PostFilterResult, where: str
) -> None:
    there = set(cluster.running.on(result.nominated).tolist()) if result.nominated >= 0 else set()
    strangers = [v for v in result.victims if v not in there]
    if strangers:
        raise Broken(
            f"{plugin.name}.post_filter evicts pods {strangers}, which are not on row "
            f"{result.nominated} {where}",
            "victims are numbers of handle.running on the nominated node; none without a node",
        )
    numbers = np.array(result.victims, np.int64)
    if len(numbers) and cluster.running.priority(numbers).max() >= spec.priority:
        raise Broken(
            f"{plugin.name}.post_filter evicts pods of at least the pod's priority {where}",
            "evict pods of lower priority only",
        )


def _check_room(
    plugin: PostFilterPlugin,
    profile: Profile,
    cluster: Cluster,
    spec: PodSpec,
    result: PostFilterResult,
    where: str,
) -> None:
    if result.nominated < 0:
        return
    for victim in result.victims:
        cluster.running.evict(victim)
    feasible = filter_nodes(profile, cluster, cluster.signature(spec)).feasible
    if result.nominated not in feasible:
        raise Broken(
            f"{plugin.name}.post_filter evicts {len(result.victims)} pods from row "
            f"{result.nominated}, and the pod does not fit there then {where}",
            "ask handle.filters(pod) about the node without the victims",
        )
