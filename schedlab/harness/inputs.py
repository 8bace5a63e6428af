"""Reading what a suite's workloads are given as files before its trials start."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from schedlab.config.paths import path_arguments
from schedlab.harness.trial import TrialSpec
from schedlab.origin import is_built_in

if TYPE_CHECKING:
    from schedlab.registry import Registry


def read_given_files(specs: Iterable[TrialSpec], registry: Registry) -> None:
    """Build each workload whose arguments name a file or folder, for its first seed.

    A malformed file is then one error, and not one in every trial.  What others wrote is
    left to the trials, whose processes bear whatever it does.

    Raises
    ------
    InputError
        If a file is malformed, as the workload source tells it.
    """
    first = {spec.workload.label: spec for spec in reversed(list(specs))}
    for spec in first.values():
        source = registry.make_workload(spec.workload.name, spec.workload.args)
        if is_built_in(type(source)) and path_arguments(type(source)) & spec.workload.args.keys():
            source.build(spec.seed)
