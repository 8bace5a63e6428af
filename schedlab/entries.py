"""What installed packages offer by entry points: classes, and packages of TOML files."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TypeVar

from schedlab.api import Configurable
from schedlab.errors import InputError

C = TypeVar("C", bound=Configurable)


class Classes(Mapping[str, type[C]]):
    """The classes of an entry-point group, and some more, by name in alphabetical order.

    A class is imported when it is asked for: a package that cannot be imported stops only
    who uses it.
    """

    def __init__(self, group: str, kind: type[C], more: Mapping[str, type[C]]) -> None:
        self._kind = kind
        self._known: dict[str, type[C] | EntryPoint] = {
            **{e.name: e for e in entry_points(group=group)},
            **more,
        }

    def __getitem__(self, name: str) -> type[C]:
        """Return a class; raise InputError if its package cannot be imported."""
        found = self._known[name]
        if isinstance(found, EntryPoint):
            found = self._known[name] = _load(found, self._kind)
        return found

    def __contains__(self, name: object) -> bool:
        """Say whether there is such a name, without importing anything."""
        return name in self._known

    def __iter__(self) -> Iterator[str]:
        """Return the names."""
        return iter(sorted(self._known))

    def __len__(self) -> int:
        """Return the number of names."""
        return len(self._known)


def toml_files(group: str) -> dict[str, Path]:
    """Return the TOML files in a group's packages by their stems."""
    folders = [Path(str(e.load().__file__)).parent for e in entry_points(group=group)]
    return {p.stem: p for folder in folders for p in sorted(folder.glob("*.toml"))}


def _load(entry: EntryPoint, kind: type[C]) -> type[C]:
    try:
        cls = entry.load()
    except Exception as error:
        package = entry.dist.name if entry.dist else "?"
        raise InputError(
            f"entry point {entry.name!r} ({entry.value}) of package {package}: "
            f"raises on import: {error!r}"
        ) from error
    if not (inspect.isclass(cls) and issubclass(cls, kind)):
        raise InputError(f"entry point {entry.name!r} ({entry.value}) is not a {kind.__name__}")
    return cls
