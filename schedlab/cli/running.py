"""What ``schedlab run`` does with its options: start or go on, watch, report."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, fields
from pathlib import Path

import typer

from schedlab.cli.console import console, print_json
from schedlab.cli.outcomes import show_outcomes
from schedlab.cli.progress import progress_bar
from schedlab.cli.results import MANY, show_failures, show_files, show_rankings, show_times
from schedlab.config.overrides import (
    choose_schedulers,
    choose_seeds,
    choose_workloads,
    set_values,
    with_plugin_files,
)
from schedlab.config.suite import Suite, load_suite
from schedlab.errors import InputError
from schedlab.harness import runner
from schedlab.harness.report import FIGURE
from schedlab.harness.run import Run
from schedlab.harness.runner import Observer, Progress
from schedlab.harness.summary import as_json
from schedlab.harness.trial import Status
from schedlab.registry import Registry

ALL_OK, SOME_TRIAL_FAILED, INTERRUPTED = 0, 1, 130


@dataclass(frozen=True)
class Choice:
    """What the options of a new run say, by the names of the options."""

    suite: str | None
    plugin: Sequence[Path]
    schedulers: str | None
    workloads: str | None
    seeds: str | None
    set: Sequence[str]
    out: Path | None
    profile: bool


def start(choice: Choice, workers: int | None, quiet: bool) -> Run:
    """Run the chosen suite in a new folder."""
    suite = chosen_suite(choice)
    files, out = choice.plugin, choice.out
    return _watched(
        lambda observe: runner.run(
            suite, plugin_files=files, folder=out, workers=workers, observe=observe
        ),
        suite.name,
        quiet,
    )


def go_on(folder: Path, choice: Choice, workers: int | None, quiet: bool) -> Run:
    """Run what is missing in a folder, whose own suite says what that is."""
    given = [f.name for f in fields(choice) if getattr(choice, f.name)]
    if given:
        named = ", ".join("SUITE" if n == "suite" else f"--{n}" for n in given)
        raise InputError(f"--resume goes on with the run as it was planned; leave out {named}")
    return _watched(
        lambda observe: runner.resume(folder, workers=workers, observe=observe),
        folder.name,
        quiet,
    )


def chosen_suite(choice: Choice) -> Suite:
    """Return the suite as the options change it; raise InputError where they cannot."""
    if choice.suite is None:
        raise InputError("name a suite (schedlab list suites), or give --resume DIR")
    registry = Registry([p.absolute() for p in choice.plugin])
    suite = load_suite(choice.suite, registry)
    if choice.schedulers is None:
        suite = with_plugin_files(suite, registry)
    else:
        suite = choose_schedulers(suite, _names(choice.schedulers), registry)
    if choice.workloads is not None:
        suite = choose_workloads(suite, _names(choice.workloads), registry)
    if choice.seeds is not None:
        suite = choose_seeds(suite, choice.seeds)
    if choice.profile:
        suite = suite.model_copy(update={"profile": True})
    return set_values(suite, choice.set)


def report(run: Run, json: bool, quiet: bool) -> int:
    """Print what came of a run, draw its figure, and return the exit code."""
    figure = _draw(run)
    if json:
        print_json(as_json(run))
    elif quiet:
        print(run.folder)
    else:
        out = console()
        show_rankings(run, out)
        suite = run.plan.suite
        if suite.baseline in {s.label for s in suite.schedulers}:
            show_outcomes(run.results, suite.baseline, out)
        show_times(run, out)
        show_failures(run, out)
        show_files(run, figure, out)
    return ALL_OK if all(r.status is Status.OK for r in run.results) else SOME_TRIAL_FAILED


def _names(text: str) -> list[str]:
    names = [n.strip() for n in text.split(",") if n.strip()]
    if not names:
        raise InputError(f"{text!r}: expected names with commas between them")
    return names


def _watched(run: Callable[[Observer], Run], title: str, quiet: bool) -> Run:
    """Run under a progress bar; when interrupted, say how to go on, and leave."""
    folder: Path | None = None
    bar: AbstractContextManager[Observer] = nullcontext(_unseen) if quiet else progress_bar(title)

    def observe(progress: Progress) -> None:
        nonlocal folder
        folder = progress.folder
        show(progress)

    try:
        with bar as show:
            return run(observe)
    except KeyboardInterrupt:
        hint = f": go on with schedlab run --resume {folder}" if folder else ""
        print(f"interrupted{hint}", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None


def _unseen(progress: Progress) -> None:
    """Show nothing."""


def _draw(run: Run) -> Path | None:
    """Draw ``summary.png`` into the run folder; None if no trial ended well or too many would."""
    drawn = run.trials.loc[run.trials["status"] == "ok", "workload"].nunique()
    if not 0 < drawn <= MANY:
        return None
    from schedlab.plot import summary_figure  # matplotlib, for a run that has something to show

    path = run.folder / FIGURE
    summary_figure(run).savefig(path)
    return path
