"""From a suite to its trials: every workload x scheduler x seed, each with its identity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schedlab.config.suite import Entry, SchedulerEntry, Suite
from schedlab.errors import InputError
from schedlab.harness.code import code_behind, hash_module
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
    workloads = {w.label: registry.make_workload(w.name, w.args) for w in suite.workloads}
    schedulers = {s.label: registry.make_scheduler(s.name, s.args) for s in suite.schedulers}
    told = {label: _identity_of(source) for label, source in workloads.items()}
    hash_of = cache(hash_module)  # For this call alone: files change between runs.
    specs = []
    for workload, seed, scheduler in _cells(suite):
        parts = (workloads[workload.label], schedulers[scheduler.label])
        identity = {
            "code": code_behind(parts, hash_of),
            "budget": suite.budget.model_dump(),
            "workload": told[workload.label],
            "scheduler": canonical(schedulers[scheduler.label]),
            "seed": seed,
            **({"profile": True} if suite.profile else {}),
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
        memory_mb=suite.memory_mb,
        profile=suite.profile,
    )


def _identity_of(source: WorkloadSource) -> dict[str, Any]:
    """Return a source's arguments and the contents of its files, wherever those lie."""
    files = [f.absolute() for f in source.input_files()]
    told = canonical(source)
    for f in fields(source):
        value = getattr(source, f.name)
        if isinstance(value, Path) and any(file.is_relative_to(value.absolute()) for file in files):
            told[f.name] = None
    return {"source": told, "files": [hash_file(f) for f in files]}


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
