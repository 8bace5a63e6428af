"""CSV files whose faults are told by file, line and column."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from schedlab.errors import InputError

LARGEST = 2**53 // 2**20
"""The largest number accepted: as MiB it is 8 PiB, beyond which floats are no longer exact."""

MOST_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file, at a line of it."""

    path: Path
    line: int
    cells: Mapping[str, str]

    def get(self, column: str) -> str:
        """Return a cell as it stands, empty if the file has no such column."""
        return self.cells.get(column, "")

    def text(self, column: str) -> str:
        """Return a cell that must not be empty; raise InputError if it is."""
        if not self.cells[column]:
            raise self.wrong(column, "some text")
        return self.cells[column]

    def whole(self, column: str, least: int = 0, most: int = LARGEST) -> int:
        """Return a cell as a number from ``least`` to ``most``; raise InputError if it is not."""
        text = self.cells[column]
        is_number = text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS
        if not (is_number and least <= int(text) <= most):
            span = f"{least} to {most}" if least < most else str(most)
            raise self.wrong(column, f"a whole number, {span}")
        return int(text)

    def wrong(self, column: str, expected: str) -> InputError:
        """Return the error that a cell is not what was expected."""
        given = self.cells[column]
        return InputError(
            f"{self.path}:{self.line}: column {column!r}: expected {expected}, got {given!r}"
        )


def read_rows(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    """Read a CSV file with a header that names at least ``columns``.

    Rows without any text are skipped, and so is the byte order mark that Excel writes.

    Raises
    ------
    InputError
        If a column is missing or repeated, or a row has fewer or more cells than the header.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            yield from _rows(path, lines, columns)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot read the table: {error}") from error


def _rows(path: Path, lines: TextIO, columns: Sequence[str]) -> Iterator[Row]:
    reader = csv.reader(lines, strict=True)
    rows = (cells for cells in reader if "".join(cells).strip())
    header = next(rows, [])
    _refuse_header(f"{path}:{reader.line_num or 1}", header, columns)
    for cells in rows:
        if len(cells) != len(header):
            expected = f"expected {len(header)} cells as in the header"
            raise InputError(f"{path}:{reader.line_num}: {expected}, got {len(cells)}")
        yield Row(path, reader.line_num, dict(zip(header, cells, strict=True)))


def _refuse_header(where: str, header: Sequence[str], columns: Sequence[str]) -> None:
    missing = [c for c in columns if c not in header]
    if missing:
        expected = f"expected the columns {', '.join(columns)}"
        raise InputError(f"{where}: {expected}; missing: {', '.join(missing)}")
    for column in header:
        if header.count(column) > 1:
            raise InputError(f"{where}: column {column!r} stands more than once; keep one of them")
