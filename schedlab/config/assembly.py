"""From a profile's data to the profile: plugins made, names resolved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from schedlab.api import DevicePlugin, FilterPlugin, Plugin, PostFilterPlugin, ScorePlugin
from schedlab.config.kube_scheduler import Extensions, kube_scheduler
from schedlab.config.profile import ProfileConfig
from schedlab.core.prefilter import PreFilterOnly
from schedlab.core.profile import Profile
from schedlab.errors import InputError

K = TypeVar("K", bound=Plugin)

Make = Callable[[str, Mapping[str, Any]], Plugin]
"""Makes a plugin from its name and arguments."""


def assemble(name: str, config: ProfileConfig, make: Make) -> Profile:
    """Return the profile; a plugin that both filters and scores is made once.

    Raises
    ------
    InputError
        If a plugin is unknown, rejects its arguments, or does not do what it is named for.
    """
    made: dict[str, Plugin] = {}

    def plugin(kind: type[K], wanted: str) -> K:
        if wanted not in made:
            made[wanted] = make(wanted, config.args.get(wanted, {}))
        found = made[wanted]
        if not isinstance(found, kind):
            raise InputError(f"profile {name!r}: {wanted} is not a {kind.__name__}")
        return found

    filters = tuple(plugin(FilterPlugin, f) for f in config.filters)
    heard = tuple(plugin(FilterPlugin, f) for f in config.prefilters or ())
    return Profile(
        name=name,
        filters=(*filters, *_only_heard(heard, filters)),
        scores=tuple((plugin(ScorePlugin, s), w) for s, w in config.scores.items()),
        devices=plugin(DevicePlugin, config.devices) if config.devices else None,
        tie_break=config.tie_break,
        queue_sort=config.queue_sort,
        prefilters=None if config.prefilters is None else heard,
        post_filter=plugin(PostFilterPlugin, config.post_filter) if config.post_filter else None,
        percentage_of_nodes_to_score=config.percentage_of_nodes_to_score,
    )


def _only_heard(
    heard: tuple[FilterPlugin, ...], filters: tuple[FilterPlugin, ...]
) -> tuple[PreFilterOnly, ...]:
    """Return what enforces prefilters of plugins that do not filter."""
    default = FilterPlugin.prefilter
    return tuple(
        PreFilterOnly(plugin=p) for p in heard if p not in filters and type(p).prefilter != default
    )


def as_configured(
    keys: ProfileConfig,
    configuration: Mapping[str, Any] | None,
    where: str,
    elsewhere: Extensions,
) -> ProfileConfig:
    """Return ``keys`` with what a KubeSchedulerConfiguration states (None: the defaults).

    ``keys`` say the rest: devices (whose plugin filters after NodeResourcesFit), tie-break,
    queue sort, and which of the configuration's schedulers.
    """
    stated = kube_scheduler(configuration, where, keys.scheduler_name, elsewhere)
    filters = _with_filter_of(keys.devices, stated.filters)
    used = {*filters, *stated.prefilters, *stated.scores, stated.post_filter}
    changes: dict[str, Any] = {
        "filters": filters,
        "prefilters": stated.prefilters,
        "scores": dict(stated.scores),
        "post_filter": stated.post_filter,
        "args": {k: v for k, v in stated.args.items() if k in used},
    }
    if stated.percentage is not None:
        changes["percentage_of_nodes_to_score"] = stated.percentage
    return keys.model_copy(update=changes)


def _with_filter_of(devices: str, filters: tuple[str, ...]) -> tuple[str, ...]:
    if not devices or devices in filters:
        return filters
    at = filters.index("NodeResourcesFit") + 1 if "NodeResourcesFit" in filters else len(filters)
    return (*filters[:at], devices, *filters[at:])
