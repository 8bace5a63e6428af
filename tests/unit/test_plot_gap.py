"""The gap over time shows the incumbents of a run, and no more than they tell."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from schedlab.errors import InputError
from schedlab.plot.gap import figures, gap_over_time, gaps


def trials() -> pd.DataFrame:
    """Return two seeds of a search and of a greedy scheduler; the bound is 100 and 200."""
    rows = [
        ("w", "search", 0, "ok", 100.0, 0.02, 8.0),
        ("w", "search", 1, "ok", 200.0, 0.01, 9.0),
        ("w", "greedy", 0, "ok", 100.0, 0.30, 0.5),
        ("w", "greedy", 1, "ok", 200.0, 0.20, 0.7),
        ("w", "broken", 0, "failed", math.nan, math.nan, math.nan),
    ]
    names = ["workload", "scheduler", "seed", "status", "value_bound", "gap_value"]
    return pd.DataFrame(rows, columns=[*names, "schedule_seconds"])


def incumbents() -> pd.DataFrame:
    rows = [
        ("w", "search", 0, 1.0, 90, 110),
        ("w", "search", 0, 4.0, 98, 99),
        ("w", "search", 1, 2.0, 190, 200),
        ("v", "search", 0, 1.5, 1, 2),  # of another workload
    ]
    return pd.DataFrame(
        rows, columns=["workload", "scheduler", "seed", "seconds", "value", "bound"]
    )


def test_every_incumbent_has_its_gap_to_the_certified_bound() -> None:
    told = gaps(trials(), incumbents())
    search = told[told["scheduler"] == "search"]
    assert search["seconds"].tolist() == [1.0, 4.0, 8.0, 2.0, 9.0]
    assert search["gap"].to_numpy() == pytest.approx([0.1, 0.02, 0.02, 0.05, 0.01])
    assert search["floor"].to_numpy() == pytest.approx([0, 0.01, 0.01, 0, 0])
    assert set(told["scheduler"]) == {"search", "greedy"}


def test_a_scheduler_that_tells_nothing_is_where_its_call_ended() -> None:
    greedy = gaps(trials(), pd.DataFrame()).query("scheduler == 'greedy'")
    assert greedy[["seed", "seconds", "gap"]].to_numpy().tolist() == [[0, 0.5, 0.3], [1, 0.7, 0.2]]


def test_the_line_is_the_median_from_when_all_seeds_have_a_placement() -> None:
    ax = gap_over_time(trials(), incumbents())
    lines = {str(line.get_label()): line for line in ax.get_lines()}
    x, y = (np.asarray(v, float) for v in lines["search"].get_data())
    assert x.tolist() == [2.0, 4.0, 8.0, 9.0]
    assert y == pytest.approx([(0.1 + 0.05) / 2, 0.035, 0.035, 0.015])
    assert ax.get_xscale() == "log"


def test_a_point_is_the_median_of_where_calls_ended_and_whiskers_reach_all_seeds() -> None:
    ax = gap_over_time(trials().query("scheduler == 'greedy'"))
    (container,) = ax.containers
    point, _, bars = container.lines
    assert np.concatenate(point.get_data()) == pytest.approx([0.6, 0.25])
    ends = [np.asarray(bar.get_segments()[0]).tolist() for bar in bars]
    assert ends == [
        [pytest.approx([0.5, 0.25]), pytest.approx([0.7, 0.25])],
        [pytest.approx([0.6, 0.2]), pytest.approx([0.6, 0.3])],
    ]


def test_the_legend_keeps_the_order_of_the_trials() -> None:
    greedy_first = pd.concat([trials().iloc[2:], trials().iloc[:2]])
    legend = gap_over_time(greedy_first, incumbents()).get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["greedy", "search"]


def test_a_bound_of_the_schedulers_own_is_dotted() -> None:
    alone = trials().query("scheduler == 'search' and seed == 0")
    ax = gap_over_time(alone, incumbents())
    dotted = [line for line in ax.get_lines() if line.get_linestyle() == ":"]
    assert len(dotted) == 1
    assert np.asarray(dotted[0].get_ydata(), float).tolist() == pytest.approx([0, 0.01, 0.01])


def test_each_workload_has_a_figure_that_can_be_drawn() -> None:
    other = trials().assign(workload="v", gap_value=0.0)
    drawn = figures(pd.concat([trials(), other]), incumbents())
    assert list(drawn) == ["gap_w", "gap_v"]
    for figure in drawn.values():
        FigureCanvasAgg(figure).draw()


def test_trials_without_a_bound_are_refused() -> None:
    with pytest.raises(InputError, match="value_bound"):
        gap_over_time(trials().drop(columns="value_bound"), incumbents())
