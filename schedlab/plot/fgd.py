"""The figures of *Beware of Fragmentation* (USENIX ATC 2023) from the curves of a run.

Every function takes ``run.table("curves")``: workload, scheduler, seed, and the columns of
:func:`schedlab.metrics.demand_curve.demand_curve`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from schedlab.plot import style
from schedlab.plot.frames import one_workload
from schedlab.plot.style import INK, SIZE, Style

ARRIVED = "GPU demand that has arrived [% of the cluster's GPUs]"

FAMILIES = {
    "gpushare": "fig11_gpu_sharing",
    "multigpu": "fig12_multi_gpu",
    "gpuspec": "fig13_gpu_models",
    "cpu": "fig14_cpu_pods",
}
"""Workloads that differ in one respect, by the start of their labels, and their figure."""


def figures(curves: pd.DataFrame) -> dict[str, Figure]:
    """Return the figures that the workloads of a run are enough for, by file stem.

    Figures 7 and 9 for each workload; 11 to 14 where a family of workloads has members.
    """
    drawn: dict[str, Figure] = {}
    for workload, frame in curves.groupby("workload", sort=False):
        drawn[f"fig07_fragmentation_{workload}"] = fragmentation_figure(frame)
        drawn[f"fig09_allocation_{workload}"] = allocation_figure(frame)
    for family, stem in FAMILIES.items():
        members = curves[_in_family(curves["workload"], family)]
        if members["workload"].nunique() > 1:
            drawn[stem] = bars_figure(members)
    return drawn


def fragmentation_figure(curves: pd.DataFrame) -> Figure:
    """Draw figure 7: fragmentation in % of the idle GPUs, and of all, as demand arrives."""
    figure = style.figure(10.5, 4.2)
    left, right = figure.subplots(1, 2)
    spread(curves, "fragmentation_ratio_percent", left)
    left.set_ylabel("fragmented, % of the idle GPUs")
    spread(curves, "fragmentation_percent", right)
    right.set_ylabel("fragmented, % of all GPUs")
    _legend(left, "lower right")
    return _titled(figure, curves, "fragmentation")


def allocation_figure(curves: pd.DataFrame) -> Figure:
    """Draw figure 9: GPUs left unallocated and pods failed, where demand meets capacity."""
    late = curves[curves["arrived_percent"] >= 80]
    figure = style.figure(10.5, 4.2)
    left, right = figure.subplots(1, 2)
    spread(late.assign(idle=100 - late["allocated_percent"]), "idle", left)
    left.set_ylabel("unallocated, % of all GPUs")
    spread(late, "failed_pods", right)
    right.set_ylabel("failed pods")
    _legend(left, "upper right")
    return _titled(figure, curves, "allocation")


def bars_figure(curves: pd.DataFrame, at: int = 100) -> Figure:
    """Draw figures 11 to 14: GPUs unallocated when ``at`` % have arrived, by workload."""
    figure = style.figure(10.5, 4.2)
    ax = unallocated_bars(curves, at=at, ax=figure.subplots())
    ax.legend(fontsize=SIZE - 1, frameon=False, ncols=4, loc="upper left")
    style.title(ax, f"GPUs unallocated at {at} % demand: mean and deviation over the seeds")
    return figure


def spread(curves: pd.DataFrame, column: str, ax: Axes | None = None) -> Axes:
    """Draw a column over arrived demand: each scheduler's median and middle half of its seeds.

    Parameters
    ----------
    curves : DataFrame
        The curves of one workload.
    column : str
    ax : Axes, optional

    Raises
    ------
    InputError
        If the frame has no such column, or not exactly one workload.
    """
    curves = one_workload(curves, ["arrived_percent", column])
    ax = style.axes(ax)
    looks = style.styles(curves["scheduler"])
    for name, frame in curves.groupby("scheduler", sort=False):
        _line(ax, frame, column, str(name), looks[str(name)])
    ax.set_xlabel(ARRIVED, fontsize=SIZE, color=INK)
    ax.yaxis.label.set(fontsize=SIZE, color=INK)
    ax.set_xlim(curves["arrived_percent"].min(), curves["arrived_percent"].max())
    return ax


def unallocated_bars(curves: pd.DataFrame, *, at: int = 100, ax: Axes | None = None) -> Axes:
    """Draw what is unallocated when ``at`` % have arrived: groups of bars by workload.

    Bars are means over the seeds, whiskers their standard deviation.
    """
    ax = style.axes(ax, 10.5)
    there = curves[curves["arrived_percent"] == at]
    idle = (100 - there["allocated_percent"]).groupby(
        [there["workload"], there["scheduler"]], sort=False
    )
    mean, deviation = idle.mean().unstack(), idle.std(ddof=1).unstack().fillna(0.0)
    looks = style.styles(curves["scheduler"])
    width = 0.8 / len(looks)
    places = np.arange(len(mean))
    for i, name in enumerate(looks):
        ax.bar(
            places + (i - (len(looks) - 1) / 2) * width,
            mean[name],
            0.92 * width,
            yerr=deviation[name],
            color=looks[name].colour,
            error_kw={"elinewidth": 0.8, "ecolor": INK},
            label=name,
        )
    ax.set_xticks(places, list(mean.index))
    ax.grid(visible=False, axis="x")
    ax.set_ylim(0, 1.25 * float(mean.max().max()))
    ax.set_ylabel("unallocated, % of all GPUs", fontsize=SIZE, color=INK)
    return ax


def _line(ax: Axes, frame: pd.DataFrame, column: str, name: str, look: Style) -> None:
    by_seed = frame.pivot(index="arrived_percent", columns="seed", values=column)
    low, middle, high = np.nanquantile(by_seed.to_numpy(), [0.25, 0.5, 0.75], axis=1)
    ax.plot(by_seed.index, middle, look.dash, color=look.colour, lw=1.5, label=name)
    ax.fill_between(by_seed.index, low, high, color=look.colour, alpha=0.18, lw=0)


def _legend(ax: Axes, where: Literal["upper right", "lower right"]) -> None:
    ax.legend(fontsize=SIZE - 1, frameon=False, loc=where, labelcolor=INK)


def _titled(figure: Figure, curves: pd.DataFrame, what: str) -> Figure:
    seeds = curves["seed"].nunique()
    of = f"{seeds} seeds, median and middle half" if seeds > 1 else "1 seed"
    style.title(figure.axes[0], f"{curves['workload'].iloc[0]}: {what} ({of})")
    return figure


def _in_family(labels: pd.Series[str], family: str) -> pd.Series[bool]:
    """Say which workloads vary the default one in this respect, itself included."""
    return labels.str.startswith(family) | (labels == "default")
