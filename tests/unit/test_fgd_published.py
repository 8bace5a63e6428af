"""The policies against the published curves of the ATC 2023 experiments, point by point."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from schedlab.api import Budget, Cluster, Workload
from schedlab.metrics import Outcome
from schedlab.metrics.demand_curve import demand_curve
from schedlab.registry import installed
from schedlab_workloads.fgd import FgdAtc23

POLICIES = {
    "fgd": "FGD",
    "fgd-best-fit": "BestFit",
    "fgd-dot-prod": "DotProd",
    "fgd-gpu-clustering": "GpuClustering",
    "fgd-gpu-packing": "GpuPacking",
}
"""The deterministic ones: profile and published name."""

COLUMNS = {
    "allocated_percent": "gpu_alloc_pct",
    "fragmentation_percent": "frag_amount_pct_of_total_gpu",
    "fragmentation_ratio_percent": "frag_ratio_pct_of_idle_gpu",
}
ROUNDING = 0.0101
SEEDS = range(42, 52)
PUBLISHED = ("default", "cpu050", "gpushare40", "gpuspec10", "multigpu20")


@cache
def published(folder: Path) -> pd.DataFrame:
    table = pd.read_csv(folder / "reference" / "fgd" / "curves_tidy.csv.gz")
    return table.set_index(["workload", "policy", "seed", "arrived_pct"]).sort_index()


def build(shared: Path, pods: str, seed: int) -> Workload:
    trace, orders = shared / "traces" / "openb", shared / "reference" / "fgd"
    return FgdAtc23(pods=pods, folder=trace, orders=orders).build(seed)


def curve(workload: Workload, profile: str, seed: int) -> pd.DataFrame:
    scheduler = installed().make_scheduler(profile, {})
    placement = scheduler.schedule(Cluster.of(workload), workload.pods, Budget(seed=seed))
    return demand_curve(Outcome(workload, placement)).set_index("arrived_percent")


def assert_equals_published(
    shared: Path, workload: Workload, pods: str, profile: str, seed: int
) -> None:
    ours = curve(workload, profile, seed)
    theirs = published(shared).loc[(pods, POLICIES[profile], seed)]
    assert len(theirs) == 131
    for mine, column in COLUMNS.items():
        difference = (ours[mine].reindex(theirs.index) - theirs[column]).abs()
        assert difference.max() <= ROUNDING, f"{profile}, {column}: {difference.idxmax()} %"
        assert not difference.isna().any()


@pytest.fixture(scope="module")
def default_42(shared: Path) -> Workload:
    return build(shared, "default", 42)


@pytest.mark.parametrize("profile", POLICIES)
def test_the_default_curves_of_one_seed(shared: Path, default_42: Workload, profile: str) -> None:
    assert_equals_published(shared, default_42, "default", profile, 42)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("pods", PUBLISHED)
def test_all_curves(shared: Path, pods: str, seed: int) -> None:
    workload = build(shared, pods, seed)
    for profile in POLICIES:
        assert_equals_published(shared, workload, pods, profile, seed)


@pytest.mark.slow
@pytest.mark.parametrize("pods", PUBLISHED)
def test_random_is_within_the_spread_of_its_seeds(shared: Path, pods: str) -> None:
    """The means of ten seeds differ by less than three standard errors."""
    curves = [curve(build(shared, pods, seed), "fgd-random", seed) for seed in SEEDS]
    table = published(shared).loc[(pods, "Random")]["gpu_alloc_pct"].unstack("seed")
    for percent in (50, 100, 130):
        ours = np.array([c.loc[percent, "allocated_percent"] for c in curves])
        theirs = table.loc[percent].to_numpy()
        error = np.sqrt((ours.var(ddof=1) + theirs.var(ddof=1)) / len(SEEDS))
        assert abs(ours.mean() - theirs.mean()) < 3 * error + ROUNDING


@pytest.mark.slow
def test_shadow_price_beats_fgd_by_half_a_point_and_never_loses(shared: Path) -> None:
    for pods in PUBLISHED:
        allocated = published(shared).loc[(pods, "FGD")]["gpu_alloc_pct"].unstack("seed").loc[100]
        ours = [
            curve(build(shared, pods, seed), "shadow-price", seed).loc[100, "allocated_percent"]
            for seed in SEEDS
        ]
        margin = 0.5 if pods == "default" else 0.0
        assert np.mean(ours) >= allocated.mean() + margin
