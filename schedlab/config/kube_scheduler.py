"""A KubeSchedulerConfiguration as the profile of a filter-score scheduler."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schedlab.config.kube_args import plugin_args
from schedlab.config.kube_models import (
    KubeProfile,
    KubeSchedulerConfiguration,
    PluginRef,
    Plugins,
    validated,
)
from schedlab.config.kube_points import EXTENDS, Extends, plugins_by_point
from schedlab.errors import InputError, nearest
from schedlab.model.manifests import read_objects

DEFAULT_CONFIGURATION = {
    "apiVersion": "kubescheduler.config.k8s.io/v1",
    "kind": "KubeSchedulerConfiguration",
}

DEFAULT_NAME = "default-scheduler"

WORKS_WITHOUT_PREFILTER = ("NodeAffinity", "DynamicResources")
"""Every other plugin's Filter fails where its PreFilter did not run."""


@dataclass(frozen=True)
class KubeScheduler:
    """What one profile of a configuration comes to.

    ``prefilters`` are the plugins that may reject a pod, or narrow its nodes, before nodes
    are looked at; ``filters`` look at each.  ``post_filter`` makes room for a pod that fits
    nowhere, "" where nothing does.  ``percentage`` is None where none is stated.
    """

    name: str
    filters: tuple[str, ...]
    prefilters: tuple[str, ...]
    scores: Mapping[str, int]
    post_filter: str
    args: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    percentage: int | None = None


Extensions = Callable[[str], tuple[str, ...] | None]
"""The extension points of a plugin from elsewhere, None if there is no such one."""


def load_configuration(path: Path) -> dict[str, Any]:
    """Read a KubeSchedulerConfiguration from YAML or JSON; raise InputError if it is none."""
    objects = read_objects([path])
    found = [o.manifest for o in objects if o.kind == "KubeSchedulerConfiguration"]
    if len(found) != 1:
        kinds = ", ".join(o.kind for o in objects) or "nothing"
        raise InputError(f"{path}: expected one KubeSchedulerConfiguration, found {kinds}")
    return found[0]


def kube_scheduler(
    config: Mapping[str, Any] | None,
    where: str,
    scheduler_name: str = "",
    elsewhere: Extensions = lambda name: None,
) -> KubeScheduler:
    """Return what a configuration (None: the defaults) says of one scheduler.

    Parameters
    ----------
    config
        The configuration as plain data.
    where
        Where it comes from, for messages.
    scheduler_name
        Which of its profiles; "" if it has but one.
    elsewhere
        Finds plugins that are not Kubernetes' own.

    Raises
    ------
    InputError
        Naming everything that is malformed, unknown or not supported.
    """
    read = validated(KubeSchedulerConfiguration, config or DEFAULT_CONFIGURATION, where)
    if read.extenders:
        raise InputError(f"{where}: extenders: not supported: schedlab makes no HTTP calls")
    index, profile = _profile(read, scheduler_name, where)
    path = f"{where}: profiles[{index}]"
    _check_names(profile, elsewhere, path)
    points = plugins_by_point(profile.plugins, _extends(elsewhere), path)
    _check(points, path)
    percentage = profile.percentage_of_nodes_to_score
    if percentage is None:
        percentage = read.percentage_of_nodes_to_score
    return KubeScheduler(
        name=profile.scheduler_name or DEFAULT_NAME,
        filters=_names(points["pre_enqueue"], {"SchedulingGates"}) + _names(points["filter"]),
        prefilters=_names(points["pre_filter"]),
        scores={p.name: p.weight for p in points["score"]},
        post_filter=_post_filter(points["post_filter"], path),
        args=_arguments(profile, elsewhere, path),
        percentage=percentage,
    )


def _profile(
    config: KubeSchedulerConfiguration, wanted: str, where: str
) -> tuple[int, KubeProfile]:
    profiles = config.profiles or (KubeProfile(),)
    names = [p.scheduler_name for p in profiles]
    if len(names) == 1:
        names = [names[0] or DEFAULT_NAME]
    if "" in names:
        raise InputError(f"{where}: profiles[{names.index('')}].schedulerName: missing")
    if len(set(names)) < len(names):
        raise InputError(f"{where}: profiles: two have the same schedulerName")
    if not wanted and len(profiles) > 1:
        raise InputError(
            f"{where}: profiles: there are {len(profiles)}: choose one by its schedulerName "
            f"({', '.join(names)})"
        )
    if wanted and wanted not in names:
        raise InputError(f"{where}: {nearest('schedulerName', wanted, names)}")
    index = names.index(wanted) if wanted else 0
    return index, profiles[index]


def _extends(elsewhere: Extensions) -> Extends:
    return lambda name, point: point in (EXTENDS.get(name) or elsewhere(name) or ())


def _check_names(profile: KubeProfile, elsewhere: Extensions, path: str) -> None:
    for attribute, info in Plugins.model_fields.items():
        point = getattr(profile.plugins, attribute)
        for kind, listed in (("enabled", point.enabled), ("disabled", point.disabled)):
            for plugin in listed:
                anything = kind == "disabled" and plugin.name == "*"
                if not (anything or plugin.name in EXTENDS or elsewhere(plugin.name)):
                    message = nearest("plugin", plugin.name, EXTENDS)
                    raise InputError(f"{path}: plugins.{info.alias}.{kind}: {message}")


def _check(points: Mapping[str, list[PluginRef]], path: str) -> None:
    """Refuse what would keep kube-scheduler from starting, or fail on every pod."""
    names = {point: _names(plugins) for point, plugins in points.items()}
    if names["queue_sort"] != ("PrioritySort",):
        raise InputError(f"{path}: plugins.queueSort: expected PrioritySort, and nothing else")
    if "DefaultBinder" not in names["bind"]:
        raise InputError(f"{path}: plugins.bind: DefaultBinder is disabled: no pod would be bound")
    _together(names, "pre_filter", "filter", path, WORKS_WITHOUT_PREFILTER)
    _together(names, "pre_score", "score", path, ())
    for later in ("reserve", "pre_bind"):
        _together(names, later, "filter", path, ("DynamicResources",))


def _together(
    names: Mapping[str, tuple[str, ...]], needed: str, by: str, path: str, spared: Iterable[str]
) -> None:
    for name in names[by]:
        lacks = name not in names[needed] and needed in EXTENDS.get(name, ())
        if lacks and name not in spared:
            alias, other = (Plugins.model_fields[p].alias for p in (needed, by))
            raise InputError(
                f"{path}: plugins.{alias}: {name} is disabled there but not for {other}, "
                f"where it then fails: disable it for {other} too"
            )


def _post_filter(plugins: Iterable[PluginRef], path: str) -> str:
    """Return what makes room, "" if nothing does.

    Not DynamicResources, which only gives back claims that were allocated in vain.
    """
    names = [p.name for p in plugins if p.name != "DynamicResources"]
    if len(names) > 1:
        raise InputError(
            f"{path}: plugins.postFilter: not supported: more than one ({', '.join(names)}): "
            "disable all but one"
        )
    return names[0] if names else ""


def _names(plugins: Iterable[PluginRef], wanted: Iterable[str] | None = None) -> tuple[str, ...]:
    return tuple(p.name for p in plugins if wanted is None or p.name in wanted)


def _arguments(profile: KubeProfile, elsewhere: Extensions, path: str) -> dict[str, dict[str, Any]]:
    """Return every plugin's arguments; those of plugins from elsewhere as they are."""
    found: dict[str, dict[str, Any]] = {}
    for i, config in enumerate(profile.plugin_config):
        where = f"{path}: pluginConfig[{i}]"
        if config.name in found:
            raise InputError(f"{where}: a second one for {config.name}")
        if config.name in EXTENDS:
            found[config.name] = plugin_args(config.name, config.args, f"{where}.args")
        elif elsewhere(config.name):
            found[config.name] = config.args
        else:
            raise InputError(f"{where}: {nearest('plugin', config.name, EXTENDS)}")
    return found
