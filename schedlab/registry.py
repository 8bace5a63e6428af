"""Finding plugins, schedulers, workloads and suites: by entry point and by file.

Built-ins come in by the same entry-point groups as anybody's package:
``schedlab.plugins``, ``schedlab.schedulers`` and ``schedlab.workloads`` name classes;
``schedlab.profiles``, ``schedlab.presets`` and ``schedlab.suites`` name packages of TOML
files, each known by its stem.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from functools import cache, cached_property, lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from schedlab.api import (
    Configurable,
    DevicePlugin,
    FilterPlugin,
    Plugin,
    PostFilterPlugin,
    Scheduler,
    ScorePlugin,
    WorkloadSource,
)
from schedlab.config.assembly import as_configured, assemble
from schedlab.config.kube_scheduler import load_configuration
from schedlab.config.preset import Preset, load_preset
from schedlab.config.profile import (
    KUBERNETES_FILTERS,
    STATED_BY_CONFIGURATION,
    ProfileConfig,
    load_profile,
    parse_profile,
    refuse_mixture,
)
from schedlab.core.filter_score import FilterScore
from schedlab.core.profile import Profile
from schedlab.entries import Classes, toml_files
from schedlab.errors import InputError, explain_validation, nearest
from schedlab.origin import is_built_in
from schedlab.plugin_files import classes_in_file, module_name
from schedlab.whole_class import require_whole

C = TypeVar("C", bound=Configurable)
V = TypeVar("V")


class Registry:
    """Everything with a name, from installed packages and from the given plugin files."""

    def __init__(self, plugin_files: Sequence[Path] = ()) -> None:
        self.file_classes: dict[str, type[Configurable]] = {}
        for file in plugin_files:
            self._add_file(file)
        self._refuse_shadowing()

    # -- what there is -------------------------------------------------------------

    @cached_property
    def plugins(self) -> Classes[Plugin]:
        """Filter, score and device plugins by name."""
        return self._classes("schedlab.plugins", Plugin)

    @cached_property
    def schedulers(self) -> Classes[Scheduler]:
        """Schedulers that are not profiles, by name."""
        return self._classes("schedlab.schedulers", Scheduler)

    @cached_property
    def workloads(self) -> Classes[WorkloadSource]:
        """Workload sources by name."""
        return self._classes("schedlab.workloads", WorkloadSource)

    @cached_property
    def profiles(self) -> dict[str, ProfileConfig]:
        """Filter-score schedulers by name; each plugin of a plugin file makes one."""
        installed = {n: load_profile(p) for n, p in toml_files("schedlab.profiles").items()}
        return installed | {
            name: _profile_around(cls)
            for name, cls in self.file_classes.items()
            if issubclass(cls, Plugin)
        }

    @cached_property
    def presets(self) -> dict[str, Path]:
        """Workload sources with arguments by name, as TOML files."""
        return toml_files("schedlab.presets")

    @cached_property
    def suites(self) -> dict[str, Path]:
        """Packaged suites by name, as TOML files."""
        return toml_files("schedlab.suites")

    def preset(self, name: str) -> Preset:
        """Return a preset by name; raise InputError if its file is wrong."""
        return load_preset(name, self.presets[name])

    @property
    def file_schedulers(self) -> tuple[str, ...]:
        """The schedulers that the plugin files bring into a comparison."""
        kinds = Plugin | Scheduler
        return tuple(n for n, c in self.file_classes.items() if issubclass(c, kinds))

    # -- making it -----------------------------------------------------------------

    def make_plugin(self, name: str, args: Mapping[str, Any]) -> Plugin:
        """Return a plugin with validated arguments; raise InputError if anything is wrong."""
        return build(_find("plugin", name, self.plugins), args)

    def make_scheduler(self, name: str, args: Mapping[str, Any]) -> Scheduler:
        """Return a scheduler: a profile (``args`` change its keys) or a Scheduler class."""
        if name in self.profiles:
            return self._filter_score(name, args)
        known = [*self.profiles, *self.schedulers]
        if name not in self.schedulers:
            raise InputError(nearest("scheduler", name, known))
        return build(self.schedulers[name], args)

    def make_workload(self, name: str, args: Mapping[str, Any]) -> WorkloadSource:
        """Return a workload source: a preset or a WorkloadSource class."""
        if name in self.presets:
            preset = self.preset(name)
            return build(self.workloads[preset.source], {**preset.args, **args})
        if name not in self.workloads:
            raise InputError(nearest("workload", name, [*self.presets, *self.workloads]))
        return build(self.workloads[name], args)

    def make_profile(self, name: str, args: Mapping[str, Any]) -> Profile:
        """Return a profile by name with some of its keys replaced."""
        where = f"scheduler {name!r}"
        refuse_mixture(args, where)
        base = _find("profile", name, self.profiles).model_dump(exclude_unset=True)
        if "configuration" in args:
            base = {k: v for k, v in base.items() if k not in STATED_BY_CONFIGURATION}
        changed = parse_profile(base | dict(args), where)
        if changed.configuration is not None:
            file = changed.configuration
            return self.kube_profile(load_configuration(file), str(file), changed, name)
        used = {*changed.filters, *changed.scores, changed.devices, changed.post_filter}
        unused = set(changed.args) - used
        if unused:
            raise InputError(f"{where}: args given for plugins not in the profile: {unused}")
        return assemble(name, changed, self._make_vetted)

    def kube_profile(
        self,
        configuration: Mapping[str, Any] | None,
        where: str,
        keys: ProfileConfig,
        name: str = "kubernetes",
    ) -> Profile:
        """Return the profile of a KubeSchedulerConfiguration (None: kube-scheduler's defaults).

        ``keys`` say what it does not; ``where`` names it in messages.
        """
        config = as_configured(keys, configuration, where, self.extension_points)
        return assemble(name, config, self._make_vetted)

    def extension_points(self, name: str) -> tuple[str, ...] | None:
        """Return where a plugin that is not Kubernetes' own acts, None if there is none."""
        if name not in self.plugins:
            return None
        cls = self.plugins[name]
        filters = ("pre_filter", "filter") if issubclass(cls, FilterPlugin) else ()
        scores = ("pre_score", "score") if issubclass(cls, ScorePlugin) else ()
        makes_room = ("post_filter",) if issubclass(cls, PostFilterPlugin) else ()
        return (*filters, *makes_room, *scores)

    def _filter_score(self, name: str, args: Mapping[str, Any]) -> FilterScore:
        rest = {k: v for k, v in args.items() if k != "path"}
        path = {"path": args["path"]} if "path" in args else {}
        return build(FilterScore, {"profile": self.make_profile(name, rest), **path})

    def _make_vetted(self, name: str, args: Mapping[str, Any]) -> Plugin:
        return _vetted(self.make_plugin(name, args))

    def _classes(self, group: str, kind: type[C]) -> Classes[C]:
        files = {n: c for n, c in self.file_classes.items() if issubclass(c, kind)}
        return Classes(group, kind, files)

    def _add_file(self, file: Path) -> None:
        if any(c.__module__ == module_name(file) for c in self.file_classes.values()):
            raise InputError(f"{file}: another plugin file is named {file.name}: rename one")
        for cls in classes_in_file(file):
            if cls.__name__ in self.file_classes:
                raise InputError(f"{file}: another plugin file defines {cls.__name__}: rename one")
            self.file_classes[cls.__name__] = cls

    def _refuse_shadowing(self) -> None:
        groups = ("schedlab.plugins", "schedlab.schedulers", "schedlab.workloads")
        installed = {e.name for g in groups for e in entry_points(group=g)}
        for name in installed & set(self.file_classes):
            raise InputError(f"a plugin file defines {name}, which is installed already: rename it")


@cache
def installed() -> Registry:
    """Return the registry of what is installed, without plugin files."""
    return Registry()


def build(cls: type[C], args: Mapping[str, Any]) -> C:
    """Construct ``cls`` from validated arguments; raise InputError naming each fault."""
    require_whole(cls)
    if not args and not _required(cls):
        return cls()  # a validator takes milliseconds to make
    try:
        made: C = _validator(cls).validate_python(dict(args))
    except ValidationError as error:
        raise InputError(explain_validation(error, f"arguments of {cls.__name__}", cls)) from error
    return made


def _required(cls: type[Any]) -> list[str]:
    """Return the arguments of a class without which it cannot be made."""
    none = (MISSING, MISSING)
    return [f.name for f in fields(cls) if (f.default, f.default_factory) == none]


@lru_cache(maxsize=256)
def _validator(cls: type[Any]) -> TypeAdapter[Any]:
    """Return what validates the arguments of a class; it takes some milliseconds to make."""
    return TypeAdapter(cls)


def _vetted(plugin: Plugin) -> Plugin:
    """Return a plugin, unless it is somebody else's and breaks the locality that it declares."""
    if not is_built_in(type(plugin)):
        from schedlab.testing.vetting import vet  # It imports the registry.

        vet(plugin)
    return plugin


def _find(kind: str, name: str, known: Mapping[str, V]) -> V:
    if name not in known:
        raise InputError(nearest(kind, name, known))
    return known[name]


def _profile_around(cls: type[Configurable]) -> ProfileConfig:
    """Return the profile in which a plugin from a file competes by itself."""
    name = cls.__name__
    keys: dict[str, Any] = {
        "description": inspect.getdoc(cls) or "",
        "filters": (*KUBERNETES_FILTERS, *((name,) if issubclass(cls, FilterPlugin) else ())),
        "scores": {name: 1} if issubclass(cls, ScorePlugin) else {"NodeResourcesFit": 1},
    }
    if issubclass(cls, DevicePlugin):
        keys["devices"] = name
    if issubclass(cls, PostFilterPlugin):
        keys["post_filter"] = name
    return ProfileConfig(**keys)
