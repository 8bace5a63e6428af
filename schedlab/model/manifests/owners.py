"""Which controllers have their pods in the input already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from schedlab.model.manifests.controllers import TEMPLATE_HASH
from schedlab.model.manifests.objects import Key, SourcedObject


def parents(objects: Iterable[SourcedObject]) -> set[Key]:
    """Return what owns something in the input: its children speak for themselves.

    A Deployment owns its pods through a ReplicaSet, a CronJob through a Job.  Where that
    is not in the input, its name tells the owner.
    """
    return {k for o in objects for owner in o.owners() for k in lineage(owner, o)}


def lineage(owner: Key, child: SourcedObject) -> Iterator[Key]:
    """Yield an owner of ``child`` and, as far as its name tells, the owner's own owner."""
    yield owner
    stem, _, last = owner.name.rpartition("-")
    labels = child.field["metadata"]["labels"]
    if owner.kind == "ReplicaSet" and last == labels[TEMPLATE_HASH].value:
        yield Key("Deployment", owner.namespace, stem)
    if owner.kind == "Job" and last.isdigit():
        yield Key("CronJob", owner.namespace, stem)
