"""Profiles as TOML: filters, weighted scores, arguments, tie-break."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schedlab.core.profile import QueueSort, TieBreak
from schedlab.errors import InputError, explain_validation

KUBERNETES_FILTERS = (
    "SchedulingGates",
    "NodeUnschedulable",
    "NodeName",
    "TaintToleration",
    "NodeAffinity",
    "NodePorts",
    "NodeResourcesFit",
    "GpuShare",
    "VolumeRestrictions",
    "NodeVolumeLimits",
    "VolumeBinding",
    "VolumeZone",
    "PodTopologySpread",
    "InterPodAffinity",
    "DynamicResources",
)
"""The default order (kube-scheduler's, with GpuShare for pods that ask for GPU thousandths)."""

STATED_BY_CONFIGURATION = ("filters", "prefilters", "scores", "post_filter", "args")


class ProfileConfig(BaseModel):
    """A filter-score scheduler as data.

    ``args`` holds each plugin's arguments by plugin name.  ``configuration`` is the path of
    a KubeSchedulerConfiguration that states ``filters``, ``prefilters``, ``scores`` and
    ``args`` instead, by its profile ``scheduler_name``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    description: str = ""
    filters: tuple[str, ...] = KUBERNETES_FILTERS
    scores: dict[str, int] = Field(default_factory=dict)
    devices: str = "GpuShare"
    tie_break: TieBreak = "lowest"
    queue_sort: QueueSort = "PrioritySort"
    post_filter: str = ""
    args: dict[str, dict[str, Any]] = Field(default_factory=dict)
    prefilters: tuple[str, ...] | None = None
    percentage_of_nodes_to_score: int = Field(default=100, ge=0, le=100)
    configuration: Path | None = None
    scheduler_name: str = ""


def read_toml(path: Path) -> dict[str, Any]:
    """Return a TOML file's table; raise InputError with file and line where it is broken."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: not valid TOML: {error}") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text: {error}") from error


def load_profile(path: Path) -> ProfileConfig:
    """Read and validate one profile; raise InputError naming the file and the path in it."""
    return parse_profile(read_toml(path), str(path))


def parse_profile(table: dict[str, Any], where: str) -> ProfileConfig:
    """Validate a profile's table; raise InputError naming ``where`` and the path in it."""
    refuse_mixture(table, where)
    try:
        return ProfileConfig.model_validate(table)
    except ValidationError as error:
        raise InputError(explain_validation(error, where, ProfileConfig)) from error


def refuse_mixture(table: Mapping[str, Any], where: str) -> None:
    """Raise InputError if a table names a configuration and also what that states."""
    twice = [k for k in STATED_BY_CONFIGURATION if k in table]
    if table.get("configuration") and twice:
        raise InputError(
            f"{where}: configuration and {', '.join(twice)} exclude each other: "
            "the KubeSchedulerConfiguration states them"
        )
