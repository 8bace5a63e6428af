"""A run's progress bar: what is done, what is running, how long it has taken and will take."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar

from schedlab.cli.console import console

if TYPE_CHECKING:
    from schedlab.harness.runner import Observer, Progress
    from schedlab.harness.trial import TrialResult

SHOWN_RUNNING = 2


@contextmanager
def progress_bar(title: str) -> Iterator[Observer]:
    """Show a bar on standard error from the first time that the observer is called."""
    bar = Bar(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("[dim]{task.fields[running]}", markup=True),
        console=console(stderr=True),
    )
    task = bar.add_task(title, total=None, running="")
    told: set[tuple[str, str]] = set()

    def show(progress: Progress) -> None:
        bar.start()
        _tell_failure(bar, progress.latest, told)
        running = _told(progress.running) if progress.done < progress.total else "done"
        bar.update(task, total=progress.total, completed=progress.done, running=running)

    try:
        yield show
    finally:
        if bar.live.is_started:
            bar.stop()


def _tell_failure(bar: Bar, latest: TrialResult | None, told: set[tuple[str, str]]) -> None:
    """Print why a trial ended badly, once for all trials of a workload with the same reason."""
    if latest is None or not latest.reason or (latest.workload, latest.reason) in told:
        return
    told.add((latest.workload, latest.reason))
    text = f"{latest.status}: {latest.title}: {latest.reason}"
    bar.console.print(text, markup=False, soft_wrap=True)


def _told(running: tuple[str, ...]) -> str:
    more = len(running) - SHOWN_RUNNING
    shown = ", ".join(running[:SHOWN_RUNNING])
    return f"{shown} and {more} more" if more > 0 else shown
