"""Kubernetes manifests and ``kubectl get`` dumps as workloads, read exactly."""

from schedlab.model.manifests.dump import DUMP_COMMAND
from schedlab.model.manifests.load import load_manifests, workload_from_objects
from schedlab.model.manifests.nodes import node_from_manifest
from schedlab.model.manifests.objects import SourcedObject
from schedlab.model.manifests.pods import pod_from_manifest
from schedlab.model.manifests.priority import PriorityClass
from schedlab.model.manifests.reading import read_objects
from schedlab.model.manifests.services import service

__all__ = [
    "DUMP_COMMAND",
    "PriorityClass",
    "SourcedObject",
    "load_manifests",
    "node_from_manifest",
    "pod_from_manifest",
    "read_objects",
    "service",
    "workload_from_objects",
]
