"""What every part of a synthetic workload's TOML shares: strict models, quantities, faults."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Annotated, NoReturn

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from schedlab.errors import InputError
from schedlab.model.objects import CPU
from schedlab.model.quantity import milli, value

LARGEST = 2**53
"""The largest amount accepted (8 PiB of memory): beyond it floats are no longer exact."""

Location = tuple[int | str, ...]


class Strict(BaseModel):
    """A table of the file: unknown keys are faults, types are not converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def wrong(message: str) -> PydanticCustomError:
    """Return the fault to raise for the value that is being validated."""
    return PydanticCustomError("workload", "{message}", {"message": message})


def fault(at: Location, message: str, given: object) -> NoReturn:
    """Raise a fault at a path below the table that is being validated."""
    line = InitErrorDetails(type=wrong(message), loc=at, input=given)
    raise ValidationError.from_exception_data("workload", [line])


def require_distinct(kind: str, names: Iterable[str]) -> None:
    """Raise a fault at the second of two equal names in the list ``kind``."""
    seen: dict[str, int] = {}
    for i, name in enumerate(names):
        if seen.setdefault(name, i) != i:
            fault((kind, i, "name"), f"already the name of {kind}[{seen[name]}]", name)


def _as_text(given: object) -> str:
    try:
        if milli(given) > 1000 * LARGEST:  # type: ignore[arg-type]
            raise wrong(f"expected at most {LARGEST} (8Pi)")
    except InputError as error:
        raise wrong(str(error)) from error
    return str(given)


Quantity = Annotated[str, BeforeValidator(_as_text)]
"""A Kubernetes quantity, kept as text: its unit depends on the resource."""


def matching(pattern: str, expected: str) -> AfterValidator:
    """Return the check that a text has the form of ``pattern``, which ``expected`` describes."""
    form = re.compile(pattern)

    def check(text: str) -> str:
        if not form.fullmatch(text):
            raise wrong(f"expected {expected}")
        return text

    return AfterValidator(check)


Name = Annotated[
    str,
    matching(
        r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?",
        "at most 40 lower-case letters, digits and dashes, with no dash at an end",
    ),
]
"""A DNS label, short enough that names made of it stay legal."""

Key = Annotated[
    str,
    matching(
        r"([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?",
        "a name such as disk or topology.kubernetes.io/zone",
    ),
]
"""A label, taint or resource name, with an optional domain before a slash."""


def unit_of(resource: str) -> Callable[[str], int]:
    """Return how a resource's quantities become integers: cpu in milli-cores, others whole."""
    return milli if resource == CPU else value
