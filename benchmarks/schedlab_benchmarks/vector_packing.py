"""Vector packing: the fewest equal bins for published instances, with a proven bound.

``python -m schedlab_benchmarks.vector_packing --help``
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from schedlab.harness.memory import peak_memory_bytes
from schedlab_algorithms.packing.effort import Effort
from schedlab_algorithms.patterns.bins import BinsFound, minimum_bins
from schedlab_benchmarks.instances import chosen, parser
from schedlab_benchmarks.vbp import (
    Instance,
    Known,
    instance_folder,
    instance_names,
    read_instance,
    read_known,
)

ABOUT = "vector bin packing: fewest bins, proven bound and best of 351 published heuristics"

SELECTION = ("Panigrahy/*_120_*_0", "Triplet/*_120_*_0")
"""What is packed if nobody says what; it ends in a few minutes."""


def run(
    instances: Sequence[str] | None,
    seconds: float,
    seed: int,
    folder: Path | None,
    progress: Callable[[str], None],
) -> pd.DataFrame:
    """Pack instances one after the other, as any :class:`schedlab.cli.experimenting.Experiment`.

    Instances are named such as ``Triplet/classC_60_3_0``; the ``folder`` is else
    $SCHEDLAB_PACKING/vbp, else ../shared/reference/packing/vbp.

    Returns
    -------
    pandas.DataFrame
        A row for each instance: its name, ``items``, ``dims``, ``bins``, what is known
        (``best_of_351``, ``optimum``), the proven ``bound``, ``gap`` as (bins - bound) / bins,
        whether the packing is ``proven`` to be optimal, processor ``seconds`` in all and
        ``to_best``, and the ``peak_memory_mb`` of the process so far.
    """
    found = instance_folder(folder)
    known = read_known(found)
    rows = []
    for name in chosen(instance_names(found), instances or SELECTION, "vector packing"):
        row = _row(read_instance(found, name), known.get(name), seconds, seed)
        rows.append(row)
        progress(f"{name}: {row['bins']} bins, bound {row['bound']}, {row['seconds']:.1f} s")
    return pd.DataFrame(rows)


def _row(instance: Instance, known: Known | None, seconds: float, seed: int) -> dict[str, object]:
    """Pack one instance, verify the packing and describe it."""
    began = time.process_time()
    effort = Effort(math.inf, math.inf, seed, cancelled=lambda: _spent(began) >= seconds)
    found = minimum_bins(instance.sizes, instance.demand, instance.capacity, effort)
    spent = _spent(began)
    verify(instance, found)
    bins = len(found.patterns)
    return {
        "instance": instance.name,
        "items": int(instance.demand.sum()),
        "dims": len(instance.capacity),
        "bins": bins,
        "best_of_351": known.heuristics if known else None,
        "optimum": known.optimum if known else None,
        "bound": found.bound,
        "gap": (bins - found.bound) / bins,
        "proven": found.proven,
        "seconds": spent,
        "to_best": next(s for s, fewest, _ in found.history if fewest == bins),
        "peak_memory_mb": peak_memory_bytes() / 1e6,
    }


def _spent(began: float) -> float:
    return time.process_time() - began


def verify(instance: Instance, found: BinsFound) -> None:
    """Check that every item is in a bin, and that no bin is too full.

    Raises
    ------
    AssertionError
        If the packing is not one.
    """
    if not np.array_equal(found.patterns.sum(axis=0), instance.demand):
        raise AssertionError(f"{instance.name}: not every item is packed once")
    if (found.patterns @ instance.sizes > instance.capacity).any() or (found.patterns < 0).any():
        raise AssertionError(f"{instance.name}: a bin is too full")


def main(arguments: Sequence[str] | None = None) -> None:
    """Pack the instances named on the command line and print a table."""
    given = parser("vector_packing", ABOUT, "Triplet/*", 60.0).parse_args(arguments)
    table = run(given.instances or None, given.seconds, given.seed, given.folder, _tell)
    print(table.to_string(index=False, float_format=lambda x: f"{x:.3f}"))
    print(summary(table))
    if given.save is not None:
        table.to_csv(given.save, index=False)


def summary(table: pd.DataFrame) -> str:
    """Return in a line how many packings are proven, and how they compare with what is known."""
    worse = int((table["bins"] > table["best_of_351"]).sum())
    better = int((table["bins"] < table["best_of_351"]).sum())
    return (
        f"{len(table)} instances: {int(table['proven'].sum())} proven optimal; "
        f"fewer bins than the best of 351 heuristics on {better}, more on {worse}"
    )


def _tell(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
