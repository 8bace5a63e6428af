"""What decides a trial's result, as canonical JSON, and its hash."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import singledispatch
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

from schedlab.errors import InputError

ID_LENGTH = 12


def digest(data: object) -> str:
    """Return the first 12 hexadecimal digits of the SHA-256 of ``data`` as canonical JSON."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:ID_LENGTH]


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file's contents, or of a folder's names and contents.

    Raises
    ------
    InputError
        If the path does not exist or cannot be read.
    """
    try:
        if not path.is_dir():
            return hashlib.sha256(path.read_bytes()).hexdigest()
        inside = sorted(p for p in path.rglob("*") if p.is_file())
        listed = [(p.relative_to(path).as_posix(), hash_file(p)) for p in inside]
        return hashlib.sha256(json.dumps(listed).encode()).hexdigest()
    except OSError as error:
        raise InputError(f"{path}: cannot read: {error.strerror}") from error


@singledispatch
def canonical(value: object) -> Any:
    """Return ``value`` as JSON data that is equal exactly when it means the same.

    Objects with arguments (schedulers, plugins, workload sources) become their class and
    every field, defaults included; a path becomes the hash of what it leads to.

    Raises
    ------
    InputError
        For a value whose meaning cannot be told from its data.
    """
    if value is None:
        return None
    if is_dataclass(value) and not isinstance(value, type):
        told = {f.name: canonical(getattr(value, f.name)) for f in fields(value)}
        return {"class": _qualified(type(value)), **told}
    if isinstance(value, type) or callable(value):
        return _qualified(value)
    raise InputError(
        f"a value of type {type(value).__name__} has no canonical form; "
        "use numbers, text, lists, tables, paths or dataclasses"
    )


@canonical.register(bool)
@canonical.register(int)
@canonical.register(str)
def _plain(value: object) -> Any:
    return value


@canonical.register
def _number(value: float) -> Any:
    return value if math.isfinite(value) else str(value)


@canonical.register
def _path(value: Path) -> Any:
    return {"sha256": hash_file(value)}


@canonical.register
def _enum(value: Enum) -> Any:
    return canonical(value.value)


@canonical.register
def _mapping(value: Mapping) -> Any:  # type: ignore[type-arg]
    return {str(k): canonical(v) for k, v in value.items()}


@canonical.register(list)
@canonical.register(tuple)
def _sequence(value: list[object]) -> Any:
    return [canonical(v) for v in value]


@canonical.register(set)
@canonical.register(frozenset)
def _unordered(value: set[object]) -> Any:
    return sorted((canonical(v) for v in value), key=json.dumps)


@canonical.register
def _model(value: BaseModel) -> Any:
    return {"class": _qualified(type(value)), **{k: canonical(v) for k, v in value}}


@canonical.register
def _array(value: np.ndarray) -> Any:
    return {"dtype": str(value.dtype), "values": value.tolist()}


@canonical.register
def _scalar(value: np.generic) -> Any:
    return canonical(value.item())


def _qualified(value: Any) -> str:
    """Return where a class or function is defined; files given by path count by their hash."""
    return f"{value.__module__}.{value.__qualname__}"
