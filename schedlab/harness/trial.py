"""A trial: one workload, one scheduler, one seed; what is asked and what came of it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from schedlab.config.suite import BudgetConfig, Entry, Model
from schedlab.model.objects import Workload
from schedlab.places import place_in

TIMES = "time_by_plugin"
"""Where ``info`` holds the time by plugin and extension point of a profiled trial."""


class Status(StrEnum):
    """How a trial ended; ``PENDING``: not run yet."""

    OK = "ok"
    INVALID = "invalid"
    FAILED = "failed"
    CRASHED = "crashed"
    TIMEOUT = "timeout"
    INTERRUPTED = "interrupted"
    PENDING = "pending"


class TrialSpec(Model):
    """All that a worker needs to run a trial.

    Attributes
    ----------
    id : str
        The hash of ``identity``; the trial is kept in ``<run>/trials/<id>``.
    identity : dict
        What decides the result, as canonical data.
    workload, scheduler : Entry
    seed : int
        Seeds both the workload and the scheduler.
    budget : BudgetConfig
    plugin_files : tuple of Path
        Absolute paths, registered in the worker.
    timeout : float or None
        Seconds after which the worker is killed.
    memory_mb : float or None
        How much memory (10^6 bytes) the worker may take.
    profile : bool
        Whether to measure time by plugin and extension point.
    """

    id: str
    identity: dict[str, Any]
    workload: Entry
    scheduler: Entry
    seed: int
    budget: BudgetConfig
    plugin_files: tuple[Path, ...] = ()
    timeout: float | None = None
    memory_mb: float | None = None
    profile: bool = False

    @property
    def title(self) -> str:
        """How messages name the trial."""
        return f"{self.workload.label} · {self.scheduler.label} · seed {self.seed}"


class Size(Model):
    """How large a workload is: ``bound`` pods run already; ``ignored`` counts objects by kind."""

    nodes: int
    pods: int
    bound: int
    ignored: dict[str, int] = {}

    @classmethod
    def of(cls, workload: Workload) -> Size:
        """Return the size of a workload."""
        return cls(
            nodes=len(workload.nodes),
            pods=len(workload.pods),
            bound=len(workload.bound),
            ignored=dict(workload.ignored),
        )


class TrialError(Model):
    """What went wrong: an exception, a crash, or a placement's first violations."""

    type: str
    message: str
    traceback: str = ""


class TrialResult(BaseModel):
    """What came of a trial, as kept in ``trial.json``.

    ``metrics`` holds numbers only; ``info`` is what the scheduler says of its own work.
    """

    model_config = ConfigDict(extra="forbid")

    id: str
    workload: str
    scheduler: str
    seed: int
    status: Status
    size: Size | None = None
    metrics: dict[str, float | int | None] = {}
    info: dict[str, Any] = {}
    error: TrialError | None = None
    identity: dict[str, Any] = {}

    @classmethod
    def of(cls, spec: TrialSpec, status: Status, **rest: Any) -> TrialResult:
        """Return a result that carries its trial's identity."""
        return cls(
            id=spec.id,
            identity=spec.identity,
            workload=spec.workload.label,
            scheduler=spec.scheduler.label,
            seed=spec.seed,
            status=status,
            **rest,
        )

    @property
    def title(self) -> str:
        """How messages name the trial."""
        return f"{self.workload} · {self.scheduler} · seed {self.seed}"

    @property
    def reason(self) -> str:
        """Why it is not ok, in one line, with the plugin's line that raised; empty if it is."""
        if self.error is None:
            return ""
        first = self.error.message.strip().splitlines() or [""]
        told = f"{self.error.type}: {first[0]}" if first[0] else self.error.type
        place = place_in(self.error.traceback)
        return f"{told} ({place})" if place and place not in told else told
