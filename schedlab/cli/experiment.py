"""``schedlab experiment``: published instances that are no cluster of pods."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def experiment(
    name: Annotated[
        str | None, typer.Argument(help="Which one; without a name: list what there is.")
    ] = None,
    instances: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="Only these instances [a selection that ends soon]."),
    ] = None,
    seconds: Annotated[
        float, typer.Option(metavar="S", min=0.1, help="Processor time for each instance.")
    ] = 60.0,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Decides every random choice.")] = 0,
    folder: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Where the instances are, or the folder above [SCHEDLAB_PACKING]."
        ),
    ] = None,
    save: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the table as CSV, too.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Run a solver on published instances and compare with the best values known.

    Every answer is verified independently of the solver.

    Examples:

    \b
    schedlab experiment
    schedlab experiment vector-packing --folder instances/vbp
    schedlab experiment machine-reassignment --instances a1_1,a1_3 --seconds 30 --json
    """
    from schedlab.cli.experimenting import list_experiments, run_experiment

    if name is None:
        list_experiments(as_json=json)
    else:
        chosen = None if instances is None else [i.strip() for i in instances.split(",")]
        run_experiment(name, chosen, seconds, seed, folder, save, as_json=json)
