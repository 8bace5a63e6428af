"""The check of the whole: every decision path places every pod as the reference path does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from schedlab.api import (
    Budget,
    Cluster,
    DevicePlugin,
    FilterPlugin,
    Placement,
    Plugin,
    ScorePlugin,
    Workload,
)
from schedlab.core.filter_score import PATHS, FilterScore
from schedlab.core.profile import Profile
from schedlab.registry import installed
from schedlab.testing.ask import Exam, told
from schedlab.testing.check import Broken
from schedlab.testing.scene import random_scene

BASE = "least-allocated"
PODS = 40
LARGE = {"nodes": 25, "specs": 6}


def check_paths(plugin: Plugin, exam: Exam) -> None:
    """Random batches are placed alike by every decision path, also where nothing fits."""
    profile, generator = profile_with(plugin), exam.generator()
    large = random_scene(exam.seed, len(exam.scenes), **LARGE)
    scenes = [*exam.scenes[::2], large, exam.scenes[0].holding(()).permuted([])]
    for scene in scenes:
        workload = scene.workload(generator, PODS)
        reference = place(profile, "reference", workload)
        for path in PATHS:
            if path != "reference":
                _require_same(plugin, path, workload, reference, place(profile, path, workload))


def profile_with(plugin: Plugin) -> Profile:
    """Return a profile in which the plugin decides beside Kubernetes' filters."""
    base = installed().make_profile(BASE, {})
    others = tuple(f for f in base.filters if f.name != plugin.name)
    filters = (*others, plugin) if isinstance(plugin, FilterPlugin) else base.filters
    scores = ((plugin, 1),) if isinstance(plugin, ScorePlugin) else base.scores
    devices = plugin if isinstance(plugin, DevicePlugin) else base.devices
    return replace(base, name=plugin.name, filters=filters, scores=scores, devices=devices)


def place(profile: Profile, path: str, workload: Workload) -> Placement:
    """Place a workload by one decision path."""
    arguments: dict[str, Any] = {"profile": profile, "path": path}
    return FilterScore(**arguments).schedule(Cluster.of(workload), workload.pods, Budget(seed=1))


def _require_same(
    plugin: Plugin, path: str, workload: Workload, reference: Placement, other: Placement
) -> None:
    differs = (reference.node != other.node) | (reference.devices != other.devices)
    if not differs.any():
        return
    first = int(reference.sequence[differs[reference.sequence]][0])
    spec = workload.pods.specs[workload.pods.signature[first]]
    names = [*(n.name for n in workload.nodes), "no node"]
    raise Broken(
        f"with {plugin.name} the {path} path placed {np.count_nonzero(differs)} of "
        f"{len(workload.pods)} pods otherwise than the reference path, first {told(spec)}: on "
        f"{names[other.node[first]]}, not on {names[reference.node[first]]} ({workload.name})",
        "the other checks say why; if they pass, declare Locality.CLUSTER and report a bug",
    )
