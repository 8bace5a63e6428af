"""F by exact integers from tables: how much of a node's free GPU the typical pods can use.

A typical pod that asks for one device can use every device with room for it, whatever the
others hold; one that asks for several needs as many that are wholly free.  So what is usable
on a node is a sum over its devices of one table entry each, plus one entry for the number of
wholly free devices.  Both depend on free cpu only through which typical pods it suffices for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schedlab_algorithms.fgd.fragmentation import LEVELS, TypicalPods
from schedlab_algorithms.gpu_share import WHOLE

Ints = NDArray[np.int64]

NEVER = np.iinfo(np.int64).min // 2
"""Below any gain: a device without room."""


@dataclass(frozen=True)
class Usable:
    """Usable thousandths times the number of typical pods.

    A *state* is a number for (GPU model, free cpu), or free cpu alone unless ``by_model``.
    ``device[state * LEVELS + free]`` is what
    is usable on one device, ``several[state * width + w]`` what pods of several devices can
    use of ``w`` wholly free ones (None: there are no such typical pods).  ``total`` is the
    number of typical pods.
    """

    total: int
    thresholds: Ints
    first_state: Ints
    by_model: bool
    device: Ints
    several: Ints | None
    width: int

    @classmethod
    def of(cls, typical: TypicalPods, devices: int) -> Usable:
        """Tabulate for nodes of at most ``devices`` devices."""
        thresholds = np.unique(typical.cpu)
        classes, model_class = np.unique(typical.access, axis=0, return_inverse=True)
        served = [
            access & (typical.cpu <= cpu) & (typical.count > 0)
            for access in classes
            for cpu in (-1, *thresholds)
        ]
        several = np.concatenate([_by_whole(typical, s, devices) for s in served])
        return cls(
            total=int(typical.often.sum()),
            thresholds=thresholds,
            first_state=model_class.reshape(-1) * (len(thresholds) + 1),
            by_model=len(classes) > 1,
            device=np.concatenate([_by_level(typical, s) for s in served]),
            several=several if several.any() else None,
            width=devices + 1,
        )

    @staticmethod
    def applies(typical: TypicalPods) -> bool:
        """Say whether every typical pod of several devices wants them whole."""
        return bool((typical.milli[typical.count > 1] == WHOLE).all())

    def states(self, model: NDArray[np.integer], cpu: Ints) -> Ints:
        """Return the state of nodes by their model's code and free cpu, shape (n,)."""
        enough_for = self.thresholds.searchsorted(cpu, "right")
        return self.first_state.take(model) + enough_for if self.by_model else enough_for

    def at(self, states: Ints, free: Ints) -> Ints:
        """Return each device's place in ``device`` and tables like it, shape (n, D)."""
        return free + (states * LEVELS)[:, None]

    def taken_by_share(self, milli: int) -> Ints:
        """Return what becomes usable of a device that a share takes from, like ``device``.

        NEVER where it has no room.
        """
        table = self.device.reshape(-1, LEVELS)
        taken = np.full_like(table, NEVER)
        taken[:, milli:-1] = table[:, : LEVELS - 1 - milli] - table[:, milli:-1]
        return taken.reshape(-1)

    def of_a_whole_one(self) -> Ints:
        """Return what pods of one device can use of a wholly free one, by state."""
        return self.device[WHOLE::LEVELS]

    def of_whole(self, states: Ints, whole: Ints) -> Ints:
        """Return what pods of several devices can use of ``whole`` free ones, shape (n,)."""
        assert self.several is not None
        return self.several.take(states * self.width + whole)


def _by_level(typical: TypicalPods, served: NDArray[np.bool_]) -> Ints:
    """Return free thousandths x the pods of one device that fit there, shape (LEVELS,)."""
    single = served & (typical.count == 1)
    pods = np.bincount(typical.milli[single], typical.often[single], minlength=LEVELS)
    level = np.arange(LEVELS)
    level[-1] = 0
    return level * np.cumsum(pods).astype(np.int64)


def _by_whole(typical: TypicalPods, served: NDArray[np.bool_], devices: int) -> Ints:
    """Return free thousandths x the pods of several devices that fit, shape (D + 1,)."""
    several = served & (typical.count > 1) & (typical.count <= devices)
    pods = np.bincount(typical.count[several], typical.often[several], minlength=devices + 1)
    return WHOLE * np.arange(devices + 1) * np.cumsum(pods).astype(np.int64)
