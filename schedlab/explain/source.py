"""What to explain: a scenario, a cluster's dump, manifests, or a generated workload."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from schedlab.config.overrides import CSV_NODES
from schedlab.config.profile import ProfileConfig
from schedlab.core.profile import Profile
from schedlab.errors import InputError, nearest
from schedlab.model.manifests import (
    SourcedObject,
    load_manifests,
    pod_from_manifest,
    read_objects,
)
from schedlab.model.manifests.reading import read_text
from schedlab.model.objects import PodBatch, Workload
from schedlab.model.scenario import Scenario, is_scenario, scenario_from

if TYPE_CHECKING:
    from schedlab.registry import Registry

YAML_SUFFIXES = (".yaml", ".yml", ".yaml.gz", ".yml.gz")
HINTS = 3
"""Pods named where one is not found."""

FILE_SUFFIXES = (*YAML_SUFFIXES, ".json", ".json.gz")


def load_source(source: str, seed: int, registry: Registry) -> Scenario:
    """Return what ``source`` names: a file, a folder, or a workload known by name.

    Raises
    ------
    InputError
        If there is no such thing, or it is malformed.
    """
    path = Path(source)
    if (path / CSV_NODES).is_file():
        return Scenario(registry.make_workload("Csv", {"folder": source}).build(seed))
    if source.endswith(FILE_SUFFIXES) or path.is_dir():
        return _scenario_file(path) or Scenario(load_manifests([path]))
    if source.endswith(".toml"):
        return Scenario(registry.make_workload("Synthetic", {"file": source}).build(seed))
    if source in registry.presets or source in registry.workloads:
        return Scenario(registry.make_workload(source, {}).build(seed))
    if path.exists():
        return _scenario_file(path) or Scenario(load_manifests([path]))
    known = [*registry.presets, *registry.workloads]
    raise InputError(
        f"{nearest('workload', source, known)}, and there is no such file or folder either"
    )


def profile_of(scenario: Scenario, registry: Registry) -> Profile:
    """Return the scheduler that a scenario is for: kube-scheduler as it is configured there.

    Waiting pods are in the order of the queue already; only some scenarios let pods evict
    others.
    """
    keys = ProfileConfig(devices="", queue_sort="Arrival")
    profile = registry.kube_profile(scenario.config, scenario.workload.source, keys)
    return profile if scenario.preempts else replace(profile, post_filter=None)


def _scenario_file(path: Path) -> Scenario | None:
    """Return the scenario in a JSON file, None if it holds something else."""
    if path.is_dir() or path.name.endswith(YAML_SUFFIXES):
        return None
    try:
        content = json.loads(read_text(path))
    except ValueError:
        return None  # several documents, or broken: the reader of manifests says where
    return scenario_from(content, str(path)) if is_scenario(content) else None


def with_new_pod(scenario: Scenario, source: str, file: Path) -> tuple[Scenario, str]:
    """Add the first pod of a manifest file to those that wait; return its name, too.

    Beside a dump or manifests, the file may hold what the pod needs (claims, a
    PriorityClass), or a controller in its stead.
    """
    path = Path(source)
    if scenario.config is None and path.exists() and _scenario_file(path) is None:
        workload = load_manifests([path, file])
        fresh = [n for n in workload.pods.names if n not in set(scenario.workload.pods.names)]
        if not fresh:
            raise InputError(f"{file}: holds no pod that waits for a node")
        return replace(scenario, workload=workload), fresh[0]
    name, spec, _ = pod_from_manifest(_only_pod(file).manifest, str(file))
    if name in {*scenario.workload.pods.names, *scenario.workload.bound.names}:
        raise InputError(f"{file}: there is a pod {name!r} already; rename one")
    pods = PodBatch.of([*scenario.workload.pods, (name, spec)])
    return replace(scenario, workload=replace(scenario.workload, pods=pods)), name


def _only_pod(file: Path) -> SourcedObject:
    pods = [o for o in read_objects([file]) if o.kind == "Pod"]
    if len(pods) != 1:
        raise InputError(f"{file}: expected one Pod, found {len(pods)}")
    return pods[0]


def find_pod(name: str, workload: Workload) -> str:
    """Return the full name of a pod given by it, or by its name without the namespace.

    Raises
    ------
    InputError
        If there is none, or several of that name in different namespaces.
    """
    names: Sequence[str] = [*workload.pods.names, *workload.bound.names]
    if name in names:
        return name
    found = [n for n in names if n.partition("/")[2] == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"pod {name!r} is in several namespaces: {', '.join(found)}")
    raise InputError(f"{workload.name}: no pod {name!r} among {len(names)}; {_hint(name, names)}")


def _hint(name: str, names: Sequence[str]) -> str:
    """Return what to ask for instead: a controller's pods, names alike, or some that exist."""
    if not names:
        return "there are no pods at all"
    prefix = f"{name}-"
    own = [n for n in names if n.startswith(prefix) or n.partition("/")[2].startswith(prefix)]
    if own:
        more = f" and {len(own) - HINTS} more" if len(own) > HINTS else ""
        return f"pods of that name are {', '.join(own[:HINTS])}{more}"
    full = {n if "/" in name else n.partition("/")[2]: n for n in reversed(names)}
    close = [full[n] for n in get_close_matches(name, full, n=HINTS)]
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"the first are {', '.join(names[:HINTS])}"
