"""Labels beside points, kept off each other by trying places around each point."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

from schedlab.plot.style import FAINT, SIZE, darker

RINGS = (9, 16, 26, 38, 52)
"""Distances from the point in points of 1/72 inch; beyond the second a line leads to it."""

ANGLES = (0, 180, 60, 120, -60, -120, 90, -90, 30, 150, -30, -150)
MARKER, WHISKER = 5.0, 1.5
"""Half the room that points and whiskers take, in points of 1/72 inch."""


@dataclass(frozen=True, slots=True)
class Cross:
    """A point to label, and the whiskers that the labels should keep clear of."""

    text: str
    colour: str
    x: float
    y: float
    across: tuple[float, float]
    along: tuple[float, float]


def label_points(ax: Axes, crosses: Sequence[Cross]) -> None:
    """Write each text beside its point, at the first place that is free.

    Greedy, in the order given; where no place is free the nearest is taken.  The limits
    and the layout of the axes must be final.
    """
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()
    taken = [box for cross in crosses for box in _boxes(ax, cross)]
    for cross in crosses:
        taken.append(_place(ax, cross, taken))


def _place(ax: Axes, cross: Cross, taken: list[Bbox]) -> Bbox:
    for ring, dx, dy in _offsets():
        note = _write(ax, cross, dx, dy)
        box = note.get_window_extent().padded(1.0)
        if _inside(ax, box) and not any(box.overlaps(t) for t in taken):
            if ring > RINGS[1]:
                _lead(ax, cross, dx, dy)
            return box
        note.remove()
    return _write(ax, cross, RINGS[0], 0).get_window_extent()


def _offsets() -> Iterator[tuple[int, float, float]]:
    for ring in RINGS:
        for angle in ANGLES:
            turn = math.radians(angle)
            yield ring, ring * math.cos(turn), ring * math.sin(turn)


def _write(ax: Axes, cross: Cross, dx: float, dy: float) -> Annotation:
    side = "center" if abs(dx) < 1 else "left" if dx > 0 else "right"
    return ax.annotate(
        cross.text,
        (cross.x, cross.y),
        xytext=(dx, dy),
        textcoords="offset points",
        ha=side,
        va="center",
        fontsize=SIZE,
        color=darker(cross.colour),
    )


def _lead(ax: Axes, cross: Cross, dx: float, dy: float) -> None:
    """Draw a thin line from the point to the label's near edge."""
    ax.annotate(
        "",
        (cross.x, cross.y),
        xytext=(dx, dy),
        textcoords="offset points",
        arrowprops={
            "arrowstyle": "-",
            "color": FAINT,
            "linewidth": 0.8,
            "shrinkA": 1,
            "shrinkB": 4,
        },
    )


def _boxes(ax: Axes, cross: Cross) -> list[Bbox]:
    """Return the boxes in pixels of a marker and its two whiskers."""
    x, y = cross.x, cross.y
    ends = [(x, y, x, y), (cross.across[0], y, cross.across[1], y)]
    ends.append((x, cross.along[0], x, cross.along[1]))
    pads = (MARKER, WHISKER, WHISKER)
    return [_box(ax, *e, pad) for e, pad in zip(ends, pads, strict=True)]


def _box(ax: Axes, x0: float, y0: float, x1: float, y1: float, pad: float) -> Bbox:
    figure = ax.get_figure(root=True)
    assert figure is not None
    (left, low), (right, high) = ax.transData.transform([(x0, y0), (x1, y1)])
    low, high = min(low, high), max(low, high)
    return Bbox.from_extents(left, low, right, high).padded(pad * figure.dpi / 72)


def _inside(ax: Axes, box: Bbox) -> bool:
    frame = ax.get_window_extent()
    return bool(
        box.x0 >= frame.x0 and box.x1 <= frame.x1 and box.y0 >= frame.y0 and box.y1 <= frame.y1
    )
