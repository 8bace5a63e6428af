"""Inside the trials: the latency of every decision, the fill of every node."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from schedlab.errors import InputError
from schedlab.plot import style
from schedlab.plot.frames import one_workload
from schedlab.plot.style import INK, SIZE

POINTS = 1000
"""A curve's points; more cannot be told apart."""

WIDE = 1.8
"""Width over height of a heat map."""


def latency_cdf(decisions: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw which share of the decisions took at most how long, a curve a scheduler.

    All seeds together.  Schedulers that decide the batch as a whole have no decisions to
    time and are named under the axis.

    Parameters
    ----------
    decisions : DataFrame
        ``run.decisions`` of one workload.

    Raises
    ------
    InputError
        If the frame has no such column, or not exactly one workload, or no times.
    """
    decisions = one_workload(decisions, ["latency_us"])
    if decisions["latency_us"].isna().all():
        raise InputError("no decision was timed: every scheduler here decides in batches")
    ax, untimed = style.axes(ax), []
    looks, share = style.styles(decisions["scheduler"]), np.linspace(0.0, 1.0, POINTS)
    for name, group in decisions.groupby("scheduler", sort=False):
        latency = group["latency_us"].dropna().to_numpy()
        if len(latency):
            look = looks[str(name)]
            curve = np.quantile(latency, share)
            ax.plot(curve, share, color=look.colour, linestyle=look.dash, label=name, linewidth=1.6)
        else:
            untimed.append(str(name))
    _cdf_scales(ax, untimed)
    return ax


def _cdf_scales(ax: Axes, untimed: list[str]) -> None:
    note = f"\nnot timed by decision: {', '.join(untimed)}" if untimed else ""
    style.log_x(ax)
    ax.set_ylim(0, 1.01)
    ax.set_xlabel(f"time of a decision [µs], scheduler logic only{note}", fontsize=SIZE, color=INK)
    ax.set_ylabel("share of decisions", fontsize=SIZE, color=INK)
    ax.legend(fontsize=SIZE - 1, frameon=False, loc="lower right")


def node_heatmap(
    nodes: pd.DataFrame, *, resource: str | None = None, seed: int | None = None
) -> list[Axes]:
    """Draw every node as a cell coloured by its utilisation, small multiples by scheduler.

    Nodes are in the workload's order, row by row from the top left.

    Parameters
    ----------
    nodes : DataFrame
        ``run.nodes`` of one workload.
    resource : str, optional
        By default each node's dominant utilisation (the largest over the resources).
    seed : int, optional
        Which seed to show; by default the lowest.

    Returns
    -------
    list of Axes
        One a scheduler, all in one figure, with a common colour scale from 0 to 1.

    Raises
    ------
    InputError
        If there is no such resource or seed, or not exactly one workload.
    """
    nodes = one_workload(nodes, ["seed"])
    seed = int(nodes["seed"].min()) if seed is None else seed
    here = nodes[nodes["seed"] == seed]
    if here.empty:
        raise InputError(f"no trial has seed {seed}; seeds here: {sorted(set(nodes['seed']))}")
    fill = _fill(here, resource)
    names = list(dict.fromkeys(here["scheduler"]))
    columns = min(len(names), 4)
    rows = math.ceil(len(names) / columns)
    figure = style.figure(2.6 * columns + 0.9, 1.9 * rows + 0.4)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    images = [
        _cells(ax, fill[here["scheduler"] == name], name)
        for ax, name in zip(grid, names, strict=False)
    ]
    for unused in grid[len(names) :]:
        unused.set_visible(False)
    bar = figure.colorbar(images[0], ax=grid.tolist(), shrink=0.8, pad=0.02)
    bar.set_label(f"{resource or 'dominant'} utilisation, seed {seed}", fontsize=SIZE, color=INK)
    bar.ax.tick_params(labelsize=SIZE, colors=INK)
    return list(grid[: len(names)])


def _fill(nodes: pd.DataFrame, resource: str | None) -> NDArray[np.float64]:
    """Return the utilisation of each row; 0 where a node offers nothing."""
    offered = [
        c.removesuffix("_allocatable") for c in map(str, nodes) if c.endswith("_allocatable")
    ]
    if resource is not None and resource not in offered:
        raise InputError(f"no resource {resource!r} in the frame; there are {', '.join(offered)}")
    chosen = [resource] if resource else offered
    room = nodes[[f"{r}_allocatable" for r in chosen]].to_numpy(float)
    used = nodes[[f"{r}_requested" for r in chosen]].to_numpy(float)
    share = np.divide(used, room, out=np.zeros_like(used), where=room > 0)
    fill: NDArray[np.float64] = share.max(axis=1)
    return fill


def _cells(ax: Axes, fill: NDArray[np.float64], name: str) -> AxesImage:
    columns = max(math.ceil(math.sqrt(len(fill) * WIDE)), 1)
    rows = math.ceil(len(fill) / columns)
    cells = np.full(rows * columns, np.nan)
    cells[: len(fill)] = fill
    image = ax.imshow(
        cells.reshape(rows, columns), cmap=style.SEQUENTIAL, vmin=0, vmax=1, interpolation="nearest"
    )
    ax.set_axis_off()
    used = int((fill > 0).sum())
    ax.set_title(f"{name}\n{used:,} of {len(fill):,} nodes used", fontsize=SIZE, color=INK)
    return image
