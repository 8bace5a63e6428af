"""How figures look: colours that colour-blind readers can tell apart, quiet axes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, PercentFormatter

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#4D4D4D")
"""Okabe and Ito's palette, its black softened, without its yellow, which white paper swallows."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES = ("-", "--", ":", "-.")
OWN_LOOK = {
    "kubernetes": 0,
    "best-fit": 1,
    "first-fit": 2,
    "CpSatPacking": 3,
    "fgd": 4,
    "shadow-price": 5,
    "random": 6,
}
"""The schedulers that most runs have, and the number of their look."""

INK, FAINT = "#333333", "#B8B8B8"
SEQUENTIAL = "cividis"
SIZE = 9.0
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Style:
    """The look of one scheduler, the same in every figure of a run."""

    colour: str
    marker: str
    dash: str


Looks = Mapping[str, Style]
"""What each scheduler looks like, to be the same in several figures."""


def styles(names: Iterable[str]) -> dict[str, Style]:
    """Return a look for each distinct name: its own, or the next free one by appearance.

    Names of :data:`OWN_LOOK` look the same in every figure of every run; others do if all
    figures are given the same names.
    """
    distinct = list(dict.fromkeys(names))
    taken = {OWN_LOOK[name] for name in distinct if name in OWN_LOOK}
    free = (i for i in count() if i not in taken)
    return {n: _look(OWN_LOOK[n] if n in OWN_LOOK else next(free)) for n in distinct}


def _look(i: int) -> Style:
    dash = DASHES[i // len(COLOURS) % len(DASHES)]
    return Style(COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)], dash)


def darker(colour: str) -> tuple[float, float, float]:
    """Return a colour dark enough for text on white."""
    red, green, blue = to_rgb(colour)
    return 0.65 * red, 0.65 * green, 0.65 * blue


def figure(width: float, height: float) -> Figure:
    """Return an empty figure of this size in inches, outside pyplot's global state."""
    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def axes(ax: Axes | None, width: float = 6.4, height: float = 4.2) -> Axes:
    """Return ``ax``, or the axes of a new figure, made quiet."""
    return quiet(figure(width, height).subplots() if ax is None else ax)


def quiet(ax: Axes) -> Axes:
    """Take the box off, lighten the grid and put it behind the data."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(FAINT)
    ax.tick_params(colors=INK, labelsize=SIZE, length=3)
    ax.grid(color="#E6E6E6", linewidth=0.7)
    ax.set_axisbelow(True)
    return ax


def log_x(ax: Axes) -> None:
    """Make the x axis of a finished plot logarithmic, with as many plain numbers as it can hold."""
    ax.set_xscale("log")
    low, high = ax.get_xlim()
    decades = math.log10(high / low)
    subs = (1, 2, 3, 5, 7) if decades < 1.2 else (1, 2, 5) if decades < 4 else (1,)
    ax.xaxis.set_major_locator(LogLocator(subs=subs, numticks=12))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.6g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())


def percent(ax: Axes, which: Literal["x", "y"]) -> None:
    """Label the axis of shares of a finished plot in percent; it ends at 100 %.

    What is drawn there may need room beyond it (half a marker, the number beside a bar): the
    line, its ticks and the grid stop.
    """
    axis, side = (ax.xaxis, "bottom") if which == "x" else (ax.yaxis, "left")
    start, end = sorted(ax.get_xlim() if which == "x" else ax.get_ylim())
    axis.set_major_formatter(PercentFormatter(1.0))
    axis.set_ticks([t for t in axis.get_majorticklocs() if start <= t <= min(end, 1 + ROUNDING)])
    ax.spines[side].set_bounds(max(start, 0.0), min(end, 1.0))


def note(figure: Figure, text: str) -> None:
    """Say under a figure how to read it."""
    figure.supxlabel(text, fontsize=SIZE - 0.5, color="#777777", x=0.01, ha="left")


def title(ax: Axes, text: str) -> None:
    """Put a title over the left edge."""
    ax.set_title(text, loc="left", fontsize=SIZE + 1.5, color=INK, fontweight="bold")
