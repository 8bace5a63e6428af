"""``schedlab bound``: what nobody can place more than, before anybody has."""

from __future__ import annotations

from typing import Annotated

import typer


def bound(
    source: Annotated[
        str,
        typer.Argument(
            help="A workload's name (schedlab list workloads), a kubectl dump, manifests, or a "
            "folder of nodes.csv and pods.csv."
        ),
    ],
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Of a generated workload.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Tell how many pods anybody could place at most, by a certified bound.

    No scheduler runs: a linear relaxation of the workload says, in milliseconds, what every
    placement that keeps Kubernetes' rules is held to. The pods that run already stay.

    Examples:

    \b
    schedlab bound mixed
    schedlab bound ladder --seed 100
    schedlab bound dump.json --json
    """
    from schedlab.cli.bounding import tell_bound

    tell_bound(source, seed, as_json=json)
