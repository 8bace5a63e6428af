"""What a check is, and what comes of one."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from schedlab.api import Configurable
from schedlab.core.verdicts import PluginError
from schedlab.errors import InputError, nearest
from schedlab.places import place_of

Status = Literal["pass", "fail", "expected", "unexpected"]

DEPENDS_ON_DATA = (ArithmeticError, LookupError, ValueError)
"""Exceptions that a plugin raises because of a cluster's contents, as a rule."""


class Broken(AssertionError):
    """A contract is broken: what differed, and how to mend it.

    ``place`` is given for an answer of the wrong form: where the method is written.
    """

    def __init__(self, what: str, mend: str, place: str = "") -> None:
        what += f" ({place})" * bool(place)
        super().__init__(what if not mend else f"{what}\n  mend: {mend}")
        self.what = what
        self.mend = mend
        self.place = place

    @property
    def mistake(self) -> str:
        """What the subject raised, and where; "" if it is not about a line of the subject's."""
        error = self.__cause__
        if error is None:
            return f"wrong form {self.place}" if self.place else ""
        place = error.place if isinstance(error, PluginError) else place_of(error)
        return f"{type(error).__name__} {place}" if place else ""


@dataclass(frozen=True)
class Check:
    """One thing that is held against a plugin, a scheduler or a workload source.

    ``run(subject, exam)`` returns a note for the report ("" for none) or raises
    :class:`Broken`.
    """

    name: str
    about: str
    run: Callable[[Any, Any], str | None]
    applies: Callable[[Any], bool] = lambda subject: True
    tags: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Finding:
    """What came of one check.

    ``expected``: it failed, as declared; ``unexpected``: it passed although declared to fail.
    ``mistake`` is the exception that the subject raised, and its line; findings with the same
    one have the same cause.
    """

    check: str
    about: str
    status: Status
    message: str = ""
    mend: str = ""
    seconds: float = 0.0
    tags: tuple[str, ...] = ()
    mistake: str = ""

    @property
    def bad(self) -> bool:
        """Whether it makes the whole examination fail."""
        return self.status in ("fail", "unexpected")

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data, for JSON."""
        return asdict(self)


def examine(
    subject: Configurable,
    checks: Sequence[Check],
    exam: object,
    expected_failures: Mapping[str, str] | None = None,
) -> list[Finding]:
    """Run every check and return what came of each, in order.

    Parameters
    ----------
    subject : a plugin, scheduler or workload source
    checks : sequence of Check
    exam
        What the checks draw on (scenes, seeds).
    expected_failures : mapping, optional
        Names of checks that are declared to fail, and why.

    Raises
    ------
    InputError
        If ``expected_failures`` names a check that is not among them.
    """
    expected = dict(expected_failures or {})
    for name in expected:
        if name not in {c.name for c in checks}:
            raise InputError(nearest("check", name, [c.name for c in checks]))
    return [_examined(subject, c, exam, expected.get(c.name)) for c in checks]


def _examined(subject: Configurable, check: Check, exam: object, why: str | None) -> Finding:
    started = time.perf_counter()
    status: Status = "pass"
    message, mend, mistake = "", "", ""
    try:
        message = run_check(check, subject, exam)
    except Broken as broken:
        status, message, mend, mistake = "fail", broken.what, broken.mend, broken.mistake
    if why is not None:
        status, message, mend = _against_declared(status, message, why)
    seconds = time.perf_counter() - started
    tags = tuple(sorted(check.tags))
    return Finding(check.name, check.about, status, message, mend, seconds, tags, mistake)


def _against_declared(status: Status, message: str, why: str) -> tuple[Status, str, str]:
    if status == "fail":
        return "expected", f"{why}: {message}", ""
    return "unexpected", f"passes, but was declared to fail ({why})", "remove the declaration"


def run_check(check: Check, subject: object, exam: object) -> str:
    """Run one check and return its note; raise Broken, whatever the subject raised."""
    try:
        return check.run(subject, exam) or ""
    except Broken:
        raise
    except PluginError as error:
        raise Broken(str(error), "") from error
    except Exception as error:
        place = place_of(error)
        told = f"raised {type(error).__name__}: {error}" + f" ({place})" * bool(place)
        raise Broken(told, _advice(error)) from error


def _advice(error: Exception) -> str:
    """Return how to mend what only some clusters bring about; "" for plain mistakes."""
    if isinstance(error, InputError) or not isinstance(error, DEPENDS_ON_DATA):
        return ""
    return "it must answer for any cluster, also for empty, full and unlabelled nodes"
