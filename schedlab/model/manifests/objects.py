"""A Kubernetes object as read, and where it came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from schedlab.model.manifests.fields import Field

Manifest = dict[str, Any]


class Key(NamedTuple):
    """What names an object within a cluster, its API group aside."""

    kind: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class SourcedObject:
    """A Kubernetes object and its source.

    ``where`` reads like ``file.yaml: document 2: items[3] (Pod default/web-0)``.
    """

    manifest: Manifest
    where: str

    @property
    def field(self) -> Field:
        """The object as a field, from which errors get their path."""
        return Field(self.manifest, self.where)

    @property
    def kind(self) -> str:
        """The kind, with the API group where another has the name of one that is read."""
        return kind_name(self.manifest["kind"], self.manifest["apiVersion"])

    @property
    def key(self) -> Key:
        """The object's kind, namespace and name."""
        metadata = self.field["metadata"]
        return Key(self.kind, namespace_of(metadata), metadata["name"].text())

    def owners(self) -> Iterator[Key]:
        """Yield the keys of the objects that own this one."""
        metadata = self.field["metadata"]
        for owner in metadata["ownerReferences"].items():
            kind = kind_name(owner["kind"].text(), owner["apiVersion"].text())
            yield Key(kind, namespace_of(metadata), owner["name"].text())


GROUPS = {
    "Node": {""},
    "Pod": {""},
    "Service": {""},
    "Namespace": {""},
    "ReplicationController": {""},
    "Deployment": {"apps", "extensions"},
    "ReplicaSet": {"apps", "extensions"},
    "DaemonSet": {"apps", "extensions"},
    "StatefulSet": {"apps"},
    "Job": {"batch"},
    "CronJob": {"batch"},
    "PriorityClass": {"scheduling.k8s.io"},
    "PersistentVolume": {""},
    "PersistentVolumeClaim": {""},
    "StorageClass": {"storage.k8s.io"},
    "CSINode": {"storage.k8s.io"},
    "CSIDriver": {"storage.k8s.io"},
    "CSIStorageCapacity": {"storage.k8s.io"},
    "PodDisruptionBudget": {"policy"},
    "Workload": {"scheduling.k8s.io"},
}
"""The API groups of the kinds that are read; others use some of these names too."""


def kind_name(kind: str, api_version: str) -> str:
    """Return the kind, with its API group if that is not the one we know."""
    group = api_version.rpartition("/")[0]
    return kind if group in GROUPS.get(kind, {group}) else f"{kind}.{group}"


def namespace_of(metadata: Field) -> str:
    """Return the namespace of an object's metadata; none is ``default``."""
    return metadata["namespace"].text("") or "default"


def describe(manifest: Manifest) -> str:
    """Return ``Pod default/web-0`` as far as a (perhaps malformed) object says so."""
    metadata = manifest.get("metadata")
    named = metadata if isinstance(metadata, dict) else {}
    name = "/".join(str(named[k]) for k in ("namespace", "name") if named.get(k))
    return f"{manifest.get('kind', 'object')} {name}".strip()
