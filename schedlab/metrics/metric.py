"""What a metric is: a function of an outcome whose docstring is the definition."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from schedlab.metrics.outcome import Outcome

Better = Literal["higher", "lower"]


@dataclass(frozen=True)
class Metric:
    """A named number of a trial.

    ``better`` says which end is good.  ``of`` returns NaN where the metric does not
    apply, as the description says.
    """

    name: str
    unit: str
    better: Better
    description: str
    of: Callable[[Outcome], float]


@dataclass(frozen=True)
class Family:
    """Metrics by member (a priority, a reason): ``of`` returns the numbers of one trial."""

    name: str
    unit: str
    better: Better
    description: str
    of: Callable[[Outcome], dict[str, float]]


def metric(unit: str, better: Better) -> Callable[[Callable[[Outcome], float]], Metric]:
    """Make the decorated function a metric: named as it is, defined by its docstring."""

    def make(of: Callable[[Outcome], float]) -> Metric:
        return Metric(of.__name__, unit, better, inspect.cleandoc(of.__doc__ or ""), of)

    return make


def family(unit: str, better: Better) -> Callable[[Callable[[Outcome], dict[str, float]]], Family]:
    """Make the decorated function a family: named as it is, defined by its docstring."""

    def make(of: Callable[[Outcome], dict[str, float]]) -> Family:
        return Family(of.__name__, unit, better, inspect.cleandoc(of.__doc__ or ""), of)

    return make
