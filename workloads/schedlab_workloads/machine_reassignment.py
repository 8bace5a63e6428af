"""Instances of the ROADEF/EURO challenge 2012 in the format of the challenge.

A model file holds one stream of integers: resources, machines, services, processes,
balances, weights; an assignment file the machine of each process.  The layout is that of
the challenge's problem definition (challenge.roadef.org/2012).
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from schedlab.errors import InputError, nearest
from schedlab_algorithms.machine_reassignment.problem import Balance, Ints, Problem

FOLDER_VARIABLE = "SCHEDLAB_PACKING"
SUBFOLDER = "roadef2012"
NEIGHBOUR = Path("../shared/reference/packing")
"""Where instances are looked for without an argument or variable, from the current directory."""


class _Stream:
    """The integers of a file, taken from the front."""

    def __init__(self, path: Path) -> None:
        self.path, self.next = path, 0
        try:
            self.values = np.array(path.read_text().split(), np.int64)
        except (OSError, ValueError, OverflowError) as error:
            raise InputError(f"{path}: expected integers ({error})") from error

    def take(self, count: int, what: str) -> Ints:
        """Return the next integers."""
        found = self.values[self.next : self.next + count]
        if len(found) < count:
            raise InputError(f"{self.path}: ends within {what}: {count - len(found)} are missing")
        self.next += count
        return found

    def table(self, rows: int, columns: int, what: str) -> Ints:
        """Return the next integers row by row, shape (rows, columns)."""
        return self.take(rows * columns, what).reshape(rows, columns)

    def one(self, what: str) -> int:
        """Return the next integer."""
        return int(self.take(1, what)[0])

    def end(self) -> None:
        """Raise InputError if anything is left."""
        left = len(self.values) - self.next
        if left:
            raise InputError(f"{self.path}: {left} integers more than the format has")


def folder_of(folder: Path | None) -> Path:
    """Return the folder of the instances.

    ``folder`` or ``roadef2012`` in it, else ``roadef2012`` in the folder of the environment
    variable SCHEDLAB_PACKING, else in ``../shared/reference/packing``.

    Raises
    ------
    InputError
        If there is no such folder.
    """
    found = folder or Path(os.environ.get(FOLDER_VARIABLE) or NEIGHBOUR) / SUBFOLDER
    if folder and (folder / SUBFOLDER).is_dir():
        found = folder / SUBFOLDER
    if not found.is_dir():
        raise InputError(
            f"machine reassignment: no folder {found}; download the instances of the "
            "ROADEF/EURO challenge 2012 (model_a1_1.txt, assignment_a1_1.txt, …) and give "
            f"their folder, or the one that holds it as {SUBFOLDER} in {FOLDER_VARIABLE}"
        )
    return found


def instances_in(folder: Path) -> tuple[str, ...]:
    """Return the names of the instances in a folder, sorted."""
    return tuple(sorted(p.stem.removeprefix("model_") for p in folder.glob("model_*.txt")))


def read_instance(folder: Path, name: str) -> Problem:
    """Read ``model_<name>.txt`` and ``assignment_<name>.txt``.

    Raises
    ------
    InputError
        If there is no such instance, or a file does not hold what the format says.
    """
    if name not in instances_in(folder):
        raise InputError(f"{folder}: {nearest('instance', name, instances_in(folder))}")
    return read_problem(folder / f"model_{name}.txt", folder / f"assignment_{name}.txt")


def read_problem(model: Path, assignment: Path) -> Problem:
    """Read a model file and the assignment that goes with it."""
    stream = _Stream(model)
    resources = stream.table(stream.one("resources"), 2, "resources")
    kinds, count = len(resources), stream.one("machines")
    machines = stream.table(count, 2 + 2 * kinds + count, "machines")
    spread, dependencies = _services(stream)
    processes = stream.table(stream.one("processes"), 2 + kinds, "processes")
    balances = tuple(_balance(stream) for _ in range(stream.one("balances")))
    weights = stream.take(3, "weights")
    stream.end()
    initial = _Stream(assignment)
    problem = Problem(
        transient=resources[:, 0] == 1,
        load_weight=resources[:, 1],
        neighbourhood=machines[:, 0],
        location=machines[:, 1],
        capacity=machines[:, 2 : 2 + kinds],
        safety=machines[:, 2 + kinds : 2 + 2 * kinds],
        machine_move_cost=machines[:, 2 + 2 * kinds :],
        spread=spread,
        dependencies=dependencies,
        service=processes[:, 0],
        requirement=processes[:, 1:-1],
        process_move_cost=processes[:, -1],
        balances=balances,
        process_weight=int(weights[0]),
        service_weight=int(weights[1]),
        machine_weight=int(weights[2]),
        initial=initial.take(len(processes), "the assignment"),
    )
    initial.end()
    return problem


def _services(stream: _Stream) -> tuple[Ints, tuple[Ints, ...]]:
    spread, dependencies = [], []
    for _ in range(stream.one("services")):
        spread.append(stream.one("a service"))
        dependencies.append(stream.take(stream.one("a service"), "dependencies"))
    return np.array(spread, np.int64), tuple(dependencies)


def _balance(stream: _Stream) -> Balance:
    first, second, target, weight = (int(v) for v in stream.take(4, "a balance"))
    return Balance(first, second, target, weight)
