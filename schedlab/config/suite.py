"""A suite: which workloads, schedulers and seeds are compared, under which budget."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from schedlab.config.paths import anchored
from schedlab.config.profile import read_toml
from schedlab.errors import InputError, explain_validation, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from schedlab.registry import Registry


class Model(BaseModel):
    """Base of the configuration: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


MOST_SEEDS = 10_000


def _as_seeds(value: object) -> object:
    """Turn a count into the seeds 0, 1, ..., count - 1."""
    if isinstance(value, bool) or not isinstance(value, int | list | tuple):
        raise ValueError("expected a count (seeds = 3) or a list of integers (seeds = [0, 1, 2])")
    if isinstance(value, int) and value > MOST_SEEDS:
        raise ValueError(f"expected at most {MOST_SEEDS:,} seeds")
    return tuple(range(value)) if isinstance(value, int) else tuple(value)


def _are_distinct(seeds: tuple[int, ...]) -> tuple[int, ...]:
    if not seeds:
        raise ValueError("at least one seed is needed")
    if len(set(seeds)) < len(seeds):
        raise ValueError("a seed is named twice")
    return seeds


Seed = Annotated[int, Field(ge=0, lt=2**63, strict=True)]
Seeds = Annotated[tuple[Seed, ...], BeforeValidator(_as_seeds)]
Positive = Annotated[float, Field(gt=0, strict=True, allow_inf_nan=False)]


class Entry(Model):
    """One workload or scheduler: a registered name, its arguments, and how to call it.

    A bare string is an entry of that name without arguments.  ``label`` is what tables
    show and tells two entries of one name apart; it defaults to the name.
    """

    name: str = Field(min_length=1)
    label: str = Field(min_length=1, pattern=r"^[^\t\r\n]+$")
    args: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _label(cls, data: object) -> object:
        if isinstance(data, str):
            data = {"name": data}
        if isinstance(data, dict) and "label" not in data:
            data = {**data, "label": data.get("name", "unnamed")}
        return data


class SchedulerEntry(Entry):
    """A scheduler; its own ``seeds`` (a deterministic one needs no more than one) are optional."""

    seeds: Seeds | None = None

    @field_validator("seeds")
    @classmethod
    def _distinct(cls, seeds: tuple[int, ...] | None) -> tuple[int, ...] | None:
        return None if seeds is None else _are_distinct(seeds)


class BudgetConfig(Model):
    """What a scheduler may spend on a trial.

    ``seconds`` bounds its wall clock (None: no bound), ``effort`` its solver work in
    CP-SAT's deterministic seconds.
    """

    seconds: Positive | None = None
    effort: Positive = 10.0


class Suite(Model):
    """A matrix of workloads x schedulers x seeds.

    ``timeout`` (seconds, None: never) ends a trial that hangs, ``memory_mb`` (10^6 bytes,
    None: what there is; Linux) bounds what a trial may take; both are named failures.
    ``optional_workloads`` take part where they are chosen by their labels.  ``profile``
    also measures time by plugin and extension point, which adds to what decisions cost.
    ``columns`` are the metrics that its tables show, the most important first.  ``baseline``,
    the label of a scheduler, adds what came of each workload beside it, seed by seed.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    description: str = ""
    seeds: Seeds = (0,)
    timeout: Positive | None = None
    memory_mb: Positive | None = None
    budget: BudgetConfig = BudgetConfig()
    profile: bool = False
    columns: tuple[str, ...] = ()
    baseline: str = ""
    workloads: tuple[Entry, ...] = Field(min_length=1)
    optional_workloads: tuple[Entry, ...] = ()
    schedulers: tuple[SchedulerEntry, ...] = Field(min_length=1)

    @field_validator("seeds")
    @classmethod
    def _distinct_seeds(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        return _are_distinct(seeds)

    @field_validator("columns")
    @classmethod
    def _known_columns(cls, columns: tuple[str, ...]) -> tuple[str, ...]:
        from schedlab.metrics import METRICS  # it imports the registry, which imports this

        for name in columns:
            if not METRICS.offers(name):
                raise ValueError(nearest("metric", name, METRICS))
        return columns

    @field_validator("workloads", "optional_workloads", "schedulers")
    @classmethod
    def _distinct_labels(cls, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
        for label, count in Counter(e.label for e in entries).items():
            if count > 1:
                raise ValueError(f"{label!r} is named twice: give each entry its own label")
        return entries


def make_suite(data: Mapping[str, Any], where: str) -> Suite:
    """Validate plain data as a suite; raise InputError naming ``where`` and the path in it."""
    try:
        return Suite.model_validate(data)
    except ValidationError as error:
        raise InputError(explain_validation(error, where, Suite)) from error


def suite_of(data: Mapping[str, Any], where: str) -> Suite:
    """Return a suite as its author wrote it; raise InputError also for an unknown baseline."""
    suite = make_suite(data, where)
    labels = [s.label for s in suite.schedulers]
    if suite.baseline and suite.baseline not in labels:
        raise InputError(f"{where}: baseline: {nearest('scheduler', suite.baseline, labels)}")
    return suite


def load_suite(name_or_path: str | Path, registry: Registry) -> Suite:
    """Read a suite by its registered name or from a TOML file; its paths are beside it.

    Raises
    ------
    InputError
        If there is no such suite or file, the TOML is broken, or a key or value is wrong.
    """
    path = _locate(name_or_path, registry)
    suite = suite_of(read_toml(path), str(path))
    return anchored(suite, path.parent.absolute(), registry)


def check_names(suite: Suite, registry: Registry, where: str) -> None:
    """Make every workload source and scheduler once; raise InputError naming a wrong entry."""
    makers: tuple[tuple[str, Sequence[Entry], Callable[..., object]], ...] = (
        ("workloads", suite.workloads, registry.make_workload),
        ("schedulers", suite.schedulers, registry.make_scheduler),
    )
    for kind, entries, make in makers:
        for i, entry in enumerate(entries):
            try:
                make(entry.name, entry.args)
            except InputError as error:
                raise InputError(f"{where}: {kind}[{i}]: {error}") from error


def _locate(name_or_path: str | Path, registry: Registry) -> Path:
    known = registry.suites
    if str(name_or_path) in known:
        return known[str(name_or_path)]
    path = Path(name_or_path)
    if path.suffix == ".toml" or path.exists():
        return path
    raise InputError(f"{nearest('suite', str(name_or_path), known)}, or give the path of a .toml")
