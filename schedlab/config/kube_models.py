"""KubeSchedulerConfiguration (kubescheduler.config.k8s.io/v1) as typed data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from schedlab.errors import InputError, explain_validation

T = TypeVar("T")


def _empty_if_null(value: object) -> object:
    return [] if value is None else value


Listed = Annotated[tuple[T, ...], BeforeValidator(_empty_if_null)]
"""A list; null is an empty one, as in Kubernetes."""

Percentage = Annotated[int, Field(ge=0, le=100, strict=True)]
Weight = Annotated[int, Field(ge=0, le=(1 << 31) - 1, strict=True)]


class KubeModel(BaseModel):
    """Base: camelCase keys, unknown ones are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)


class PluginRef(KubeModel):
    """A plugin to enable or disable; no weight, or 0, stands for 1."""

    name: str = Field(min_length=1)
    weight: Weight = 0


class PluginSet(KubeModel):
    """What is enabled and disabled at one extension point; ``*`` disables all defaults."""

    enabled: Listed[PluginRef] = ()
    disabled: Listed[PluginRef] = ()


def _nothing_if_null(value: object) -> object:
    return {} if value is None else value


Point = Annotated[PluginSet, BeforeValidator(_nothing_if_null)]


class Plugins(KubeModel):
    """The plugin sets by extension point."""

    pre_enqueue: Point = PluginSet()
    queue_sort: Point = PluginSet()
    pre_filter: Point = PluginSet()
    filter: Point = PluginSet()
    post_filter: Point = PluginSet()
    pre_score: Point = PluginSet()
    score: Point = PluginSet()
    reserve: Point = PluginSet()
    permit: Point = PluginSet()
    pre_bind: Point = PluginSet()
    bind: Point = PluginSet()
    post_bind: Point = PluginSet()
    multi_point: Point = PluginSet()


class PluginConfig(KubeModel):
    """The arguments of one plugin."""

    name: str = Field(min_length=1)
    args: Annotated[dict[str, Any], BeforeValidator(_nothing_if_null)] = {}


class KubeProfile(KubeModel):
    """One profile: the scheduler that pods ask for by ``schedulerName``.

    Without a name it is ``default-scheduler`` if it is the only one.
    """

    scheduler_name: str = ""
    percentage_of_nodes_to_score: Percentage | None = None
    plugins: Annotated[Plugins, BeforeValidator(_nothing_if_null)] = Plugins()
    plugin_config: Listed[PluginConfig] = ()


class KubeSchedulerConfiguration(KubeModel):
    """The whole configuration.

    What follows ``extenders`` decides how the process runs or when it retries, never where a
    pod goes: it is accepted and has no effect here.
    """

    api_version: Literal["kubescheduler.config.k8s.io/v1"]
    kind: Literal["KubeSchedulerConfiguration"]
    profiles: Listed[KubeProfile] = ()
    percentage_of_nodes_to_score: Percentage | None = None
    extenders: Listed[Any] = ()
    parallelism: Any = None
    leader_election: Any = None
    client_connection: Any = None
    enable_profiling: Any = None
    enable_contention_profiling: Any = None
    pod_initial_backoff_seconds: Any = None
    pod_max_backoff_seconds: Any = None
    delay_cache_until_active: Any = None


M = TypeVar("M", bound=BaseModel)


def validated(model: type[M], data: Mapping[str, Any], where: str) -> M:
    """Return ``data`` as ``model``; raise InputError naming ``where`` and each faulty path."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise InputError(explain_validation(error, where, model)) from error
