"""Running a suite's trials side by side, and going on where an earlier run stopped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schedlab.config.overrides import with_plugin_files
from schedlab.config.paths import anchored
from schedlab.config.suite import Suite, check_names, load_suite, suite_of
from schedlab.harness.inputs import read_given_files
from schedlab.harness.lock import locked
from schedlab.harness.matrix import expand
from schedlab.harness.process import run_trial, stop_workers
from schedlab.harness.provenance import record, usable_cpus
from schedlab.harness.report import write_reports
from schedlab.harness.run import Run, load_run
from schedlab.harness.store import (
    Plan,
    given_run_folder,
    new_run_folder,
    read_plan,
    read_result,
    require_empty,
    sweep,
    trial_folder,
    write_plan,
)
from schedlab.harness.trial import Status, TrialResult, TrialSpec
from schedlab.registry import Registry


@dataclass(frozen=True)
class Progress:
    """How far the run in ``folder`` is: ``done`` of ``total`` trials, ``kept`` from before."""

    folder: Path
    total: int
    done: int
    kept: int
    running: tuple[str, ...]
    latest: TrialResult | None


TICK_SECONDS = 0.5

Observer = Callable[[Progress], None]


def run(
    suite: Suite | Mapping[str, Any] | str | Path,
    *,
    plugin_files: Sequence[Path | str] = (),
    folder: Path | str | None = None,
    executor: Executor | None = None,
    workers: int | None = None,
    observe: Observer | None = None,
) -> Run:
    """Compare schedulers: run every trial of a suite, each in a process of its own.

    Parameters
    ----------
    suite : Suite, or its keys as a mapping, or the name of a packaged suite, or a TOML file's path
    plugin_files : paths
        Python files whose classes are registered beside the installed ones.  Their
        schedulers compete in a suite given by name or path; any other is run as it is.
    folder : path, optional
        The run folder, new or empty; ``runs/<suite>-<time>`` by default.
    executor : concurrent.futures.Executor, optional
        Where trials run; it must see ``folder``.  By default threads of this process, which
        only wait for their workers.
    workers : int, optional
        How many trials run at once without an ``executor``; by default one for each CPU.
    observe : callable, optional
        Called with a :class:`Progress` at the start, after each trial and twice a second.

    Raises
    ------
    InputError
        If the suite, a name, an argument or a file in it is wrong, before any trial runs.
    """
    files = [Path(p).absolute() for p in plugin_files]
    registry = Registry(files)
    suite = anchored(_checked(suite, registry), Path.cwd(), registry)
    specs = expand(suite, registry, files)
    read_given_files(specs, registry)
    where = new_run_folder(suite.name) if folder is None else given_run_folder(Path(folder))
    with locked(where):
        require_empty(where)
        write_plan(where, Plan.of(suite, files, specs))
        return _complete(where, specs, executor, workers, observe)


def resume(
    folder: Path | str,
    *,
    executor: Executor | None = None,
    workers: int | None = None,
    observe: Observer | None = None,
) -> Run:
    """Run what is missing from a run folder: trials that never ended, or ended badly.

    A trial whose plugin file, workload file or schedlab version changed is another trial
    and runs again.
    """
    where = Path(folder)
    plan = read_plan(where)
    specs = expand(plan.suite, Registry(plan.plugin_files), plan.plugin_files)
    with locked(where):
        write_plan(where, Plan.of(plan.suite, plan.plugin_files, specs))
        sweep(where)
        return _complete(where, specs, executor, workers, observe)


def _checked(suite: Suite | Mapping[str, Any] | str | Path, registry: Registry) -> Suite:
    """Return the suite, read if need be, with every name in it known to be right."""
    if isinstance(suite, Mapping):
        suite = suite_of(suite, "suite")
    if isinstance(suite, Suite):
        where = f"suite {suite.name}"
    else:
        where = str(suite)
        suite = with_plugin_files(load_suite(suite, registry), registry)
    check_names(suite, registry, where)
    return suite


def _complete(
    folder: Path,
    specs: list[TrialSpec],
    executor: Executor | None,
    workers: int | None,
    observe: Observer | None,
) -> Run:
    """Run the trials that ``folder`` has no good result of, then write its reports."""
    todo = [s for s in specs if not _is_done(trial_folder(folder, s.id))]
    kept = len(specs) - len(todo)
    if executor is None:
        workers = workers or usable_cpus()
        record(folder, workers)
        with ThreadPoolExecutor(workers) as threads:
            _run_all(folder.absolute(), todo, threads, kept, observe)
    else:
        record(folder, None)
        _run_all(folder.absolute(), todo, executor, kept, observe)
    finished = load_run(folder)
    write_reports(finished)
    return finished


def _is_done(folder: Path) -> bool:
    result = read_result(folder)
    return result is not None and result.status is Status.OK


def _run_all(
    folder: Path, todo: list[TrialSpec], executor: Executor, kept: int, observe: Observer | None
) -> None:
    """Run trials to the end; when interrupted, start no more of them and stop those at work."""
    futures = {executor.submit(run_trial, spec, folder): spec for spec in todo}
    total = kept + len(todo)
    tell = observe or (lambda _: None)
    waiting, done = set(futures), kept
    try:
        tell(Progress(folder, total, done, kept, _running(futures), None))
        while waiting:
            ended, waiting = wait(waiting, TICK_SECONDS, FIRST_COMPLETED)
            for future in ended:
                done += 1
                tell(Progress(folder, total, done, kept, _running(futures), future.result()))
            tell(Progress(folder, total, done, kept, _running(futures), None))
    except BaseException:
        for future in futures:
            future.cancel()
        stop_workers()
        raise


def _running(futures: dict[Future[TrialResult], TrialSpec]) -> tuple[str, ...]:
    return tuple(spec.title for future, spec in futures.items() if future.running())
