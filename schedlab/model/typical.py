"""Typical pods: the most frequent kinds of a population, by which fragmentation is measured.

After Weng et al., *Beware of Fragmentation: Scheduling GPU-Sharing Workloads with
Fragmentation Gradient Descent* (USENIX ATC 2023).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from schedlab.model.objects import CPU, GpuRequest, PodBatch

TYPICAL_SHARE = 0.95
"""The typical pods are the most frequent kinds that make up this share of all pods."""

NO_GPU = GpuRequest(0, 0)


@dataclass(frozen=True, slots=True)
class PodKind:
    """Pods alike in cpu (milli-cores) and GPU request; ``count`` of them were seen.

    Memory tells no kinds apart.
    """

    cpu: int
    gpu: GpuRequest
    count: int


def pod_kinds(pods: PodBatch) -> list[PodKind]:
    """Return every kind, the most frequent first.

    Ties: more cpu, then thousandths, then devices first, then models in the order of text.
    """
    often = np.bincount(pods.signature, minlength=len(pods.specs)).tolist()
    count: Counter[tuple[int, GpuRequest]] = Counter()
    for spec, times in zip(pods.specs, often, strict=True):
        count[spec.request(CPU), spec.gpu or NO_GPU] += times
    kinds = [PodKind(cpu, gpu, times) for (cpu, gpu), times in count.items()]
    return sorted(kinds, key=_rank)


def typical_kinds(pods: PodBatch, share: float = TYPICAL_SHARE) -> list[PodKind]:
    """Return the shortest prefix of :func:`pod_kinds` that holds ``share`` of the pods."""
    kinds = pod_kinds(pods)
    reached = np.cumsum([k.count for k in kinds])
    return kinds[: int(np.searchsorted(reached, share * len(pods))) + 1]


def _rank(kind: PodKind) -> tuple[int, int, int, int, str]:
    gpu = kind.gpu
    return -kind.count, -kind.cpu, -gpu.milli, -gpu.count, "|".join(gpu.models)
