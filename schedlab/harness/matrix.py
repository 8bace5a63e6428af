"""From a suite to its trials: every workload x scheduler x seed, each with its identity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import schedlab
from schedlab.config.suite import Entry, SchedulerEntry, Suite
from schedlab.errors import InputError
from schedlab.harness.identity import canonical, digest, hash_file
from schedlab.harness.trial import TrialSpec

if TYPE_CHECKING:
    from schedlab.api import WorkloadSource
    from schedlab.registry import Registry


def expand(suite: Suite, registry: Registry, plugin_files: Sequence[Path] = ()) -> list[TrialSpec]:
    """Return the suite's trials: by workload, then seed, then scheduler.

    Raises
    ------
    InputError
        If a name or argument is wrong, a file that a workload reads is missing, or two
        entries under different labels are the same trial.
    """
    workloads = {w.label: _workload_identity(w, registry) for w in suite.workloads}
    schedulers = {s.label: _scheduler_identity(s, registry) for s in suite.schedulers}
    common = {
        "schedlab": schedlab.__version__,
        "budget": suite.budget.model_dump(),
        "plugin_files": sorted(hash_file(p) for p in plugin_files),
    }
    specs = []
    for workload, seed, scheduler in _cells(suite):
        identity = {
            **common,
            "workload": workloads[workload.label],
            "scheduler": schedulers[scheduler.label],
            "seed": seed,
        }
        specs.append(_spec(suite, workload, scheduler, seed, identity, plugin_files))
    _check_distinct(specs)
    return specs


def _cells(suite: Suite) -> Iterator[tuple[Entry, int, SchedulerEntry]]:
    for workload in suite.workloads:
        for seed in _seeds(suite):
            for scheduler in suite.schedulers:
                if seed in _seeds_of(scheduler, suite):
                    yield workload, seed, scheduler


def _spec(
    suite: Suite,
    workload: Entry,
    scheduler: SchedulerEntry,
    seed: int,
    identity: dict[str, Any],
    plugin_files: Sequence[Path],
) -> TrialSpec:
    return TrialSpec(
        id=digest(identity),
        identity=identity,
        workload=workload,
        scheduler=Entry(name=scheduler.name, label=scheduler.label, args=scheduler.args),
        seed=seed,
        budget=suite.budget,
        plugin_files=tuple(plugin_files),
        timeout=suite.timeout,
    )


def anchored(suite: Suite, registry: Registry) -> Suite:
    """Return the suite with the paths among its workloads' arguments made absolute."""
    workloads = [
        w.model_copy(update={"args": {**w.args, **_absolute_paths(_make(w, registry))}})
        for w in suite.workloads
    ]
    return suite.model_copy(update={"workloads": tuple(workloads)})


def _make(entry: Entry, registry: Registry) -> WorkloadSource:
    return registry.make_workload(entry.name, entry.args)


def _absolute_paths(source: WorkloadSource) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for f in fields(source):
        value = getattr(source, f.name)
        if isinstance(value, Path):
            found[f.name] = str(value.absolute())
        elif isinstance(value, Sequence) and any(isinstance(v, Path) for v in value):
            found[f.name] = [str(v.absolute()) for v in value]
    return found


def _workload_identity(entry: Entry, registry: Registry) -> Any:
    source = _make(entry, registry)
    files = [hash_file(f) for f in source.input_files()]
    return {"source": canonical(source), "files": files}


def _scheduler_identity(entry: Entry, registry: Registry) -> Any:
    return canonical(registry.make_scheduler(entry.name, entry.args))


def _seeds_of(scheduler: SchedulerEntry, suite: Suite) -> tuple[int, ...]:
    return suite.seeds if scheduler.seeds is None else scheduler.seeds


def _seeds(suite: Suite) -> list[int]:
    """Return every seed that some scheduler uses, in order of first mention."""
    return list(dict.fromkeys(s for sch in suite.schedulers for s in _seeds_of(sch, suite)))


def _check_distinct(specs: list[TrialSpec]) -> None:
    seen: dict[str, TrialSpec] = {}
    for spec in specs:
        first = seen.setdefault(spec.id, spec)
        if first is not spec:
            raise InputError(
                f"{first.title!r} and {spec.title!r} are the same trial under two labels; "
                "remove one, or give it other arguments"
            )
