"""Which plugins act at which extension point, after defaults and multiPoint.

Sources: ``pkg/scheduler/apis/config/v1/default_plugins.go`` (mergePluginSet) and
``pkg/scheduler/framework/runtime/framework.go`` (expandMultiPointPlugins,
getScoreWeights).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from schedlab.config.kube_models import PluginRef, Plugins, PluginSet
from schedlab.errors import InputError

DEFAULT_PLUGINS = (
    PluginRef(name="SchedulingGates"),
    PluginRef(name="PrioritySort"),
    PluginRef(name="NodeUnschedulable"),
    PluginRef(name="NodeName"),
    PluginRef(name="TaintToleration", weight=3),
    PluginRef(name="NodeAffinity", weight=2),
    PluginRef(name="NodePorts"),
    PluginRef(name="NodeResourcesFit", weight=1),
    PluginRef(name="VolumeRestrictions"),
    PluginRef(name="NodeVolumeLimits"),
    PluginRef(name="VolumeBinding"),
    PluginRef(name="VolumeZone"),
    PluginRef(name="PodTopologySpread", weight=2),
    PluginRef(name="InterPodAffinity", weight=2),
    PluginRef(name="DynamicResources", weight=2),
    PluginRef(name="DefaultPreemption"),
    PluginRef(name="NodeResourcesBalancedAllocation", weight=1),
    PluginRef(name="ImageLocality", weight=1),
    PluginRef(name="DefaultBinder"),
)
"""The multiPoint defaults of kube-scheduler 1.35, in order."""

EXTENDS: dict[str, tuple[str, ...]] = {
    "SchedulingGates": ("pre_enqueue",),
    "PrioritySort": ("queue_sort",),
    "NodeUnschedulable": ("filter",),
    "NodeName": ("filter",),
    "TaintToleration": ("filter", "pre_score", "score"),
    "NodeAffinity": ("pre_filter", "filter", "pre_score", "score"),
    "NodePorts": ("pre_filter", "filter"),
    "NodeResourcesFit": ("pre_filter", "filter", "pre_score", "score"),
    "VolumeRestrictions": ("pre_filter", "filter"),
    "NodeVolumeLimits": ("pre_filter", "filter"),
    "VolumeBinding": ("pre_filter", "filter", "pre_score", "score", "reserve", "pre_bind"),
    "VolumeZone": ("pre_filter", "filter"),
    "PodTopologySpread": ("pre_filter", "filter", "pre_score", "score"),
    "InterPodAffinity": ("pre_filter", "filter", "pre_score", "score"),
    "DynamicResources": (
        *("pre_enqueue", "pre_filter", "filter", "post_filter"),
        *("score", "reserve", "pre_bind"),
    ),
    "DefaultPreemption": ("pre_enqueue", "post_filter"),
    "NodeResourcesBalancedAllocation": ("pre_score", "score"),
    "ImageLocality": ("score",),
    "DefaultBinder": ("bind",),
}
"""The extension points of every default plugin."""

POINTS = tuple(name for name in Plugins.model_fields if name != "multi_point")

Extends = Callable[[str, str], bool]
"""Says whether a plugin acts at an extension point."""


def plugins_by_point(plugins: Plugins, extends: Extends, where: str) -> dict[str, list[PluginRef]]:
    """Return the plugins of each extension point in order, their weights settled.

    Raises
    ------
    InputError
        For a plugin enabled where it does not act, or enabled twice.
    """
    multi = _with_defaults(plugins.multi_point)
    return {point: _expand(point, plugins, multi, extends, where) for point in POINTS}


def _with_defaults(custom: PluginSet) -> PluginSet:
    """Merge the multiPoint set into the default one, whose order is kept (mergePluginSet)."""
    disabled = {p.name for p in custom.disabled}
    stated = {p.name: p for p in custom.enabled}
    kept = () if "*" in disabled else tuple(p for p in DEFAULT_PLUGINS if p.name not in disabled)
    replaced = {p.name for p in kept}
    enabled = (
        *(stated.get(p.name, p) for p in kept),
        *(p for p in custom.enabled if p.name not in replaced),
    )
    return PluginSet(enabled=enabled, disabled=custom.disabled)


def _expand(
    point: str, plugins: Plugins, multi: PluginSet, extends: Extends, where: str
) -> list[PluginRef]:
    """Return one point's plugins: overridden ones, those of multiPoint, then its own."""
    own: PluginSet = getattr(plugins, point)
    path = f"{where}: plugins.{Plugins.model_fields[point].alias}"
    for plugin in own.enabled:
        if not extends(plugin.name, point):
            raise InputError(f"{path}.enabled: {plugin.name} does not act at this extension point")
    disabled = {p.name for p in own.disabled}
    spread = [p for p in multi.enabled if extends(p.name, point) and p.name not in disabled]
    if "*" in disabled:
        spread = []
    _refuse_twice(own.enabled, f"{path}.enabled")
    _refuse_twice(spread, f"{where}: plugins.multiPoint.enabled")
    overridden = {p.name for p in own.enabled} & {p.name for p in spread}
    return [
        _weighed(p)
        for p in (
            *(p for p in own.enabled if p.name in overridden),
            *(p for p in spread if p.name not in overridden),
            *(p for p in own.enabled if p.name not in overridden),
        )
    ]


def _weighed(plugin: PluginRef) -> PluginRef:
    return PluginRef(name=plugin.name, weight=plugin.weight or 1)


def _refuse_twice(plugins: Iterable[PluginRef], path: str) -> None:
    seen: set[str] = set()
    for plugin in plugins:
        if plugin.name in seen:
            raise InputError(f"{path}: {plugin.name} is enabled twice")
        seen.add(plugin.name)
