"""Outcomes beside a baseline: who is better, by priority, and what is certified."""

from __future__ import annotations

from typing import Any

import pytest

from schedlab.errors import InputError
from schedlab.harness.outcomes import OUTCOMES, outcome, outcomes
from schedlab.harness.trial import Status, TrialResult

OPEN = {"-5": 0.1, "1000": 0.0, "2000000000": 0.1}
CLOSED = dict.fromkeys(OPEN, 0.0)


def trial(
    shares: tuple[float, float, float] = (0.5, 0.5, 0.5),
    gaps: dict[str, float] = OPEN,
    **rest: Any,
) -> TrialResult:
    """Return a trial that placed these shares, from the highest priority (2 billion) down."""
    by_priority = dict(zip(("2000000000", "1000", "-5"), shares, strict=True))
    metrics = {f"placed_share_by_priority:{p}": s for p, s in by_priority.items()}
    metrics |= {f"gap_by_priority:{p}": g for p, g in gaps.items()}
    given = {"scheduler": "solver", "workload": "w", "seed": 0, "status": Status.OK, **rest}
    return TrialResult(id="x", metrics=metrics, **given)


@pytest.mark.parametrize(
    ("ours", "expected"),
    [
        (trial((0.6, 0.1, 0.1)), "better"),  # one more of the highest outweighs all below
        (trial((0.6, 0.1, 0.1), CLOSED), "better, certified"),
        (trial((0.6, 0.1, 0.1), info={"status": "optimal"}), "better, certified"),
        (trial((0.5, 0.5, 0.6)), "better"),
        (trial(), "no better"),
        (trial(gaps=CLOSED), "same, certified"),
        (trial(info={"status": "effort spent"}), "no better"),
        (trial((0.4, 1.0, 1.0), CLOSED), "worse"),
        (trial((0.5, 0.4, 1.0)), "worse"),
        (trial(status=Status.TIMEOUT), "failed"),
        (trial(status=Status.INVALID), "failed"),
    ],
)
def test_what_came_of_a_trial(ours: TrialResult, expected: str) -> None:
    assert outcome(ours, trial()) == expected


def test_where_the_baseline_places_all_pods_nobody_is_asked_for_more() -> None:
    everything = trial((1.0, 1.0, 1.0))
    assert outcome(trial((1.0, 1.0, 1.0), CLOSED), everything) == "all placed"
    assert outcome(trial((1.0, 1.0, 0.9)), everything) == "worse"


def test_outcomes_are_counted_by_workload_and_scheduler() -> None:
    results = [
        trial(scheduler="default", seed=0),
        trial(scheduler="default", seed=1),
        trial(scheduler="default", seed=2, status=Status.CRASHED),
        trial(scheduler="default", workload="v"),
        trial((0.6, 0.0, 0.0), seed=0),
        trial(seed=1, status=Status.FAILED),
        trial((0.6, 0.0, 0.0), seed=2),  # beside nothing
        trial(workload="v"),
        trial(workload="v", seed=1),  # beside nothing
        trial(workload="v", scheduler="other", status=Status.PENDING),
    ]
    found = outcomes(results, "default")
    assert list(found.columns) == ["workload", "scheduler", "seeds", *OUTCOMES]
    rows = found.set_index(["workload", "scheduler"])
    assert list(rows.index) == [("w", "solver"), ("v", "solver")]
    counts = rows.loc[("w", "solver")]
    assert (counts["seeds"], counts["better"], counts["failed"]) == (2, 1, 1)
    assert (rows["seeds"] == rows[list(OUTCOMES)].sum(axis=1)).all()


def test_an_unknown_baseline_is_told() -> None:
    with pytest.raises(InputError, match="unknown baseline 'solvr'; did you mean 'solver'"):
        outcomes([trial()], "solvr")
