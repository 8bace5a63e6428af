"""Which keys a pydantic model or a dataclass takes, at a path inside of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_type_hints


def keys_at(model: object, path: Sequence[int | str]) -> tuple[str, ...] | None:
    """Return the keys of what is at ``path``; None if it is no model, or of several kinds."""
    found = [model]
    for part in path:
        found = [inner for kind in found for inner in _inside(kind, part)]
    known = [keys for keys in map(_keys, found) if keys is not None]
    return known[0] if len(known) == 1 else None


def _keys(kind: object) -> tuple[str, ...] | None:
    declared = getattr(kind, "model_fields", None)
    if declared is not None:
        return tuple(field.alias or name for name, field in declared.items())
    return tuple(f.name for f in fields(kind)) if is_dataclass(kind) else None


def _inside(kind: object, part: int | str) -> list[object]:
    """Return the classes that a key or a position of ``kind`` may hold.

    The class of a list's items stands for the list: a position leads from it to itself.
    """
    if isinstance(part, int):
        return [kind]
    return [c for annotation in _annotations(kind, part) for c in _classes(annotation)]


def _annotations(kind: object, part: str) -> list[Any]:
    declared: dict[str, Any] | None = getattr(kind, "model_fields", None)
    if declared is not None:
        return [f.annotation for n, f in declared.items() if part in (n, f.alias)]
    if is_dataclass(kind):
        return [annotation for n, annotation in get_type_hints(kind).items() if n == part]
    return []


def _classes(annotation: Any) -> list[object]:
    """Return the classes named in an annotation, however deep: of ``tuple[A, ...] | None`` A."""
    inner = get_args(annotation)
    if not inner:
        return [annotation]
    return [c for argument in inner for c in _classes(argument)]
