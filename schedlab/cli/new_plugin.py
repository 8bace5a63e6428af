"""Writing a new plugin or scheduler and its test from templates."""

from __future__ import annotations

import keyword
import re
import shlex
from importlib.resources import files
from pathlib import Path
from string import Template

from schedlab.errors import InputError
from schedlab.registry import installed

TEMPLATES = files("schedlab.cli") / "templates"


def write_plugin(name: str, kind: str, folder: Path) -> None:
    """Write ``<module>.py`` and ``test_<module>.py`` and print what to do next.

    ``kind`` is the templates' name: score, filter, device or scheduler.

    Raises
    ------
    InputError
        If the name is not a class's or is taken, or one of the files is there already.
    """
    _check_name(name)
    module = module_name(name)
    plugin, test = folder / f"{module}.py", folder / f"test_{module}.py"
    _refuse_overwriting(plugin, test)
    folder.mkdir(parents=True, exist_ok=True)
    for path, template in ((plugin, f"{kind}.py.txt"), (test, f"test_{kind}.py.txt")):
        path.write_text(_filled(template, name, module), "utf-8")
        print(f"wrote {path}")
    print(_next_steps(plugin, test))


def module_name(name: str) -> str:
    """Return the file name of a class: ``my_score`` of ``MyScore``, ``gpu_fit`` of ``GPUFit``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _filled(template: str, name: str, module: str) -> str:
    text = (TEMPLATES / template).read_text("utf-8")
    return Template(text).substitute(name=name, module=module)


def _check_name(name: str) -> None:
    if not name.isidentifier() or keyword.iskeyword(name) or not name[0].isupper():
        raise InputError(f"{name!r} cannot name a class: write it like MyScore")
    registry = installed()
    if name in {*registry.plugins, *registry.schedulers, *registry.workloads}:
        raise InputError(f"{name} is installed already: choose another name")


def _refuse_overwriting(*paths: Path) -> None:
    for path in paths:
        if path.exists():
            raise InputError(f"{path} exists: choose another name or another --dir")


def _next_steps(plugin: Path, test: Path) -> str:
    file = shlex.quote(str(plugin))
    return f"""
does it keep its contract?      schedlab check {file}
test it (pip install pytest):   python -m pytest {shlex.quote(str(test))}
see it ranked in seconds:       schedlab run smoke --plugin {file}
rank it among ten schedulers:   schedlab run quickstart --plugin {file}"""
