"""The packaged suite fgd-atc23, and the figures of its curves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from schedlab.config.overrides import choose_workloads
from schedlab.config.suite import Suite, load_suite
from schedlab.errors import InputError
from schedlab.plot.fgd import FAMILIES, figures, spread, unallocated_bars
from schedlab.registry import installed

POLICIES = ("Random", "FGD")


@pytest.fixture
def suite() -> Suite:
    return load_suite("fgd-atc23", installed())


def test_it_is_the_papers_default_table_unless_told_otherwise(suite: Suite) -> None:
    assert [w.label for w in suite.workloads] == ["default"]
    assert suite.seeds == tuple(range(42, 52))
    assert len(suite.schedulers) == 6


def test_every_list_can_be_chosen_by_name(suite: Suite) -> None:
    chosen = choose_workloads(suite, ["cpu050", "default"], installed())
    assert [w.label for w in chosen.workloads] == ["cpu050", "default"]
    assert chosen.workloads[0].args == {"pods": "cpu050"}
    labels = [w.label for w in suite.optional_workloads]
    assert len(labels) == len(set(labels)) == 22
    assert all(w.args["pods"] == w.label for w in suite.optional_workloads)
    with pytest.raises(InputError, match="'cpu05'"):
        choose_workloads(suite, ["cpu05"], installed())


def curves(workloads: list[str], seeds: int = 3) -> pd.DataFrame:
    """Return curves on which a policy's allocation is 90 + its seed + its position."""
    percent = np.arange(131)
    frames = [
        pd.DataFrame(
            {
                "workload": workload,
                "scheduler": policy,
                "seed": seed,
                "arrived_percent": percent,
                "allocated_percent": np.minimum(percent, 90 + seed + i),
                "fragmentation_percent": 0.1 * percent,
                "fragmentation_ratio_percent": np.minimum(percent, 99),
                "failed_pods": np.maximum(percent - 90, 0),
            }
        )
        for workload in workloads
        for i, policy in enumerate(POLICIES)
        for seed in range(seeds)
    ]
    return pd.concat(frames)


def test_lines_are_medians_over_the_seeds() -> None:
    ax = spread(curves(["default"]), "allocated_percent")
    ends = {str(line.get_label()): float(np.asarray(line.get_ydata())[-1]) for line in ax.lines}
    assert ends == {"Random": 91.0, "FGD": 92.0}


def test_bars_are_means_of_what_is_unallocated() -> None:
    ax = unallocated_bars(curves(["default", "cpu050"]))
    heights = sorted(float(p.get_height()) for p in ax.patches)  # type: ignore[attr-defined]
    assert heights == pytest.approx([8, 8, 9, 9])
    assert [t.get_text() for t in ax.get_xticklabels()] == ["default", "cpu050"]


def test_the_figures_that_the_workloads_are_enough_for() -> None:
    drawn = figures(curves(["default", "cpu050", "multigpu20"]))
    assert all(isinstance(f, Figure) for f in drawn.values())
    assert {FAMILIES["cpu"], FAMILIES["multigpu"]} <= set(drawn)
    assert FAMILIES["gpushare"] not in drawn
    assert sum(stem.startswith("fig07") for stem in drawn) == 3


def test_curves_of_several_workloads_are_not_mixed() -> None:
    with pytest.raises(InputError, match="holds 2 workloads"):
        spread(curves(["default", "cpu050"]), "failed_pods")
