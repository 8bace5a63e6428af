"""The value of a placement, its bound, and how soon a search came near it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from schedlab.api import IncumbentPoint, Placement, Workload
from schedlab.metrics import METRICS, Outcome, measure
from schedlab.model.objects import Node, PodBatch, PodSpec

NAMES = ("value", "value_bound", "gap_value", "seconds_to_1_percent")


def cpu(milli: int, priority: int = 0) -> PodSpec:
    return PodSpec(requests=(("cpu", milli),), priority=priority)


def outcome(pods: list[PodSpec], rows: list[int], milli: int = 1000) -> Outcome:
    """Return pods on two nodes, as ``rows`` say, the call taking 8 seconds."""
    nodes = tuple(Node(f"n{i}", {"cpu": milli, "pods": 500}) for i in range(2))
    batch = PodBatch.of((f"default/p{i}", spec) for i, spec in enumerate(pods))
    placement = Placement.empty(len(pods))
    placement.node[:] = rows
    return Outcome(Workload("case", nodes, batch), placement, 8.0)


def numbers(given: Outcome) -> tuple[float, ...]:
    measured = measure(given)
    return tuple(measured[name] for name in NAMES)


def test_the_weight_doubles_from_priority_to_priority() -> None:
    """1 for -7, 2 for 5, 4 for 2 billion: the distance between priorities plays no part."""
    pods = [cpu(1, -7), cpu(1, -7), cpu(1, 5), cpu(1, 2_000_000_000), cpu(1, 2_000_000_000)]
    given = outcome(pods, [0, -1, 1, 1, 1])
    assert numbers(given)[:3] == (1 + 2 + 4 + 4, 2 * 1 + 2 + 2 * 4, pytest.approx(1 / 12))


def test_weights_end_at_2_to_the_20() -> None:
    pods = [cpu(1, p) for p in range(24)]
    assert numbers(outcome(pods, [0] * 24))[0] == 2**20 - 1 + 4 * 2**20
    assert numbers(outcome(pods, [-1] * 23 + [0]))[0] == 2**20
    assert numbers(outcome(pods, [0] + [-1] * 23))[0] == 1


def test_with_one_priority_the_value_is_the_pods_placed() -> None:
    found = measure(outcome([cpu(600)] * 5, [0, 1, -1, -1, -1]))
    assert (
        (found["value"], found["value_bound"]) == (found["pods_placed"], found["bound"]) == (2, 2)
    )


def test_the_bound_gives_room_to_the_more_valuable() -> None:
    """Two nodes hold 1 + 1 of the large pods (weight 2), or 2 + 2 of the small (weight 1)."""
    pods = [cpu(1000, 9)] * 2 + [cpu(500)] * 4
    assert numbers(outcome(pods, [-1, -1, 0, 0, 1, 1]))[:3] == (4, 4, 0)
    pods = [cpu(1000, 9)] * 2 + [cpu(501)] * 4
    assert numbers(outcome(pods, [-1, -1, 0, 1, -1, -1]))[:3] == (2, 4, 0.5)


def searched(placed: int, *points: tuple[float, int]) -> Outcome:
    """Return an outcome with so many of 200 pods placed, and the search's (seconds, value)."""
    given = outcome(
        [cpu(10)] * 200, [0] * min(placed, 100) + [1] * (placed - 100) + [-1] * (200 - placed)
    )
    given.placement.incumbents = [IncumbentPoint(s, 0.0, v, 200) for s, v in points]
    return given


def test_time_to_1_percent_is_that_of_the_first_placement_so_near() -> None:
    given = searched(199, (0.5, 150), (2.0, 197), (3.0, 198), (4.0, 199))
    assert numbers(given) == (199, 200, pytest.approx(1 / 200), 3.0)


def test_who_ends_farther_off_never_was_near() -> None:
    assert math.isnan(numbers(searched(197, (0.5, 150), (2.0, 197)))[3])


def test_without_a_search_it_is_the_time_of_the_call() -> None:
    assert numbers(searched(200))[3] == 8.0
    assert math.isnan(METRICS["seconds_to_1_percent"].of(replace(searched(200), seconds=math.nan)))


def test_no_pods_are_worth_nothing_at_once() -> None:
    given = outcome([], [])
    assert numbers(given) == (0, 0, 0, 8.0)
    assert np.isfinite(numbers(given)).all()
