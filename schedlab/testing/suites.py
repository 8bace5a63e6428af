"""Which checks there are for plugins, schedulers and workload sources."""

from __future__ import annotations

from collections.abc import Mapping

from schedlab.api import Configurable, Plugin, Scheduler, WorkloadSource
from schedlab.core.filter_score import FilterScore
from schedlab.testing.ask import Exam
from schedlab.testing.check import Check, Finding, examine
from schedlab.testing.checks.arguments import check_arguments, check_pickle
from schedlab.testing.checks.schedulers import (
    SchedulerExam,
    check_cancelled,
    check_conservation,
    check_empty_batch,
    check_gates,
    check_repeatable,
    check_verified,
)
from schedlab.testing.checks.workloads import WorkloadExam, check_seeded, check_whole
from schedlab.testing.plugin_checks import ARGUMENTS, FORM, MEANING, PLUGIN_CHECKS, is_a, named
from schedlab.testing.reference import ScalarReference


def _has_plain_arguments(scheduler: Scheduler) -> bool:
    """Say whether its arguments are data; a profile's are plugins, made by the registry."""
    return not isinstance(scheduler, FilterScore)


SCHEDULER_CHECKS = (
    named(check_verified, is_a(Scheduler), MEANING),
    named(check_gates, is_a(Scheduler), MEANING),
    named(check_conservation, is_a(Scheduler), MEANING),
    named(check_repeatable, is_a(Scheduler), MEANING),
    named(check_cancelled, is_a(Scheduler), MEANING),
    named(check_empty_batch, is_a(Scheduler), FORM),
    named(check_arguments, _has_plain_arguments, ARGUMENTS),
    named(check_pickle, is_a(Scheduler), ARGUMENTS),
)

WORKLOAD_CHECKS = (
    named(check_seeded, is_a(WorkloadSource), MEANING),
    named(check_whole, is_a(WorkloadSource), FORM),
    named(check_arguments, is_a(WorkloadSource), ARGUMENTS),
    named(check_pickle, is_a(WorkloadSource), ARGUMENTS),
)


def checks_for(subject: Configurable, reference: ScalarReference | None = None) -> list[Check]:
    """Return the checks that apply to a plugin, scheduler or workload source."""
    kinds = {Plugin: PLUGIN_CHECKS, Scheduler: SCHEDULER_CHECKS, WorkloadSource: WORKLOAD_CHECKS}
    chosen = [c for k, own in kinds.items() if isinstance(subject, k) for c in own]
    chosen = [c for c in chosen if c.applies(subject)]
    return [*chosen, reference.check()] if reference else chosen


def exam_for(subject: Configurable, seed: int = 0) -> Exam | SchedulerExam | WorkloadExam:
    """Return what a subject is examined on."""
    if isinstance(subject, Scheduler):
        return SchedulerExam(seed)
    return WorkloadExam(seed) if isinstance(subject, WorkloadSource) else Exam(seed)


def check(
    subject: Configurable,
    *,
    seed: int = 0,
    reference: ScalarReference | None = None,
    expected_failures: Mapping[str, str] | None = None,
) -> list[Finding]:
    """Hold a plugin, scheduler or workload source against its contract.

    Parameters
    ----------
    subject : Plugin, Scheduler or WorkloadSource
    seed : int
        Makes the random clusters; messages name it.
    reference : ScalarReference, optional
        The plugin's meaning in plain Python, to compare with.
    expected_failures : mapping of check name to reason, optional
        Checks that are known to fail.

    Returns
    -------
    list of Finding
        What came of each check; ``finding.bad`` says whether it is a fault.
    """
    checks = checks_for(subject, reference)
    return examine(subject, checks, exam_for(subject, seed), expected_failures)
