"""Distributions: bounds, steps, weights and what goes together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from schedlab.model.quantity import milli, value
from schedlab_workloads.synthetic_distributions import PerCpu, Request

SIZE = 4000
REQUEST: TypeAdapter[Any] = TypeAdapter(Request)


def draw(written: object, unit: Any = milli, seed: int = 0) -> np.ndarray[Any, np.dtype[np.int64]]:
    drawn = REQUEST.validate_python(written).draw(np.random.default_rng(seed), SIZE, unit)
    assert drawn.dtype == np.int64
    return drawn  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("written", "amount"), [("500m", 500), (2, 2000), (0.25, 250), ("1e2", 10**5)]
)
def test_a_bare_quantity_is_constant(written: object, amount: int) -> None:
    assert (draw(written) == amount).all()


def test_the_unit_decides_what_a_quantity_counts() -> None:
    assert (draw("4Gi", value) == 4 * 2**30).all()


def test_weights_are_shares() -> None:
    drawn = draw({"choice": ["1", "2", "3"], "weights": [3, 1, 0]})
    assert set(drawn.tolist()) == {1000, 2000}
    sigma = (0.75 * 0.25 / SIZE) ** 0.5
    assert abs((drawn == 1000).mean() - 0.75) < 5 * sigma


def test_uniform_takes_every_step_and_no_other() -> None:
    drawn = draw({"uniform": ["1", "2100m"], "step": "250m"})
    assert set(drawn.tolist()) == {1000, 1250, 1500, 1750, 2000}


def test_lognormal_has_the_stated_median_and_spread() -> None:
    written = {"lognormal": {"median": "1", "sigma": 0.5}, "min": 0, "max": 1000, "step": "1m"}
    logs = np.log(draw(written) / 1000)
    assert abs(np.median(logs)) < 5 * 1.2533 * 0.5 / SIZE**0.5
    assert abs(logs.std() - 0.5) < 5 * 0.5 / (2 * SIZE) ** 0.5


@given(
    median=st.integers(0, 10**5),
    sigma=st.floats(0, 10),
    low=st.integers(0, 1000),
    width=st.integers(0, 10**6),
    step=st.integers(1, 500),
)
def test_lognormal_is_rounded_then_clipped(
    median: int, sigma: float, low: int, width: int, step: int
) -> None:
    shape = {"median": f"{median}m", "sigma": sigma}
    ends = {"min": f"{low}m", "max": f"{low + width}m", "step": f"{step}m"}
    drawn = draw({"lognormal": shape, **ends})
    assert ((drawn >= low) & (drawn <= low + width)).all()
    inner = drawn[(drawn > low) & (drawn < low + width)]
    assert (inner % step == 0).all()


def test_per_cpu_follows_the_cpu_request() -> None:
    written = {"per_cpu": "2Gi", "min": "1Gi", "max": "8Gi", "step": "1Mi"}
    follower = REQUEST.validate_python(written)
    assert isinstance(follower, PerCpu)
    cpu = np.array([0, 250, 500, 1500, 4000, 9000])
    gib = follower.follow(np.random.default_rng(0), cpu, value) / 2**30
    assert gib.tolist() == [1, 1, 1, 3, 8, 8]
