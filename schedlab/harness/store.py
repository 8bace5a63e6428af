"""The run folder: trials appear whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from schedlab.config.suite import Model, Suite
from schedlab.errors import InputError, explain_validation
from schedlab.harness.lock import LOCK
from schedlab.harness.trial import TrialResult, TrialSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

M = TypeVar("M", bound=BaseModel)

PLAN = "suite.json"
RESULT = "trial.json"
TRIALS = "trials"


class PlannedTrial(Model):
    """A cell of the matrix: its identity and how tables name it."""

    id: str
    workload: str
    scheduler: str
    seed: int


class Plan(Model):
    """What a run is made of, as kept in ``suite.json``: enough to resume it."""

    suite: Suite
    plugin_files: tuple[Path, ...] = ()
    trials: tuple[PlannedTrial, ...]

    @classmethod
    def of(cls, suite: Suite, plugin_files: Sequence[Path], specs: Sequence[TrialSpec]) -> Plan:
        """Return the plan of these trials."""
        trials = tuple(
            PlannedTrial(
                id=spec.id,
                workload=spec.workload.label,
                scheduler=spec.scheduler.label,
                seed=spec.seed,
            )
            for spec in specs
        )
        return cls(suite=suite, plugin_files=tuple(plugin_files), trials=trials)


def new_run_folder(suite: str, parent: Path = Path("runs")) -> Path:
    """Create and return ``parent/<suite>-<YYYYmmdd-HHMMSS>``, numbered if it is taken."""
    stem = parent / f"{suite}-{datetime.now():%Y%m%d-%H%M%S}"
    names = (stem.with_name(f"{stem.name}-{i}") if i else stem for i in count(0))
    return next(folder for folder in names if _make_folder(folder, exist_ok=False))


def given_run_folder(folder: Path) -> Path:
    """Create and return the folder that was asked for."""
    _make_folder(folder, exist_ok=True)
    return folder


def _make_folder(folder: Path, *, exist_ok: bool) -> bool:
    """Create a folder; say whether it may be used; raise InputError if it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=exist_ok)
    except OSError as error:
        if folder.is_dir():
            return False
        message = f"{folder}: cannot be made a run folder: {error.strerror}"
        raise InputError(f"{message}; choose another one with --out") from error
    return True


def require_empty(folder: Path) -> None:
    """Raise InputError if a run folder holds anything."""
    if any(inside.name != LOCK for inside in folder.iterdir()):
        raise InputError(f"{folder}: not empty; choose another folder, or resume the run in it")


def write_atomic(path: Path, text: str) -> None:
    """Write a text file that is never seen half-written."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_text(text, "utf-8")
    part.replace(path)


def write_plan(run: Path, plan: Plan) -> None:
    """Write ``suite.json``."""
    write_atomic(run / PLAN, plan.model_dump_json(indent=2) + "\n")


def read_plan(run: Path) -> Plan:
    """Return the plan of a run folder; raise InputError if there is none to read."""
    path = run / PLAN
    if not path.is_file():
        amiss = f"not a run folder (it has no {PLAN})" if run.exists() else "no such folder"
        raise InputError(f"{run}: {amiss}; schedlab run prints where it keeps a run")
    return _read(Plan, path)


def read_result(folder: Path) -> TrialResult | None:
    """Return what came of the trial kept in ``folder``, None if it has no result."""
    path = folder / RESULT
    return _read(TrialResult, path) if path.is_file() else None


def write_result(folder: Path, result: TrialResult) -> None:
    """Write ``trial.json``, the last file of a trial."""
    write_atomic(folder / RESULT, result.model_dump_json(indent=2) + "\n")


def trial_folder(run: Path, trial: str) -> Path:
    """Return where a finished trial is kept."""
    return run / TRIALS / trial


def scratch(final: Path) -> Path:
    """Return a new hidden folder, beside the trial's final one, to work in."""
    final.parent.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f".{final.name}.", dir=final.parent))


def publish(scratch: Path, folder: Path) -> None:
    """Rename a finished trial's scratch folder into place, over an earlier attempt."""
    scratch.chmod(0o755)
    if folder.exists():
        old = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        folder.rename(old / "old")
        scratch.rename(folder)
        shutil.rmtree(old)
    else:
        scratch.rename(folder)


def sweep(run: Path) -> None:
    """Delete what trials of a killed run left half-done."""
    for left in (run / TRIALS).glob(".*"):
        shutil.rmtree(left, ignore_errors=True)


def _read(model: type[M], path: Path) -> M:
    try:
        return model.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise InputError(explain_validation(error, str(path), model)) from error
