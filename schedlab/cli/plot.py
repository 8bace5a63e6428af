"""``schedlab plot``: the figures of a finished run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DPI = 130


def plot(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the PNGs go [RUN/figures].")
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            metavar="demand|gap", help="Only these figures [all that the run has data for]."
        ),
    ] = None,
) -> None:
    """Draw the figures of a run beyond its summary, and print the files.

    demand: allocation and fragmentation as demand arrives, for workloads with GPU devices; the
    figures of Beware of Fragmentation (ATC 2023), 7 and 9 for each workload, 11 to 14 where the
    run has several workloads of a family. gap: how far below the certified bound each
    scheduler's value was, by time.

    Examples:

    \b
    schedlab plot runs/fgd
    schedlab plot runs/ladder --kind gap --out figures
    """
    from schedlab.harness.run import load_run
    from schedlab.plot.kinds import figures

    folder = out or run / "figures"
    drawn = figures(load_run(run), kind)
    folder.mkdir(parents=True, exist_ok=True)
    for stem, figure in drawn.items():
        path = folder / f"{stem}.png"
        figure.savefig(path, dpi=DPI)
        print(path)
