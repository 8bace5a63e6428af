"""Figures show the numbers of the frames they are given, and refuse what they cannot show."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from schedlab import plot
from schedlab.errors import InputError
from schedlab.plot.frames import costs, intervals, label, telling_quality
from schedlab.plot.style import styles

NAMES = ["alpha", "beta", "solver"]


def trials(workload: str = "w") -> pd.DataFrame:
    """Three schedulers and two seeds; the last decides batches: 1000 pods/s and no latency."""
    rows = [
        {
            "workload": workload,
            "scheduler": name,
            "seed": seed,
            "status": "ok",
            "placed_share": 0.8 + 0.05 * i + 0.02 * seed,
            "nodes_used": 10.0 - i,
            "utilisation_cpu": 0.5 + 0.1 * i,
            "utilisation_memory": 0.4,
            "utilisation_gpu": math.nan,
            "latency_p50_us": math.nan if name == "solver" else 100.0 * (i + 1),
            "throughput_pods_per_s": 1000.0,
        }
        for i, name in enumerate(NAMES)
        for seed in (0, 1)
    ]
    return pd.DataFrame(rows)


def decisions() -> pd.DataFrame:
    times = {"alpha": [1.0, 2.0, 3.0, 4.0], "beta": [10.0] * 4, "solver": [math.nan] * 4}
    rows = [(name, t) for name, column in times.items() for t in column]
    return pd.DataFrame(rows, columns=["scheduler", "latency_us"]).assign(workload="w", seed=0)


def nodes() -> pd.DataFrame:
    """Return two schedulers on three nodes with cpu 10 (the last: none) and memory 10."""
    frame = pd.DataFrame(
        {
            "scheduler": ["alpha"] * 3 + ["beta"] * 3,
            "node": ["n0", "n1", "n2"] * 2,
            "cpu_allocatable": [10, 10, 0] * 2,
            "cpu_requested": [5, 0, 0, 10, 1, 0],
            "memory_allocatable": [10] * 6,
            "memory_requested": [2, 0, 3, 0, 4, 0],
        }
    )
    return frame.assign(workload="w", seed=3)


def drawn(ax: Axes) -> np.ndarray:  # type: ignore[type-arg]
    """Return the figure's pixels; raise whatever drawing raises."""
    figure = ax.get_figure(root=True)
    assert isinstance(figure, Figure)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())


def points(ax: Axes) -> set[tuple[float, float]]:
    """Return the markers' positions."""
    return {
        (round(float(c[0].get_xdata()[0]), 6), round(float(c[0].get_ydata()[0]), 6))
        for c in ax.containers
    }


# -- quality and latency -------------------------------------------------------------


def test_quality_latency_puts_means_where_they_belong() -> None:
    ax = plot.quality_latency(trials())
    drawn(ax)
    assert points(ax) == {(100, 0.81), (200, 0.86), (1000, 0.91)}
    assert ax.get_xscale() == "log"
    assert {t.get_text() for t in ax.texts if t.get_text()} == set(NAMES)


def test_a_batch_solver_is_hollow() -> None:
    ax = plot.quality_latency(trials())
    faces = [c[0].get_markerfacecolor() for c in ax.containers]
    assert [face == "white" for face in faces] == [False, False, True]


def test_better_is_up_also_where_lower_is_better() -> None:
    low, high = plot.quality_latency(trials(), quality="nodes_used").get_ylim()
    assert low > high
    low, high = plot.quality_latency(trials(), quality="placed_share").get_ylim()
    assert low < high


def test_labels_keep_off_each_other_and_inside() -> None:
    crowd = pd.concat([trials().assign(scheduler=f"scheduler-{i}") for i in range(8)])
    crowd["placed_share"] += np.repeat(np.arange(8), len(trials())) * 1e-4
    ax = plot.quality_latency(crowd)
    drawn(ax)
    boxes = [t.get_window_extent() for t in ax.texts if t.get_text()]
    assert len(boxes) == 8
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    frame = ax.get_window_extent()
    assert all(frame.x0 <= b.x0 and b.x1 <= frame.x1 for b in boxes)


def test_it_draws_into_the_axes_given() -> None:
    ax = Figure().subplots()
    assert plot.quality_latency(trials(), ax=ax) is ax
    assert plot.ranked_bars(trials(), ax=Figure().subplots()).patches


def test_trials_that_ended_badly_are_left_out() -> None:
    frame = trials()
    frame.loc[frame.scheduler == "beta", "status"] = "failed"
    assert points(plot.quality_latency(frame)) == {(100, 0.81), (1000, 0.91)}


# -- bars and utilisation ---------------------------------------------------------------


@pytest.mark.parametrize(("metric", "best"), [("placed_share", "solver"), ("nodes_used", "solver")])
def test_ranked_bars_have_the_best_on_top(metric: str, best: str) -> None:
    ax = plot.ranked_bars(trials(), metric=metric)
    drawn(ax)
    names = [t.get_text() for t in ax.get_yticklabels()]
    assert names[-1] == best
    widths = [p.get_width() for p in ax.patches]  # type: ignore[attr-defined]
    assert sorted(widths) == pytest.approx(sorted(intervals(trials(), metric)["mean"]))


def test_bars_say_when_their_axis_is_cut() -> None:
    assert plot.ranked_bars(trials()).get_xlim()[0] >= 0
    near = trials().assign(placed_share=[0.90, 0.90, 0.91, 0.91, 0.92, 0.92])
    ax = plot.ranked_bars(near)
    assert ax.get_xlim()[0] > 0.8
    assert "axis cut" in ax.get_xlabel()
    apart = trials().assign(placed_share=[0.1, 0.1, 0.5, 0.5, 0.9, 0.9])
    assert plot.ranked_bars(apart).get_xlim()[0] == 0
    assert "axis cut" not in plot.ranked_bars(apart).get_xlabel()


def test_utilisation_leaves_out_what_the_cluster_does_not_have() -> None:
    ax = plot.utilisation(trials())
    drawn(ax)
    legend = ax.get_legend()
    assert legend is not None
    assert [t.get_text() for t in legend.get_texts()] == ["cpu", "memory"]
    cpu = ax.containers[0][0]
    assert sorted(cpu.get_xdata()) == pytest.approx([0.5, 0.6, 0.7])
    assert [t.get_text() for t in ax.get_yticklabels()] == NAMES[::-1]


def test_bars_stand_in_the_order_given_and_equal_ones_by_name() -> None:
    ax = plot.ranked_bars(trials(), order=["beta", "solver", "alpha", "unknown"])
    assert [t.get_text() for t in ax.get_yticklabels()] == ["alpha", "solver", "beta"]
    equal = trials().iloc[::-1].assign(placed_share=0.5)
    ax = plot.ranked_bars(equal)
    assert [t.get_text() for t in ax.get_yticklabels()] == NAMES[::-1]
    assert ax.get_xlim()[0] == 0, "bars that are all equal have a length"


def whiskers(ax: Axes) -> int:
    """Return how many error bars have a length that is drawn."""
    bars = [c for c in ax.collections if isinstance(c, LineCollection)]
    return sum(bool(np.isfinite(s).all()) for c in bars for s in c.get_segments() if len(s))


def test_one_seed_has_no_whiskers() -> None:
    frame = trials()
    single = frame[frame.seed == 0]
    for draw in (plot.ranked_bars, plot.quality_latency):
        assert whiskers(draw(frame)) > 0
        assert whiskers(draw(single)) == 0


@pytest.mark.parametrize("draw", [plot.ranked_bars, plot.quality_latency, plot.utilisation])
def test_an_axis_of_shares_ends_at_the_whole(draw: Callable[[pd.DataFrame], Axes]) -> None:
    share = np.repeat([0.96, 0.98, 1.0], 2)
    ax = draw(trials().assign(placed_share=share, utilisation_cpu=share))
    drawn(ax)
    of_x = draw is not plot.quality_latency
    axis, side = (ax.xaxis, "bottom") if of_x else (ax.yaxis, "left")
    assert max(axis.get_majorticklocs()) <= 1 + 1e-9
    bounds = ax.spines[side].get_bounds()
    assert bounds is not None
    assert bounds[1] == 1.0


# -- decisions and nodes ------------------------------------------------------------------


def test_latency_cdf_runs_from_the_fastest_to_the_slowest_decision() -> None:
    ax = plot.latency_cdf(decisions())
    drawn(ax)
    alpha, beta = ax.lines
    assert (alpha.get_xdata()[0], alpha.get_xdata()[-1]) == (1, 4)
    half = np.interp(0.5, np.asarray(alpha.get_ydata()), np.asarray(alpha.get_xdata()))
    assert half == pytest.approx(2.5, abs=0.01)
    assert set(np.asarray(beta.get_xdata())) == {10.0}
    assert "not timed by decision: solver" in ax.get_xlabel()


def test_latency_cdf_of_batch_solvers_alone() -> None:
    frame = decisions()
    with pytest.raises(InputError, match="no decision was timed"):
        plot.latency_cdf(frame[frame.scheduler == "solver"])


def test_node_heatmap_colours_nodes_by_dominant_utilisation() -> None:
    alpha, beta = plot.node_heatmap(nodes())
    drawn(alpha)
    cells = [np.ma.filled(ax.images[0].get_array(), np.nan).ravel()[:3] for ax in (alpha, beta)]
    assert cells[0].tolist() == [0.5, 0.0, 0.3]
    assert cells[1].tolist() == [1.0, 0.4, 0.0]
    assert alpha.get_title() == "alpha\n2 of 3 nodes used"
    assert alpha.figure is beta.figure


def test_node_heatmap_of_one_resource() -> None:
    [alpha, _] = plot.node_heatmap(nodes(), resource="memory", seed=3)
    assert np.asarray(alpha.images[0].get_array()).ravel()[:3].tolist() == [0.2, 0.0, 0.3]
    with pytest.raises(InputError, match=r"no resource 'gpu' in the frame; there are cpu, memory"):
        plot.node_heatmap(nodes(), resource="gpu")
    with pytest.raises(InputError, match=r"no trial has seed 9; seeds here: \[3\]"):
        plot.node_heatmap(nodes(), seed=9)


# -- the summary -----------------------------------------------------------------------------


def run(frame: pd.DataFrame) -> SimpleNamespace:
    return SimpleNamespace(trials=frame, folder=Path("runs/x"))


def test_summary_has_a_row_for_each_workload() -> None:
    figure = plot.summary_figure(run(pd.concat([trials("one"), trials("two")])))  # type: ignore[arg-type]
    assert len(figure.axes) == 4
    assert [ax.get_title(loc="left") for ax in figure.axes[::2]] == ["one", "two"]
    drawn(figure.axes[0])
    assert len(points(figure.axes[2])) == 3


def test_summary_has_the_order_of_the_table_and_one_colour_a_scheduler() -> None:
    # All place alike: the table is ordered by what the bars do not show.
    of = {"alpha": 0.3, "beta": 0.1, "solver": 0.2}
    one = trials("one").assign(placed_share=1.0, placed_priority_weighted=1.0, nodes_used=5.0)
    one["balance_cv"] = one["scheduler"].map(of)
    other = one[one.scheduler != "alpha"].assign(workload="two")
    figure = plot.summary_figure(run(pd.concat([one, other])))  # type: ignore[arg-type]
    drawn(figure.axes[0])
    tables = [["beta", "solver", "alpha"], ["beta", "solver"]]
    colours: dict[str, set[object]] = {}
    for bars, ranked in zip(figure.axes[1::2], tables, strict=True):
        names = [t.get_text() for t in bars.get_yticklabels()]
        assert names[::-1] == ranked
        for name, patch in zip(names, bars.patches, strict=True):
            colours.setdefault(name, set()).add(patch.get_facecolor())
    assert [len(shown) for shown in colours.values()] == [1, 1, 1]
    assert len(set.union(*colours.values())) == 3


def test_summary_is_the_same_picture_each_time() -> None:
    pictures = [drawn(plot.summary_figure(run(trials())).axes[0]) for _ in range(2)]  # type: ignore[arg-type]
    assert np.array_equal(*pictures)
    assert (pictures[0][..., :3] != 255).any()


def test_summary_with_one_seed_and_one_scheduler() -> None:
    frame = trials()
    single = frame[(frame.scheduler == "alpha") & (frame.seed == 0)]
    drawn(plot.summary_figure(run(single)).axes[0])  # type: ignore[arg-type]


def test_summary_of_a_run_in_which_nothing_ended_well() -> None:
    with pytest.raises(InputError, match="no trial ended well"):
        plot.summary_figure(run(trials().assign(status="failed")))  # type: ignore[arg-type]


# -- frames ------------------------------------------------------------------------------------


def test_frames_of_several_workloads_or_without_the_columns_are_refused() -> None:
    both = pd.concat([trials("one"), trials("two")])
    with pytest.raises(InputError, match=r"2 workloads \(one, two\).*frame.workload == NAME"):
        plot.quality_latency(both)
    with pytest.raises(InputError, match="no column latency_us"):
        plot.latency_cdf(trials())
    with pytest.raises(InputError, match="it is empty"):
        plot.utilisation(trials().iloc[:0])


def test_intervals_are_student_t_and_shares_stay_shares() -> None:
    table = intervals(trials(), "placed_share")
    half = 12.706205 * 0.02 / math.sqrt(2) / math.sqrt(2)  # t(0.975, 1) and sd of two values.
    assert table.loc["alpha", "low"] == pytest.approx(0.81 - half)
    assert table.loc["alpha", "high"] == pytest.approx(0.81 + half)
    assert table.loc["solver", "high"] == 1.0
    one = trials()
    assert intervals(one[one.seed == 0], "nodes_used").loc["beta"].tolist() == [9, 9, 9]


def test_costs_of_a_batch_solver_are_amortised() -> None:
    table = costs(trials(), "latency_p50_us")
    assert table["mean"].to_dict() == {"alpha": 100, "beta": 200, "solver": pytest.approx(1000)}
    assert table["amortised"].tolist() == [False, False, True]


def test_the_quality_shown_is_one_in_which_the_schedulers_differ() -> None:
    assert telling_quality(trials()) == "placed_share"
    assert telling_quality(trials().assign(placed_share=1.0)) == "nodes_used"
    same = trials().assign(placed_share=1.0, nodes_used=5.0)
    assert telling_quality(same) == "placed_share"


def test_axis_labels_name_the_unit_and_the_good_end() -> None:
    assert label("latency_p50_us") == "latency p50 [µs], lower is better"
    assert label("placed_share") == "placed share, higher is better"
    assert label("nodes_used") == "nodes used, lower is better"


def test_schedulers_look_different_from_each_other() -> None:
    looks = styles(f"s{i}" for i in range(28))
    assert len({(s.colour, s.marker) for s in looks.values()}) == 28
    assert len({(s.colour, s.dash) for s in looks.values()}) == 28


def test_well_known_schedulers_look_the_same_in_every_run() -> None:
    alone, among = styles(["first-fit"]), styles(["mine", "first-fit", "kubernetes", "other"])
    assert alone["first-fit"] == among["first-fit"]
    assert len({s.colour for s in among.values()}) == 4


def test_plotting_needs_no_pyplot() -> None:
    import subprocess

    code = "import sys, schedlab.plot; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
