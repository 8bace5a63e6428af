"""Published instances of vector bin packing, and the best values known for them.

Source: Vectorpack/experiments_vector_paper (MIT), the instances of *Classification and
evaluation of the algorithms for vector bin packing* (Computers & Operations Research 2024).
"""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from schedlab.errors import InputError

Ints = NDArray[np.int64]

FOLDER_VARIABLE = "SCHEDLAB_PACKING"
INSIDE = "vbp"
NEIGHBOUR = Path("../shared/reference/packing/vbp")
"""Where the instances are looked for without an argument or variable."""

COLUMNS = ("set", "instance", "lb", "opt_or_-1", "best_heuristic")


@dataclass(frozen=True)
class Instance:
    """Items of T types with K sizes each, and the bins they go into.

    Attributes
    ----------
    sizes : int64, shape (T, K)
        Some are below 0.
    demand : int64, shape (T,)
        How many items of each type there are.
    capacity : int64, shape (K,)
        Of every bin.
    """

    name: str
    sizes: Ints
    demand: Ints
    capacity: Ints


@dataclass(frozen=True)
class Known:
    """What the source knows of an instance: bins at least, at best, and of its 351 heuristics."""

    bound: int
    optimum: int | None
    heuristics: int


def instance_folder(folder: Path | None = None) -> Path:
    """Return the folder of the instances: the argument, or vbp in it; $SCHEDLAB_PACKING/vbp.

    Raises
    ------
    InputError
        If there is none.
    """
    named = os.environ.get(FOLDER_VARIABLE)
    found = folder or (Path(named) / INSIDE if named else NEIGHBOUR)
    if folder and (folder / INSIDE).is_dir():
        found = folder / INSIDE
    if not found.is_dir():
        raise InputError(
            f"vector packing: no folder {found}; put the instances of "
            "https://github.com/Vectorpack/experiments_vector_paper there, one folder for each "
            f"set, or name the folder above {INSIDE} in {FOLDER_VARIABLE}"
        )
    return found


def instance_names(folder: Path) -> list[str]:
    """Return the names of all instances of a folder, as set/instance, ascending."""
    return sorted(f"{path.parent.name}/{path.stem}" for path in folder.glob("*/*.vbp"))


def read_instance(folder: Path, name: str) -> Instance:
    """Read an instance: dimensions, capacities, types, then sizes and demand of each type.

    Raises
    ------
    InputError
        If the file is missing or not of this form.
    """
    path = folder / f"{name}.vbp"
    if not path.is_file():
        raise InputError(f"vector packing: no instance {path}")
    try:
        numbers = np.array(path.read_text().split(), np.int64)
        dimensions = int(numbers[0])
        capacity, types = numbers[1 : dimensions + 1], int(numbers[dimensions + 1])
        table = numbers[dimensions + 2 :].reshape(types, dimensions + 1)
    except (ValueError, IndexError) as error:
        raise InputError(f"vector packing: {path} is not a .vbp instance: {error}") from error
    return Instance(name, table[:, :dimensions], table[:, dimensions], capacity)


def read_known(folder: Path) -> dict[str, Known]:
    """Read best_known.csv: what is known of each instance, by set/instance; nothing without it.

    Raises
    ------
    InputError
        If the file lacks a column.
    """
    path = folder / "best_known.csv"
    if not path.is_file():
        return {}
    with path.open(newline="") as lines:
        rows = csv.DictReader(lines)
        missing = [c for c in COLUMNS if c not in (rows.fieldnames or ())]
        if missing:
            raise InputError(f"vector packing: {path} lacks the column {missing[0]}")
        return {f"{row['set']}/{row['instance']}": _known(row) for row in rows}


def _known(row: dict[str, str]) -> Known:
    optimum = int(row["opt_or_-1"])
    bound, heuristics = int(row["lb"]), int(row["best_heuristic"])
    return Known(bound, optimum if optimum >= 0 else None, heuristics)
