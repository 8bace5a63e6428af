"""``schedlab plot``: the figures of a finished run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def plot(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the PNGs go [RUN/figures].")
    ] = None,
) -> None:
    """Draw allocation and fragmentation as demand arrives (for workloads with GPU devices).

    The figures of Beware of Fragmentation (ATC 2023): 7 and 9 for each workload, 11 to 14
    where the run has several workloads of a family. Prints the files.

    Examples:

    \b
    schedlab plot runs/fgd
    schedlab plot runs/fgd --out figures
    """
    from schedlab.harness.run import load_run
    from schedlab.plot.fgd import figures

    folder = out or run / "figures"
    drawn = figures(load_run(run).table("curves"))
    folder.mkdir(parents=True, exist_ok=True)
    for stem, figure in drawn.items():
        path = folder / f"{stem}.png"
        figure.savefig(path, dpi=150)
        print(path)
