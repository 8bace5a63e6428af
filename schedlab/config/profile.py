"""Profiles as TOML: filters, weighted scores, arguments, tie-break."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schedlab.core.profile import QueueSort, TieBreak
from schedlab.errors import InputError, explain_validation

KUBERNETES_FILTERS = (
    "NodeUnschedulable",
    "NodeName",
    "TaintToleration",
    "NodeAffinity",
    "NodeResourcesFit",
    "GpuShare",
    "PodTopologySpread",
)
"""The default order (kube-scheduler's, with GpuShare for pods that ask for GPU thousandths)."""


class ProfileConfig(BaseModel):
    """A filter-score scheduler as data.

    ``args`` holds each plugin's arguments by plugin name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    description: str = ""
    filters: tuple[str, ...] = KUBERNETES_FILTERS
    scores: dict[str, int] = Field(default_factory=dict)
    devices: str = "GpuShare"
    tie_break: TieBreak = "lowest"
    queue_sort: QueueSort = "PrioritySort"
    args: dict[str, dict[str, Any]] = Field(default_factory=dict)


def read_toml(path: Path) -> dict[str, Any]:
    """Return a TOML file's table; raise InputError with file and line where it is broken."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: not valid TOML: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error


def load_profile(path: Path) -> ProfileConfig:
    """Read and validate one profile; raise InputError naming the file and the path in it."""
    return parse_profile(read_toml(path), str(path))


def parse_profile(table: dict[str, Any], where: str) -> ProfileConfig:
    """Validate a profile's table; raise InputError naming ``where`` and the path in it."""
    try:
        return ProfileConfig.model_validate(table)
    except ValidationError as error:
        raise InputError(explain_validation(error, where)) from error
