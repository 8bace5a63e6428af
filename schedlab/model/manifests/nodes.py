"""Node objects."""

from __future__ import annotations

from schedlab.model.manifests.fields import Field
from schedlab.model.manifests.gpu import COUNT, MILLI, gpu_devices
from schedlab.model.manifests.objects import Manifest, describe
from schedlab.model.manifests.resources import amounts
from schedlab.model.manifests.scheduling import EFFECTS
from schedlab.model.objects import PODS, Node, Taint
from schedlab.model.quantity import MAX_INT64


def node_from_manifest(manifest: Manifest, where: str = "") -> Node:
    """Return the node that a Kubernetes Node object describes.

    ``allocatable`` falls back to ``capacity``; resources of which there is none are left
    out, except ``pods``.  ``where`` begins every error message.

    Raises
    ------
    InputError
        If a field is malformed, with its path.
    """
    node = Field(manifest, where or describe({"kind": "Node", **manifest}))
    metadata, spec = node["metadata"], node["spec"]
    allocatable = _allocatable(node["status"])
    gpus = gpu_devices(node, allocatable.pop(COUNT, 0))
    allocatable.pop(MILLI, None)  # of one device or of all: writers differ, the count decides
    return Node(
        name=metadata["name"].text(),
        allocatable=allocatable,
        labels=metadata["labels"].strings(),
        taints=tuple(_taint(t) for t in spec["taints"].items()),
        unschedulable=spec["unschedulable"].flag(),
        images=_images(node["status"]),
        gpus=gpus,
    )


def _allocatable(status: Field) -> dict[str, int]:
    place = status["allocatable"] if status["allocatable"].present else status["capacity"]
    if not place.present:
        raise status["allocatable"].expected("what the node offers, such as cpu, memory and pods")
    return {r: a for r, a in amounts(place.quantities(), place).items() if a or r == PODS}


def _taint(field: Field) -> Taint:
    effect = field["effect"].choice(EFFECTS)
    return Taint(field["key"].text(), field["value"].text(""), effect)


def _images(status: Field) -> dict[str, int]:
    """Return every name of every image with its size; the first size of a name counts."""
    sizes: dict[str, int] = {}
    for image in status["images"].items():
        size = image["sizeBytes"].integer(0, high=MAX_INT64)
        for name in image["names"].texts():
            sizes.setdefault(name, size)
    return sizes
