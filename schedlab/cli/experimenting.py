"""What ``schedlab experiment`` does: find the experiment, run it, show its table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from schedlab.cli.bench_table import plain_table
from schedlab.cli.console import console, print_json
from schedlab.errors import InputError, nearest

if TYPE_CHECKING:
    import pandas as pd

GROUP = "schedlab.experiments"


class Experiment(Protocol):
    """A module of the entry-point group ``schedlab.experiments``.

    ``ABOUT`` tells what it is in a line.
    """

    ABOUT: str

    def run(
        self,
        instances: Sequence[str] | None,
        seconds: float,
        seed: int,
        folder: Path | None,
        progress: Callable[[str], None],
    ) -> pd.DataFrame:
        """Solve instances one after the other on one core, and return a row for each.

        Parameters
        ----------
        instances
            Their names, or patterns of names (``*``); None for a selection that ends soon.
        seconds
            Processor seconds for each, bound and all: other load on the machine changes nothing.
        seed
            Decides every random choice.
        folder
            Of the instances; None for where they usually are.
        progress
            Is told a line for each instance, or more.

        Raises
        ------
        InputError
            If the folder is missing, or nothing in it is meant by one of the ``instances``.
        """
        ...

    def summary(self, table: pd.DataFrame) -> str:
        """Return in a line what came out."""
        ...


def experiment_rows() -> list[dict[str, str]]:
    """Return the name of every experiment and what it is."""
    return [{"name": name, "description": _load(name).ABOUT} for name in _names()]


def list_experiments(*, as_json: bool) -> None:
    """Print every experiment and what it is."""
    rows = experiment_rows()
    if as_json:
        print_json(rows)
    else:
        console().print(plain_table(rows))


def run_experiment(
    name: str,
    instances: Sequence[str] | None,
    seconds: float,
    seed: int,
    folder: Path | None,
    save: Path | None,
    *,
    as_json: bool,
) -> None:
    """Run an experiment and print its table; raise InputError if there is no such one."""
    if name not in _names():
        raise InputError(nearest("experiment", name, _names()))
    tell, experiment = console(stderr=True), _load(name)
    table = experiment.run(instances, seconds, seed, folder, lambda text: tell.print(text))
    if save is not None:
        table.to_csv(save, index=False)
    rows = table.to_dict("records")
    if as_json:
        print_json([{str(k): _plain(v) for k, v in row.items()} for row in rows])
    else:
        console().print(plain_table([{str(k): _shown(v) for k, v in r.items()} for r in rows]))
        console().print(experiment.summary(table))


def _names() -> list[str]:
    return sorted(e.name for e in entry_points(group=GROUP))


def _load(name: str) -> Experiment:
    (found,) = entry_points(group=GROUP, name=name)
    experiment: Experiment = found.load()
    return experiment


def _plain(value: Any) -> Any:
    """Return a NumPy scalar as Python's, and what is not there as None."""
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and value != value else value


def _shown(value: Any) -> str:
    value = _plain(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
