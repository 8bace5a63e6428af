"""Checks of what has arguments: to plain data and back, to another process and back."""

from __future__ import annotations

import pickle
from dataclasses import fields
from typing import Any

from pydantic import TypeAdapter

from schedlab.api import Configurable
from schedlab.errors import InputError
from schedlab.registry import build
from schedlab.testing.check import Broken

UNKNOWN = "an_argument_that_does_not_exist"


def check_arguments(subject: Configurable, exam: object) -> None:
    """Arguments go to plain data (as in TOML) and come back; unknown ones are refused."""
    plain = plain_arguments(subject)
    again = build(type(subject), plain)
    if again != subject:
        names = [f.name for f in fields(type(subject))]  # type: ignore[arg-type]
        changed = [n for n in names if getattr(subject, n) != getattr(again, n)]
        raise Broken(
            f"{subject.name} came back from the arguments {plain} with other {changed}",
            "annotate every argument with a type that pydantic can read from TOML, and set no "
            "fields elsewhere",
        )
    try:
        build(type(subject), {**plain, UNKNOWN: 1})
    except InputError:
        return
    raise Broken(
        f"{subject.name} accepts an unknown argument",
        "do not override __pydantic_config__, or keep extra='forbid' there",
    )


def plain_arguments(subject: Configurable) -> dict[str, Any]:
    """Return a subject's arguments as TOML would hold them."""
    adapter: TypeAdapter[Any] = TypeAdapter(type(subject))
    data: dict[str, Any] = adapter.dump_python(subject, mode="json", exclude_none=True)
    return data


def check_pickle(subject: Configurable, exam: object) -> None:
    """It goes to another process and comes back the same."""
    try:
        again = pickle.loads(pickle.dumps(subject))
    except Exception as error:
        raise Broken(
            f"{subject.name} cannot be pickled: {error}",
            "define the class at the top level of a module; keep locks, files and lambdas out of "
            "its fields",
        ) from error
    if again != subject:
        raise Broken(
            f"{subject.name} differs after pickling: {again!r}",
            "fields need an equality by value",
        )
