"""Contract classes for pytest: inherit one, name your plugin, get one test for each check.

class TestFewestPods(ScorePluginContract):
    plugin = FewestPods()
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import pytest

from schedlab.api import (
    Configurable,
    DevicePlugin,
    FilterPlugin,
    Node,
    Plugin,
    PodSpec,
    Scheduler,
    ScorePlugin,
    WorkloadSource,
)
from schedlab.testing.check import Check, run_check
from schedlab.testing.plugin_checks import TIMING
from schedlab.testing.reference import ScalarReference
from schedlab.testing.suites import checks_for, exam_for

__all__ = [
    "DevicePluginContract",
    "FilterPluginContract",
    "SchedulerContract",
    "ScorePluginContract",
    "WorkloadSourceContract",
    "check_parameters",
]


def check_parameters(
    subject: Configurable,
    expected_failures: Mapping[str, str] | None = None,
    reference: ScalarReference | None = None,
    prefix: str = "",
) -> list[Any]:
    """Return a pytest parameter (subject, check) for each check; none that times anything."""
    expected = dict(expected_failures or {})
    checks = [c for c in checks_for(subject, reference) if TIMING not in c.tags]
    unknown = set(expected) - {c.name for c in checks}
    if unknown:
        raise ValueError(f"expected_failures names no check of {subject.name}: {sorted(unknown)}")
    return [
        pytest.param(subject, c, id=prefix + c.name, marks=_marks(expected.get(c.name)))
        for c in checks
    ]


def _marks(reason: str | None) -> list[Any]:
    return [] if reason is None else [pytest.mark.xfail(reason=reason, strict=True)]


class _Contract:
    """What the contract classes share: making a test for each check when inherited.

    Attributes
    ----------
    expected_failures : mapping of check name to reason
        Checks that are known to fail; one that passes after all fails the test.
    seed : int
        Makes the random clusters.
    """

    kind: ClassVar[type[Configurable]]
    subject_name: ClassVar[str]
    expected_failures: ClassVar[Mapping[str, str]] = {}
    seed: ClassVar[int] = 0

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.__module__ == __name__ or not hasattr(cls, cls.subject_name):
            return
        subject = getattr(cls, cls.subject_name)
        if not isinstance(subject, cls.kind):
            raise TypeError(
                f"{cls.__name__}.{cls.subject_name} must be a {cls.kind.__name__}, got {subject!r}"
            )
        parameters = check_parameters(subject, cls.expected_failures, cls._reference())
        exam = exam_for(subject, cls.seed)
        mark = pytest.mark.parametrize(("subject", "check"), parameters)
        cls.test_contract = mark(_test(exam))  # type: ignore[attr-defined]

    @classmethod
    def _reference(cls) -> ScalarReference | None:
        return None


def _test(exam: object) -> Callable[[Any, Configurable, Check], None]:
    def test_contract(self: Any, subject: Configurable, check: Check) -> None:
        run_check(check, subject, exam)

    return test_contract


class _PluginContract(_Contract):
    subject_name = "plugin"
    plugin: ClassVar[Plugin]

    scalar_filter: ClassVar[Callable[[PodSpec, Node, list[PodSpec]], bool] | None] = None
    scalar_score: ClassVar[Callable[[PodSpec, Node, list[PodSpec]], int] | None] = None

    @classmethod
    def _reference(cls) -> ScalarReference | None:
        if cls.scalar_filter is None and cls.scalar_score is None:
            return None
        return ScalarReference(filter=cls.scalar_filter, score=cls.scalar_score)


class FilterPluginContract(_PluginContract):
    """Tests for the FilterPlugin in the class attribute ``plugin``.

    ``scalar_filter``, a staticmethod ``(pod, node, pods placed there) -> bool``, is compared
    with the vectorised one where it is given.
    """

    kind = FilterPlugin


class ScorePluginContract(_PluginContract):
    """Tests for the ScorePlugin in the class attribute ``plugin``.

    ``scalar_score``, a staticmethod ``(pod, node, pods placed there) -> int``, is compared
    with the vectorised one where it is given.
    """

    kind = ScorePlugin


class DevicePluginContract(_PluginContract):
    """Tests for the DevicePlugin in the class attribute ``plugin``."""

    kind = DevicePlugin


class SchedulerContract(_Contract):
    """Tests for the Scheduler in the class attribute ``scheduler``."""

    kind = Scheduler
    subject_name = "scheduler"
    scheduler: ClassVar[Scheduler]


class WorkloadSourceContract(_Contract):
    """Tests for the WorkloadSource in the class attribute ``source``."""

    kind = WorkloadSource
    subject_name = "source"
    source: ClassVar[WorkloadSource]
