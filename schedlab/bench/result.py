"""What was measured, as data: saved, read again, and compared by ratios."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from schedlab.errors import InputError

FORMAT = 1
REFERENCE = "reference"


@dataclass
class PathResult:
    """One path on its pods.

    ``seconds`` and ``cpu_seconds`` are of all of ``schedule``; ``decision_seconds`` is the
    sum of the decisions' latencies, p50 and p99 (microseconds) are of single ones, all by
    the wall clock.
    """

    pods: int
    placed: int
    seconds: float
    cpu_seconds: float
    decision_seconds: float
    p50_us: float
    p99_us: float
    counters: dict[str, int] = field(default_factory=dict)

    @property
    def pods_per_second(self) -> float:
        """Pods decided per second of CPU time, which other work on the machine leaves alone."""
        return self.pods / self.cpu_seconds if self.cpu_seconds else 0.0


@dataclass
class CaseResult:
    """One case at one size.

    ``prefix`` is how many pods the reference path placed (0: it did not run), and
    ``prefix_seconds`` the CPU time that each path took for these.  ``differences`` is
    empty where all paths decided alike.
    """

    case: str
    nodes: int
    profile: str
    pods: int
    prefix: int = 0
    paths: dict[str, PathResult] = field(default_factory=dict)
    prefix_seconds: dict[str, float] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)

    @property
    def cell(self) -> tuple[str, int, str]:
        """What was measured: case, nodes and profile."""
        return self.case, self.nodes, self.profile

    def ratio(self, path: str) -> float | None:
        """Return how many times faster than the reference path on the same pods, in this run."""
        if not self.prefix_seconds.get(path):
            return None
        return self.prefix_seconds[REFERENCE] / self.prefix_seconds[path]

    def pace(self, path: str) -> float | None:
        """Return how many times the reference path's pods per second, each on its own pods.

        Unlike :meth:`ratio` this spreads the cost of seeing a signature first over the
        whole batch.
        """
        reference = self.paths.get(REFERENCE)
        if reference is None or not reference.pods_per_second:
            return None
        return self.paths[path].pods_per_second / reference.pods_per_second

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data, with what is derived."""
        data = asdict(self)
        for path, told in data["paths"].items():
            told["pods_per_second"] = self.paths[path].pods_per_second
            told["ratio"] = self.ratio(path)
            told["pace"] = self.pace(path)
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> CaseResult:
        """Return what :meth:`to_dict` told."""
        derived = ("pods_per_second", "ratio", "pace")
        paths = {
            path: PathResult(**{k: v for k, v in told.items() if k not in derived})
            for path, told in data["paths"].items()
        }
        return cls(**{**data, "paths": paths})


@dataclass(frozen=True)
class Change:
    """A path's ratio to the reference path, then and now."""

    case: str
    nodes: int
    path: str
    then: float
    now: float

    @property
    def factor(self) -> float:
        """How many times as fast as then; below 1 is slower."""
        return self.now / self.then


def save(path: Path, results: list[CaseResult], machine: dict[str, Any]) -> None:
    """Write results as JSON, to be compared against later."""
    data = {"format": FORMAT, "machine": machine, "results": [r.to_dict() for r in results]}
    path.write_text(json.dumps(data, indent=2) + "\n", "utf-8")


def load(path: Path) -> list[CaseResult]:
    """Read what :func:`save` wrote.

    Raises
    ------
    InputError
        If the file cannot be read or holds something else.
    """
    try:
        data = json.loads(path.read_text("utf-8"))
        if data["format"] != FORMAT:
            raise InputError(f"{path}: format {data['format']}, expected {FORMAT}: save it anew")
        return [CaseResult.from_dict(r) for r in data["results"]]
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{path}: not a baseline ({error!r}): make one with schedlab bench --save FILE"
        ) from error


def compare(results: list[CaseResult], baseline: list[CaseResult]) -> list[Change]:
    """Return how ratios changed, for every path that both have of the same cell."""
    changes = []
    for result, before in _pairs(results, baseline):
        for path in result.paths:
            then, now = before.ratio(path), result.ratio(path)
            if path != REFERENCE and then and now:
                changes.append(Change(result.case, result.nodes, path, then, now))
    return changes


def _pairs(
    results: list[CaseResult], baseline: list[CaseResult]
) -> Iterator[tuple[CaseResult, CaseResult]]:
    """Yield results with the baseline's of the same cell, if on as many pods."""
    known = {b.cell: b for b in baseline}
    for result in results:
        before = known.get(result.cell)
        if before is not None and before.prefix == result.prefix:
            yield result, before
