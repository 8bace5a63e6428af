"""Filling nodes most of the way at random, in proportions that a plan asks for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from schedlab_algorithms.filling.filling import Filling
from schedlab_algorithms.filling.items import Floats
from schedlab_algorithms.filling.taking import granted
from schedlab_algorithms.packing.arrays import Ints, Mask

LEAST_LEFT = 0.5
"""An item of which a plan has less than this left is drawn no more."""

SCARCE = 0.5
"""A resource of which a plan uses less than this is no reason to prefer a pod."""


@dataclass(frozen=True)
class Shape:
    """What counts as large and as fitting in shape.

    Attributes
    ----------
    scale : float64, shape (K,)
        One over what all nodes offer; 0 for what nobody runs short of.
    mass : float64, shape (I,)
        The scaled size of an item, summed.
    direction : float64, shape (I, K)
        The scaled size divided by its Euclidean length.
    mean : float
        The mass of an average pod of the plan.
    """

    scale: Floats
    mass: Floats
    direction: Floats
    mean: float

    @classmethod
    def of(cls, sizes: Ints, planned: Floats, offered: Ints) -> Shape:
        """Measure items by what is ``offered`` (K,) and how many pods are ``planned`` (I,)."""
        scale = 1.0 / np.maximum(offered, 1)
        short = (planned @ sizes) * scale > SCARCE
        scale = scale * short if short.any() else scale
        mass = sizes @ scale
        mean = float(planned @ mass) / max(float(planned.sum()), 1.0)
        return cls(scale, mass, unit(sizes * scale), mean)


def unit(vectors: Floats) -> Floats:
    """Return vectors divided by their Euclidean lengths; 0 stays 0."""
    length = np.sqrt((vectors * vectors).sum(axis=1, keepdims=True))
    return vectors / np.maximum(length, 1e-300)


def draw(
    filling: Filling,
    group: Ints,
    plan: Floats,
    shape: Shape,
    spare: float,
    generator: np.random.Generator,
) -> None:
    """Put pods on nodes at random until each has room for about ``spare`` average pods.

    The chance of an item grows with what ``plan`` (G, I) has left of it for the node's group,
    with its size, and with how well its shape fits the room that is left.  The plan is
    used up.
    """
    enough = spare * shape.mean
    rows = np.flatnonzero(filling.room @ shape.scale > enough)
    while len(rows) and not filling.stopped():
        able = filling.fits(rows) & (plan[group[rows]] > LEAST_LEFT)
        some = able.any(axis=1)
        rows, able = rows[some], able[some]
        items = _drawn(filling, rows, able, plan[group[rows]] * shape.mass, shape, generator)
        given = granted(items, filling.pool)
        filling.add(rows[given], items[given])
        np.subtract.at(plan, (group[rows[given]], items[given]), 1.0)
        rows = rows[filling.room[rows] @ shape.scale > enough]


def _drawn(
    filling: Filling,
    rows: Ints,
    able: Mask,
    chance: Floats,
    shape: Shape,
    generator: np.random.Generator,
) -> Ints:
    """Draw one item for each row, with probabilities as ``chance`` (m, I) times the fit in shape.

    Of exponential variates divided by the chances, each is the least with its chance.
    """
    likeness = unit(filling.room[rows] * shape.scale) @ shape.direction.T
    chance = chance * _steep(likeness)
    lot = generator.standard_exponential(chance.shape, dtype=np.float32)
    lot = np.where(able, lot / np.maximum(chance, 1e-30), np.inf)
    drawn: Ints = lot.argmin(axis=1)
    return drawn


def _steep(likeness: Floats) -> Floats:
    """Return the eighth power: items at 45 degrees to the room are drawn 16 times as rarely."""
    for _ in range(3):
        likeness = likeness * likeness
    return likeness
