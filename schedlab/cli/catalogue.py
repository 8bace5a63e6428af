"""What ``schedlab list`` tells of everything with a name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

from schedlab.api import (
    Configurable,
    DevicePlugin,
    FilterPlugin,
    Plugin,
    PostFilterPlugin,
    ScorePlugin,
)
from schedlab.cli.catalogue_table import catalogue_table
from schedlab.cli.console import console, print_json
from schedlab.cli.experimenting import experiment_rows
from schedlab.config.preset import SYNTHETIC
from schedlab.config.profile import ProfileConfig
from schedlab.config.suite import load_suite
from schedlab.entries import C, Classes
from schedlab.errors import InputError
from schedlab.metrics import METRICS, Family, Metric
from schedlab.registry import Registry

Row = dict[str, Any]

EXTENSION_POINTS: dict[str, type] = {
    "filter": FilterPlugin,
    "score": ScorePlugin,
    "devices": DevicePlugin,
    "post-filter": PostFilterPlugin,
}


def show_catalogue(kind: str, plugin_files: Sequence[Path], json: bool) -> None:
    """Print everything of one kind."""
    rows = KINDS[kind](Registry([p.absolute() for p in plugin_files]))
    if json:
        print_json(rows)
    else:
        console().print(catalogue_table(rows))


def plugins(registry: Registry) -> list[Row]:
    """Return filter, score and device plugins."""
    return list(_loadable(registry.plugins, _plugin))


def schedulers(registry: Registry) -> list[Row]:
    """Return profiles (filter-score schedulers) and Scheduler classes."""
    profiles = [_profile(n, p) for n, p in sorted(registry.profiles.items())]
    return [*profiles, *_loadable(registry.schedulers, _configurable)]


def workloads(registry: Registry) -> list[Row]:
    """Return presets and WorkloadSource classes."""
    presets = [_preset(n, registry) for n in sorted(registry.presets)]
    return [*presets, *_loadable(registry.workloads, _configurable)]


def suites(registry: Registry) -> list[Row]:
    """Return packaged suites."""
    loaded = {n: load_suite(n, registry) for n in sorted(registry.suites)}
    return [
        {
            "name": name,
            "description": suite.description,
            "workloads": [w.label for w in suite.workloads],
            "schedulers": [s.label for s in suite.schedulers],
            "seeds": list(suite.seeds),
        }
        for name, suite in loaded.items()
    ]


def metrics(registry: Registry) -> list[Row]:
    """Return metrics, then families of metrics as ``family:member``."""
    del registry
    members = {f"{name}:...": family for name, family in METRICS.families.items()}
    return [
        *(_metric(name, metric) for name, metric in METRICS.items()),
        *(_metric(name, family) for name, family in members.items()),
    ]


def experiments(registry: Registry) -> list[Row]:
    """Return what ``schedlab experiment`` runs."""
    del registry
    return experiment_rows()


KINDS: dict[str, Callable[[Registry], list[Row]]] = {
    "plugins": plugins,
    "schedulers": schedulers,
    "workloads": workloads,
    "suites": suites,
    "experiments": experiments,
    "metrics": metrics,
}


def _loadable(classes: Classes[C], row: Callable[[str, type[C]], Row]) -> Iterator[Row]:
    """Yield a row for each class; one whose package cannot be imported says so in its own."""
    for name in classes:
        try:
            yield row(name, classes[name])
        except InputError as error:
            yield {"name": name, "description": f"cannot be used: {error}"}


def _plugin(name: str, cls: type[Plugin]) -> Row:
    points = [point for point, base in EXTENSION_POINTS.items() if issubclass(cls, base)]
    row = _configurable(name, cls)
    return {
        "name": name,
        "extends": points,
        "locality": cls.locality.name,
        **{k: v for k, v in row.items() if k != "name"},
    }


def _configurable(name: str, cls: type[Configurable]) -> Row:
    return {
        "name": name,
        "description": inspect.getdoc(cls) or "",
        "arguments": {f.name: _argument(f) for f in fields(cls)},  # type: ignore[arg-type]
    }


def _profile(name: str, profile: ProfileConfig) -> Row:
    said = profile.model_dump(mode="json", include={"filters", "scores", "tie_break", "args"})
    return {"name": name, "description": profile.description, **said}


def _preset(name: str, registry: Registry) -> Row:
    preset = registry.preset(name)
    of = {"source": preset.source, "args": preset.args} if preset.source != SYNTHETIC else {}
    file = str(registry.presets[name])
    return {"name": name, "description": preset.description, **of, "file": file}


def _metric(name: str, metric: Metric | Family) -> Row:
    told = {"unit": metric.unit, "better": metric.better, "description": metric.description}
    return {"name": name, **told}


def _argument(field: Field[Any]) -> dict[str, Any]:
    required = field.default is MISSING and field.default_factory is MISSING
    default = field.default_factory() if callable(field.default_factory) else field.default
    told = {} if required else {"default": default if _is_plain(default) else repr(default)}
    return {"type": str(field.type), "required": required, **told}


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, str | int | float)
