"""How to get all that is read out of a cluster, and what a dump lacks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from schedlab.model.manifests.objects import SourcedObject
from schedlab.model.manifests.owners import lineage

DUMP_COMMAND = (
    "kubectl get nodes,pods,services,namespaces,rs,sts,rc,pdb,pc,pv,pvc,sc,"
    "csinodes,csidrivers,csistoragecapacities -A -o json"
)
"""Lists every kind that matters for the pods of a running cluster."""

SPREADING_OWNERS = ("ReplicaSet", "StatefulSet", "ReplicationController")
"""The owners whose selectors default spreading reads."""


def owners_missing(objects: Sequence[SourcedObject]) -> Counter[str]:
    """Count the pods whose owner default spreading would read and the input lacks, by kind.

    A Deployment stands for its ReplicaSet.
    """
    there = {o.key for o in objects if o.kind != "Pod"}
    missing = (
        owner.kind
        for pod in objects
        if pod.kind == "Pod"
        for owner in pod.owners()
        if owner.kind in SPREADING_OWNERS and there.isdisjoint(lineage(owner, pod))
    )
    return Counter(f"{kind} of a pod (not in the input)" for kind in missing)
