"""Changing a suite from the command line: chosen entries, seeds, values set by path."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schedlab.config.suite import MOST_SEEDS, Suite, make_suite
from schedlab.errors import InputError, nearest

if TYPE_CHECKING:
    from schedlab.registry import Registry

LISTS = ("workloads", "schedulers")
MANIFEST_SUFFIXES = (".yaml", ".yml", ".json")
CSV_NODES = "nodes.csv"

Table = dict[str, Any]


def choose_schedulers(suite: Suite, names: Sequence[str], registry: Registry) -> Suite:
    """Return the suite with these schedulers: its own by label, others by installed name.

    The schedulers of plugin files compete too, unless one of them is among the names.

    Raises
    ------
    InputError
        For a name that neither the suite nor the registry knows.
    """
    installed = {*registry.profiles, *registry.schedulers}
    brought = registry.file_schedulers
    wanted = names if set(names) & set(brought) else [*names, *brought]
    entries = [_entry(suite, "schedulers", n, installed) for n in dict.fromkeys(wanted)]
    return _replaced(suite, "schedulers", entries)


def choose_workloads(suite: Suite, names: Sequence[str], registry: Registry) -> Suite:
    """Return the suite with these workloads: its own by label, others by name or file.

    A ``.toml`` file describes a synthetic workload; a folder with ``nodes.csv`` holds tables;
    a ``.yaml`` or ``.json`` file, or a folder of them, Kubernetes objects.

    Raises
    ------
    InputError
        For a name that neither the suite nor the registry knows and that is no such file.
    """
    installed = {*registry.presets, *registry.workloads}
    entries = [_workload(suite, name, installed) for name in dict.fromkeys(names)]
    return _replaced(suite, "workloads", entries)


def with_plugin_files(suite: Suite, registry: Registry) -> Suite:
    """Return the suite with the schedulers of plugin files that it does not name already."""
    named = {s.name for s in suite.schedulers} | {s.label for s in suite.schedulers}
    added = [{"name": n} for n in registry.file_schedulers if n not in named]
    return _replaced(suite, "schedulers", [*_dump(suite)["schedulers"], *added])


def choose_seeds(suite: Suite, text: str) -> Suite:
    """Return the suite with other seeds for every scheduler: ``0,1,2`` or ``42-51`` or both."""
    data = _dump(suite)
    for scheduler in data["schedulers"]:
        scheduler.pop("seeds", None)
    return make_suite({**data, "seeds": parse_seeds(text)}, f"--seeds {text}")


def parse_seeds(text: str) -> list[int]:
    """Return the seeds of ``0,1,2`` or ``42-51``; raise InputError if it is neither."""
    try:
        return [seed for part in text.split(",") for seed in _seed_range(part)]
    except ValueError as error:
        raise InputError(
            f"--seeds {text}: expected numbers and ranges, such as 0,1,2 or 42-51, of at most "
            f"{MOST_SEEDS:,} seeds"
        ) from error


def set_values(suite: Suite, assignments: Iterable[str]) -> Suite:
    """Return the suite with values replaced: ``workloads.LABEL.key=value`` and the like.

    ``schedulers.LABEL.key`` and ``workloads.LABEL.key`` are arguments of an entry (a dot
    leads into a table); any other path is a key of the suite, such as ``budget.effort``.
    A value is read as TOML; what is not TOML is text.

    Raises
    ------
    InputError
        For a path that leads nowhere or a value of the wrong type.
    """
    for assignment in assignments:
        data = _dump(suite)
        path, equals, text = assignment.partition("=")
        if not equals or not path.strip():
            raise InputError(
                f"--set {assignment}: expected PATH=VALUE, such as workloads.openb.folder=DIR"
            )
        _assign(data, path.strip(), parse_value(text.strip()), assignment)
        suite = make_suite(data, f"--set {assignment}")
    return suite


def parse_value(text: str) -> Any:
    """Return a TOML value, or the text itself where it is none."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _assign(data: Table, path: str, value: Any, assignment: str) -> None:
    kind, _, rest = path.partition(".")
    if kind in LISTS and rest:
        data, path = _entry_of(data[kind], kind, rest, assignment)
        data = data["args"]
    *tables, key = path.split(".")
    for table in tables:
        data = data.setdefault(table, {})
        if not isinstance(data, dict):
            raise InputError(f"--set {assignment}: {table!r} is a value and has no keys")
    data[key] = value


def _entry_of(entries: Sequence[Table], kind: str, rest: str, assignment: str) -> tuple[Table, str]:
    """Return the entry that a path starts with (labels may hold dots) and the rest of the path."""
    matching = [e for e in entries if rest.startswith(f"{e['label']}.")]
    if not matching:
        label = rest.partition(".")[0]
        message = nearest(kind.removesuffix("s"), label, [e["label"] for e in entries])
        raise InputError(f"--set {assignment}: {message}; the form is {kind}.LABEL.key=value")
    entry = max(matching, key=lambda e: len(e["label"]))
    return entry, rest.removeprefix(f"{entry['label']}.")


def _seed_range(part: str) -> range:
    first, dash, last = part.strip().partition("-")
    low, high = int(first), int(last if dash else first)
    if not 0 <= high - low < MOST_SEEDS:
        raise ValueError(part)
    return range(low, high + 1)


def _workload(suite: Suite, name: str, installed: set[str]) -> Table:
    known = installed | set(_by_label(suite, "workloads"))
    file = _workload_file(name) if name not in known else None
    return file or _entry(suite, "workloads", name, installed)


def _workload_file(name: str) -> Table | None:
    path = Path(name)
    if path.suffix == ".toml":
        return {"name": "Synthetic", "label": path.stem, "args": {"file": name}}
    if (path / CSV_NODES).is_file():
        return {"name": "Csv", "label": path.absolute().name, "args": {"folder": name}}
    if path.suffix in MANIFEST_SUFFIXES or path.is_dir():
        return {"name": "Manifests", "label": path.stem, "args": {"paths": [name]}}
    return None


def _entry(suite: Suite, kind: str, name: str, installed: set[str]) -> Table:
    entries = _by_label(suite, kind)
    if name in entries:
        return entries[name]
    if name not in installed:
        raise InputError(nearest(kind.removesuffix("s"), name, installed | set(entries)))
    return {"name": name}


def _by_label(suite: Suite, kind: str) -> dict[str, Table]:
    data = _dump(suite)
    return {e["label"]: e for e in [*data[kind], *data.get(f"optional_{kind}", ())]}


def _replaced(suite: Suite, kind: str, entries: Sequence[Table]) -> Suite:
    return make_suite({**_dump(suite), kind: list(entries)}, f"suite {suite.name}")


def _dump(suite: Suite) -> Table:
    """Return the suite as plain data to change, without keys that are not given."""
    return suite.model_dump(exclude_none=True)
