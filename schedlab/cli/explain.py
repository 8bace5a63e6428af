"""``schedlab explain``: why a pod is where it is, or why it is nowhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def explain(
    source: Annotated[
        str,
        typer.Argument(
            help="A kubectl dump, manifests or a recorded scenario (files or a folder), or a "
            "workload's name (schedlab list workloads)."
        ),
    ],
    pod: Annotated[
        str | None,
        typer.Argument(
            help="namespace/name (or the name alone) of a pod in it, or the file of a new one "
            "[all waiting pods, in brief]."
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Who decides: a profile of schedlab list schedulers [kubernetes, or as a "
            "recorded scenario says].",
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A KubeSchedulerConfiguration to decide by, instead of --scheduler.",
        ),
    ] = None,
    profile: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="Which of its profiles, by schedulerName, if it has several."
        ),
    ] = "",
    plugin: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="A Python file with plugins; repeatable."),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, metavar="N", help="Of a generated workload and of random ties.")
    ] = 0,
    now: Annotated[
        bool,
        typer.Option("--now", help="As the cluster stands: schedule no other waiting pod before."),
    ] = False,
    json: Annotated[
        bool,
        typer.Option("--json", help="Print everything as JSON, nodes as numbers in their order."),
    ] = False,
) -> None:
    """Tell why a pod is on its node, or why it is pending and what would let it fit.

    Pods that are before it in the queue are scheduled first, so that the pod meets the
    cluster as at its turn. What would let a pending pod fit is verified by asking all
    filters again. Exit code: 0 explained (whatever the answer), 2 bad input.

    Examples:

    \b
    kubectl get nodes,pods,services,namespaces,rs,sts,rc,pdb,pc,pv,pvc,sc,csinodes,csidrivers,csistoragecapacities -A -o json > dump.json
    schedlab explain dump.json                          every pending pod, in brief
    schedlab explain dump.json default/web-0            one pod, in depth
    schedlab explain dump.json new-pod.yaml --now       would it fit?
    schedlab explain dump.json web-0 --config my-kube-scheduler.yaml
    schedlab explain mixed shop/web-291-0 --scheduler best-fit
    schedlab explain scenario.json.gz --json            the answer of kube-scheduler
    """  # noqa: E501 - to be copied as one line
    from schedlab.cli.explaining import Chosen, Question, tell

    chosen = Chosen(scheduler, config, profile, tuple(plugin or ()))
    tell(Question(source, pod, chosen, seed, now), json)
