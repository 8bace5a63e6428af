"""A preset: a workload source and its arguments under a name of their own, as TOML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from schedlab.config.profile import read_toml
from schedlab.errors import InputError, explain_validation

SYNTHETIC = "Synthetic"
"""The source of a preset that names none: its file is a description of pools and classes."""


class Preset(BaseModel):
    """The name of an installed workload source, and arguments for it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    description: str
    args: dict[str, Any] = {}


def load_preset(name: str, path: Path) -> Preset:
    """Read a preset; raise InputError naming the file and the path in it."""
    table = read_toml(path)
    if "source" not in table:
        description = str(table.get("description", ""))
        return Preset(source=SYNTHETIC, description=description, args={"preset": name})
    try:
        return Preset.model_validate(table)
    except ValidationError as error:
        raise InputError(explain_validation(error, str(path), Preset)) from error
