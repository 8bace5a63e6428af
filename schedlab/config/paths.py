"""Paths among the arguments of a suite's entries, made absolute."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from schedlab.config.profile import ProfileConfig

if TYPE_CHECKING:
    from schedlab.config.suite import Entry, Suite
    from schedlab.registry import Registry


def anchored(suite: Suite, folder: Path, registry: Registry) -> Suite:
    """Return the suite with relative paths among its arguments taken from ``folder``."""
    kinds = {"workloads": _workload, "optional_workloads": _workload, "schedulers": _scheduler}
    update = {
        kind: tuple(_anchored(e, folder, find(e.name, registry)) for e in getattr(suite, kind))
        for kind, find in kinds.items()
    }
    return suite.model_copy(update=update)


def path_arguments(cls: type) -> set[str]:
    """Return the names of a class's arguments that are a path or several."""
    return {name for name, hint in get_type_hints(cls).items() if _holds_path(hint)}


def _anchored(entry: Entry, folder: Path, cls: type | None) -> Entry:
    paths = path_arguments(cls) if cls is not None else set()
    args = {k: _joined(folder, v) if k in paths else v for k, v in entry.args.items()}
    return entry.model_copy(update={"args": args})


def _workload(name: str, registry: Registry) -> type | None:
    source = registry.preset(name).source if name in registry.presets else name
    return registry.workloads.get(source)


def _scheduler(name: str, registry: Registry) -> type | None:
    return ProfileConfig if name in registry.profiles else registry.schedulers.get(name)


def _holds_path(hint: Any) -> bool:
    return hint is Path or any(map(_holds_path, get_args(hint)))


def _joined(folder: Path, value: Any) -> Any:
    if isinstance(value, str | Path):
        return str(folder / Path(value).expanduser())
    return [_joined(folder, v) for v in value] if isinstance(value, list | tuple) else value
