"""Plugins from a Python file that is no installed package."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from schedlab.api import (
    Configurable,
    DevicePlugin,
    FilterPlugin,
    PostFilterPlugin,
    Scheduler,
    ScorePlugin,
    WorkloadSource,
)
from schedlab.errors import InputError
from schedlab.whole_class import require_whole


def classes_in_file(path: Path) -> list[type[Configurable]]:
    """Import a plugin file and return the plugins, schedulers and workloads it defines."""
    module = _import_file(path)
    bases = (
        FilterPlugin,
        ScorePlugin,
        DevicePlugin,
        PostFilterPlugin,
        Scheduler,
        WorkloadSource,
    )
    defined: list[type[Configurable]] = [
        cls
        for cls in vars(module).values()
        if inspect.isclass(cls) and issubclass(cls, bases) and cls.__module__ == module.__name__
    ]
    found = [cls for cls in defined if not _is_base(cls, defined)]
    for cls in found:
        require_whole(cls)
    if not found:
        raise InputError(
            f"{path}: defines no plugin: derive a class from schedlab.api.ScorePlugin, "
            "FilterPlugin, DevicePlugin, PostFilterPlugin, Scheduler or WorkloadSource"
        )
    return found


def _is_base(cls: type[Configurable], defined: Sequence[type[Configurable]]) -> bool:
    """Say whether a class only holds what others of the file have in common."""
    return inspect.isabstract(cls) and any(c is not cls and issubclass(c, cls) for c in defined)


def _import_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise InputError(f"{path}: no such plugin file")
    name = module_name(path)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError(f"{path}: not a Python file (expected a name ending in .py)")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except InputError as error:
        raise InputError(f"{path}{_line_in(error, path)}: {error}") from error
    except SyntaxError as error:
        raise InputError(f"{error.filename}:{error.lineno}: not Python: {error.msg}") from error
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
        raise InputError(f"{path}{_line_in(error, path)}: raises on import: {told}") from error
    return module


def module_name(path: Path) -> str:
    """Return the name under which a plugin file is imported."""
    return f"schedlab_plugin_file_{path.stem}"


def _line_in(error: Exception, path: Path) -> str:
    traceback, line = error.__traceback__, ""
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == str(path.absolute()):
            line = f":{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return line
