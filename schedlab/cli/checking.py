"""What ``schedlab check`` does: find the subjects, examine them, tell what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.padding import Padding
from rich.status import Status
from rich.table import Table
from rich.text import Text

from schedlab.api import Configurable, Plugin, Scheduler
from schedlab.cli.console import console, print_json
from schedlab.config.overrides import parse_value
from schedlab.errors import InputError, nearest
from schedlab.plugin_files import classes_in_file
from schedlab.registry import Registry, build
from schedlab.testing.check import Check, Finding, examine
from schedlab.testing.suites import checks_for, exam_for

STYLES = {"pass": "green", "fail": "bold red", "expected": "yellow", "unexpected": "bold red"}
DECLARED = "declared with --expect"


@dataclass(frozen=True)
class Wanted:
    """The command's arguments and options, as given."""

    what: Sequence[str]
    args: Sequence[str]
    plugin_files: Sequence[Path]
    seed: int
    expect: Sequence[str]
    only: Sequence[str]


def check_all(wanted: Wanted, *, as_json: bool) -> bool:
    """Check every subject, print what was found, and return whether all is well.

    Raises
    ------
    InputError
        For an unknown name, file, argument or check.
    """
    args, registry = _arguments(wanted.args), Registry(wanted.plugin_files)
    subjects = [s for name in wanted.what for s in _subjects(name, args, registry)]
    _require_known(wanted, subjects)
    found = {}
    for subject in subjects:
        found[subject.name] = _examined(subject, wanted)
        if not as_json:
            _print(subject, found[subject.name])
    if as_json:
        print_json({"seed": wanted.seed, "subjects": [_as_data(n, f) for n, f in found.items()]})
    return not any(f.bad for findings in found.values() for f in findings)


def _arguments(assignments: Sequence[str]) -> dict[str, Any]:
    args = {}
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals or not key.strip():
            raise InputError(f"--arg {assignment}: expected KEY=VALUE, such as percent=80")
        args[key.strip()] = parse_value(value.strip())
    return args


def _subjects(name: str, args: Mapping[str, Any], registry: Registry) -> list[Configurable]:
    if name.endswith(".py") or Path(name).is_file():
        return [build(cls, args) for cls in classes_in_file(Path(name))]
    if name in registry.plugins:
        return [registry.make_plugin(name, args)]
    if name in {*registry.profiles, *registry.schedulers}:
        return [registry.make_scheduler(name, args)]
    if name in {*registry.presets, *registry.workloads}:
        return [registry.make_workload(name, args)]
    known = [*registry.plugins, *registry.profiles, *registry.schedulers]
    known += [*registry.presets, *registry.workloads]
    raise InputError(nearest("plugin, scheduler or workload", name, known))


def _require_known(wanted: Wanted, subjects: Sequence[Configurable]) -> None:
    checks = [c for s in subjects for c in checks_for(s)]
    names, tags = {c.name for c in checks}, {t for c in checks for t in c.tags}
    for option, given, known in (
        ("--expect", wanted.expect, names),
        ("--only", wanted.only, names | tags),
    ):
        for name in given:
            if name not in known:
                raise InputError(f"{option}: {nearest('check', name, known)}")


def _examined(subject: Configurable, wanted: Wanted) -> list[Finding]:
    findings: list[Finding] = []
    exam = exam_for(subject, wanted.seed)
    with Status("", console=console(stderr=True)) as status:
        for check in _chosen(subject, wanted):
            status.update(f"{subject.name}: {check.name}")
            declared = {check.name: DECLARED} if check.name in wanted.expect else {}
            findings += examine(subject, [check], exam, declared)
    return findings


def _chosen(subject: Configurable, wanted: Wanted) -> list[Check]:
    checks = checks_for(subject)
    if not wanted.only:
        return checks
    return [c for c in checks if {c.name, *c.tags} & set(wanted.only)]


def _print(subject: Configurable, findings: Sequence[Finding]) -> None:
    out = console()
    out.print(Text(_title(subject), style="bold"))
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("check", "result", "what it asks"):
        table.add_column(column, no_wrap=column != "what it asks")
    first = _first_by_mistake(findings)
    for f in findings:
        same = first.get(f.mistake, f) is not f
        result = f"{f.status}, as {first[f.mistake].check}" if same else f.status
        note = f"{f.about} ({f.message})" if f.message and f.status == "pass" else f.about
        table.add_row(Text(f.check), Text(result, style=STYLES[f.status]), Text(note))
    out.print(Padding(table, (0, 0, 1, 2)))
    for f in findings:
        if f.status != "pass" and first.get(f.mistake, f) is f:
            out.print(Padding(_fault(f), (0, 0, 1, 2)))


def _first_by_mistake(findings: Sequence[Finding]) -> dict[str, Finding]:
    """Return the first check that found each mistake, which stands for the later ones."""
    return {f.mistake: f for f in reversed(findings) if f.mistake}


def _title(subject: Configurable) -> str:
    if isinstance(subject, Plugin):
        return f"{subject.name} (locality {subject.locality.name})"
    return f"{subject.name} ({'scheduler' if isinstance(subject, Scheduler) else 'workload'})"


def _fault(finding: Finding) -> Text:
    text = Text(f"{finding.check}: ", style=STYLES[finding.status])
    text.append(finding.message, style="not bold default")
    if finding.mend:
        text.append("\nmend: ", style="bold green")
        text.append(finding.mend, style="not bold default")
    return text


def _as_data(name: str, findings: Sequence[Finding]) -> dict[str, Any]:
    return {
        "name": name,
        "ok": not any(f.bad for f in findings),
        "checks": [f.to_dict() for f in findings],
    }
