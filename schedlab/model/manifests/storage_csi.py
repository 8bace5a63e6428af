"""CSINodes, CSIDrivers and CSIStorageCapacities."""

from __future__ import annotations

from schedlab.model.manifests.fields import Field
from schedlab.model.manifests.selectors import label_selector
from schedlab.model.manifests.storage import quantity
from schedlab.model.storage import CSIDriver, CSINode, CSIStorageCapacity


def csi_node(field: Field) -> CSINode:
    """Return a CSINode; a driver that states no count takes any number of volumes."""
    counts = (
        (d["name"].text(), d["allocatable"]["count"]) for d in field["spec"]["drivers"].items()
    )
    limits = {name: count.integer() for name, count in counts if count.present}
    return CSINode(field["metadata"]["name"].text(), limits)


def csi_driver(field: Field) -> CSIDriver:
    """Return a CSIDriver."""
    return CSIDriver(field["metadata"]["name"].text(), field["spec"]["storageCapacity"].flag())


def csi_storage_capacity(field: Field) -> CSIStorageCapacity:
    """Return a CSIStorageCapacity; the largest volume, where stated, is the limit."""
    largest, left = quantity(field["maximumVolumeSize"]), quantity(field["capacity"])
    return CSIStorageCapacity(
        storage_class=field["storageClassName"].text(),
        node_topology=label_selector(field["nodeTopology"]),
        limit=left if largest is None else largest,
    )
