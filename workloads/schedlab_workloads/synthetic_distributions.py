"""Distributions of quantities, as a workload's TOML writes them.

==========================================================================  ====================
``"500m"``                                                                  always that
``{choice = ["1", "2"], weights = [3, 1]}``                                 one of them
``{uniform = ["1", "8"], step = "500m"}``                                   low, low + step, ...
``{lognormal = {median = "1", sigma = 0.8}, min =, max =, step =}``         rounded, clipped
``{per_cpu = <any of these>, min =, max =, step =}``                        that for each core
==========================================================================  ====================

Values are drawn as int64 in the unit that ``unit`` parses quantities to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, PlainValidator, TypeAdapter, model_validator

from schedlab.model.quantity import milli, value
from schedlab_workloads.synthetic_base import Quantity, Strict, fault, wrong

Ints = NDArray[np.int64]
Unit = Callable[[str], int]
_QUANTITY: TypeAdapter[str] = TypeAdapter(Quantity)
Weight = Annotated[float, Field(ge=0, le=1e9)]


class Choice(Strict):
    """One of some quantities, by weight (equal if none are given)."""

    choice: list[Quantity] = Field(min_length=1)
    weights: list[Weight] | None = None

    @model_validator(mode="after")
    def _weights_match(self) -> Self:
        require_weights(self.weights, len(self.choice))
        return self

    @property
    def ends(self) -> list[str]:
        """Quantities between which (inclusive) every drawn value lies."""
        return self.choice

    def draw(self, rng: np.random.Generator, size: int, unit: Unit) -> Ints:
        """Return ``size`` independent values, int64."""
        values = np.array([unit(q) for q in self.choice], np.int64)
        return values[draw_index(rng, size, len(values), self.weights)]


class Uniform(Strict):
    """``low, low + step, ...`` up to ``high``, each as likely."""

    uniform: list[Quantity] = Field(min_length=2, max_length=2)
    step: Quantity

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        low, high = self.uniform
        require_range(("uniform",), low, high, self.step)
        return self

    @property
    def ends(self) -> list[str]:
        """Quantities between which (inclusive) every drawn value lies."""
        return self.uniform

    def draw(self, rng: np.random.Generator, size: int, unit: Unit) -> Ints:
        """Return ``size`` independent values, int64."""
        low, high = (unit(q) for q in self.uniform)
        step = unit(self.step)
        return low + step * rng.integers(0, (high - low) // step, size, endpoint=True)


class Clipped(Strict):
    """Rounds to multiples of ``step``, then clips to ``min`` and ``max``."""

    min: Quantity
    max: Quantity
    step: Quantity

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        require_range(("max",), self.min, self.max, self.step)
        return self

    @property
    def ends(self) -> list[str]:
        """Quantities between which (inclusive) every drawn value lies."""
        return [self.min, self.max]

    def clip(self, values: NDArray[np.float64], unit: Unit) -> Ints:
        """Return the rounded and clipped values, int64."""
        step = unit(self.step)
        whole = np.rint(values / step) * step
        return np.clip(whole, unit(self.min), unit(self.max)).astype(np.int64)


class Shape(Strict):
    """A log-normal's median and the standard deviation of its logarithm."""

    median: Quantity
    sigma: float = Field(ge=0, le=10, allow_inf_nan=False)


class LogNormal(Clipped):
    """A skewed, heavy-tailed quantity; the clip says where the tail ends."""

    lognormal: Shape

    def draw(self, rng: np.random.Generator, size: int, unit: Unit) -> Ints:
        """Return ``size`` independent values, int64."""
        factor = np.exp(self.lognormal.sigma * rng.standard_normal(size))
        return self.clip(unit(self.lognormal.median) * factor, unit)


Independent = Choice | Uniform | LogNormal


_INDEPENDENT: dict[str, type[Strict]] = {
    "choice": Choice,
    "uniform": Uniform,
    "lognormal": LogNormal,
}


def _parse_independent(given: object) -> Any:
    return _parse(given, _INDEPENDENT)


def _parse(given: object, kinds: Mapping[str, type[Strict]]) -> Strict:
    if isinstance(given, Strict):
        return given
    if not isinstance(given, Mapping):
        return Choice(choice=[_QUANTITY.validate_python(given)])
    named = [kind for kind in kinds if kind in given]
    if len(named) != 1:
        raise wrong(f"expected a quantity, or a table with one of the keys {', '.join(kinds)}")
    return kinds[named[0]].model_validate(given)


class PerCpu(Clipped):
    """So much for each core of the replica set's cpu request: resources that go together."""

    per_cpu: Annotated[Independent, PlainValidator(_parse_independent)]

    def follow(self, rng: np.random.Generator, cpu: Ints, unit: Unit) -> Ints:
        """Return one value for each cpu request (milli-cores), int64."""
        return self.clip(cpu / 1000 * self.per_cpu.draw(rng, len(cpu), unit), unit)


def within(low: int, high: int) -> Callable[[Independent], Independent]:
    """Return the check that every drawn value is a whole number from ``low`` to ``high``."""

    def check(given: Independent) -> Independent:
        for text in given.ends:
            if milli(text) % 1000 or not low <= value(text) <= high:
                raise wrong(f"expected whole numbers from {low} to {high}, not {text}")
        return given

    return check


def _parse_any(given: object) -> Any:
    return _parse(given, {**_INDEPENDENT, "per_cpu": PerCpu})


Request = Annotated[Independent | PerCpu, PlainValidator(_parse_any)]
"""How much a replica set's pods request of one resource."""

Count = Annotated[Independent, PlainValidator(_parse_independent), AfterValidator(within(1, 10**6))]
"""A whole number, at least 1."""

Milli = Annotated[Independent, PlainValidator(_parse_independent), AfterValidator(within(1, 1000))]
"""Thousandths of a GPU device."""


def require_weights(weights: list[float] | None, choices: int) -> None:
    """Raise a fault unless there is a weight for each choice and one of them is above 0."""
    if weights is None:
        return
    if len(weights) != choices:
        fault(("weights",), f"expected {choices} weights, one for each choice", weights)
    if sum(weights) <= 0:
        fault(("weights",), "expected at least one weight above 0", weights)


def draw_index(
    rng: np.random.Generator, size: int, choices: int, weights: list[float] | None
) -> NDArray[np.intp]:
    """Return ``size`` positions below ``choices``, drawn by weight."""
    shares = np.ones(choices) if weights is None else np.array(weights)
    return rng.choice(choices, size, p=shares / shares.sum())


def require_range(at: tuple[str, ...], low: str, high: str, step: str) -> None:
    """Raise a fault unless ``low <= high`` and ``step`` is above 0."""
    if milli(low) > milli(high):
        fault(at, f"expected at least {low}, the lower end", high)
    if milli(step) == 0:
        fault(("step",), "expected a step above 0", step)
