"""Workloads from Kubernetes manifests and ``kubectl get`` dumps."""

from __future__ import annotations

from pathlib import Path

from schedlab.api import Workload, WorkloadSource
from schedlab.model.manifests import load_manifests

SAMPLE = Path(__file__).parent / "data" / "shop.yaml"
"""A small cluster with one of each kind of object that matters, to try things on."""


class Manifests(WorkloadSource):
    """Kubernetes objects from YAML or JSON files and folders, as they stand.

    ``paths`` are read in order; the seed changes nothing.  A dump of a cluster is made
    by

    ``kubectl get nodes,pods,services,namespaces,rs,sts,rc,pdb,pc,pv,pvc,sc,csinodes,csidrivers,csistoragecapacities -A -o json``
    """  # noqa: E501 - to be copied as one line

    paths: tuple[Path, ...]

    def build(self, seed: int) -> Workload:
        """Return the workload; raise InputError if the files do not describe one."""
        del seed
        return load_manifests(self.paths)
