"""Services and controllers, as far as system default spreading reads them."""

from __future__ import annotations

from schedlab.model.manifests.fields import Field
from schedlab.model.manifests.objects import SourcedObject
from schedlab.model.manifests.selectors import label_selector
from schedlab.model.objects import LabelSelector, Service

SELECTING = frozenset(
    {"Service", "ReplicationController", "ReplicaSet", "StatefulSet", "Deployment"}
)


def service(obj: SourcedObject) -> Service | None:
    """Return a Service, ReplicationController, ReplicaSet or StatefulSet by its selector.

    A Deployment stands for its ReplicaSet.  None if it selects nothing: a Service
    without a selector matches no pod (scheduler/framework/plugins/helper/spread.go), and
    a controller that is scaled to nothing owns none.
    """
    spec = obj.field["spec"]
    if spec["replicas"].value == 0:
        return None
    selector = _selector(obj.kind, spec)
    if selector is None or not selector.requirements:
        return None
    return Service(obj.key.namespace, obj.key.name, selector)


def _selector(kind: str, spec: Field) -> LabelSelector | None:
    if kind not in ("Service", "ReplicationController"):
        return label_selector(spec["selector"])
    labels = spec["selector"].strings()
    if kind == "ReplicationController" and not labels:
        labels = spec["template"]["metadata"]["labels"].strings()
    return LabelSelector.of(labels)
