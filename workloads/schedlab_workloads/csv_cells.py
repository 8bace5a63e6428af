"""What the cells of one row say, of a node and of a pod alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from schedlab.errors import InputError
from schedlab.model.amounts import MOST_AMOUNT
from schedlab.model.objects import CPU, MEMORY
from schedlab.model.quantity import milli, thousandths, value
from schedlab_workloads.csv_columns import RESOURCE
from schedlab_workloads.csv_table import Row

MOST_COUNT = 1_000_000
MOST_DEVICES = 63


def names_of(row: Row) -> list[str]:
    """Return the row's name, or as many numbered ones as its ``count`` says."""
    name, count = row.text("name"), number(row, "count", 1, least=1, most=MOST_COUNT)
    return [name] if count == 1 else [f"{name}-{i}" for i in range(count)]


def distinct(row: Row, names: list[str], seen: dict[str, int]) -> Iterator[str]:
    """Yield the names that a row makes, unless another row makes one of them too."""
    for name in names:
        line = seen.setdefault(name, row.line)
        if line != row.line:
            raise row.wrong("name", f"another name (line {line} makes {name!r} too; rename one)")
        yield name


def amounts_of(row: Row) -> dict[str, int]:
    """Return cpu in milli-cores, memory in bytes and every ``resource:`` as it is counted."""
    amounts = {CPU: _quantity(row, CPU, milli), MEMORY: _quantity(row, MEMORY, value)}
    for name, _ in prefixed(row, RESOURCE):
        amounts[name] = _quantity(row, RESOURCE + name, _units if "/" in name else value)
    return amounts


def _units(text: str) -> int:
    """Return a count of an extended resource, whole as the API server demands.

    Source: ``ValidateResourceQuantityValue`` of ``pkg/apis/core/validation/validation.go``.
    """
    if thousandths(text) % 1000:
        raise InputError(f"{text!r} is not whole, expected whole units of an extended resource")
    return value(text)


def _quantity(row: Row, column: str, read: Callable[[str], int]) -> int:
    try:
        amount = read(row.text(column))
    except InputError as error:
        raise InputError(f"{row.path}:{row.line}: column {column!r}: {error}") from None
    if amount > MOST_AMOUNT:
        raise row.wrong(column, f"at most {MOST_AMOUNT}")
    return amount


def prefixed(row: Row, prefix: str) -> Iterator[tuple[str, str]]:
    """Yield what stands in the columns with a prefix, where anything does."""
    for column, cell in row.cells.items():
        if column.startswith(prefix) and cell:
            yield column.removeprefix(prefix), cell


def number(row: Row, column: str, default: int, least: int = 0, most: int = MOST_COUNT) -> int:
    """Return a whole number, or what an empty or missing cell stands for."""
    return row.whole(column, least, most) if row.get(column) else default


def gpu_count(row: Row, detail: str) -> int:
    """Return how many devices a row has; if none, ``detail`` has nothing to be said of."""
    count = number(row, "gpus", 0, most=MOST_DEVICES)
    if not count and row.get(detail) not in ("", "0"):
        raise row.wrong(detail, "nothing, as the row has no gpus; fill in 'gpus' or empty this")
    return count
