"""Which code decides a trial's result, as hashes."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from importlib.metadata import version
from pathlib import Path

from schedlab.api import Configurable

LIBRARIES = ("numpy", "ortools", "scipy")
"""Libraries whose versions can change a decision."""

FRAMEWORK = "schedlab"
FRAMEWORK_PARTS = ("api.py", "engine.py", "bound", "core", "model", "metrics", "harness/worker.py")
"""Of schedlab itself what decides and measures; a change of the command line does not count."""


def code_behind(values: Iterable[object], hash_of: Callable[[str], str]) -> dict[str, str]:
    """Return the hash of each package and plugin file that these objects' classes come from.

    A package counts as a whole; ``hash_of`` is :func:`hash_module`, or remembers it.  What a
    scheduler looks up by name while it runs is not seen, unless it is of these packages.
    """
    classes = {base for value in values for c in configurables(value) for base in type(c).__mro__}
    modules = {c.__module__.partition(".")[0] for c in classes if issubclass(c, Configurable)}
    hashed = {name: hash_of(name) for name in sorted(modules | {FRAMEWORK})}
    return {**hashed, **{library: version(library) for library in LIBRARIES}}


def configurables(value: object) -> Iterator[Configurable]:
    """Yield every plugin, scheduler and workload source that an argument holds, itself first."""
    if isinstance(value, Configurable):
        yield value
    if is_dataclass(value) and not isinstance(value, type):
        value = [getattr(value, f.name) for f in fields(value)]
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for part in value:
            yield from configurables(part)


def hash_module(name: str) -> str:
    """Return the SHA-256 of a top-level module's source files, names and contents."""
    sha = hashlib.sha256()
    for root, file in _source_files(name):
        sha.update(f"{file.relative_to(root).as_posix()}\n".encode())
        sha.update(file.read_bytes())
    return sha.hexdigest()


def _source_files(name: str) -> Iterator[tuple[Path, Path]]:
    """Yield (folder, file) for each source file of a top-level module, in a fixed order."""
    module = sys.modules[name]
    if hasattr(module, "__path__"):
        for root in map(Path, module.__path__):
            parts = FRAMEWORK_PARTS if name == FRAMEWORK else ("",)
            for file in sorted(f for part in parts for f in _python_files(root / part)):
                yield root, file
    elif module.__file__ is not None:
        file = Path(module.__file__)
        yield file.parent, file


def _python_files(path: Path) -> list[Path]:
    return [path] if path.is_file() else list(path.rglob("*.py"))
