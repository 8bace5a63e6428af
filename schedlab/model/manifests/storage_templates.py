"""Claims that controllers would make of the claim templates of pods and StatefulSets."""

from __future__ import annotations

from collections.abc import Iterator

from schedlab.model.manifests.fields import Field
from schedlab.model.manifests.objects import SourcedObject
from schedlab.model.manifests.storage import persistent_volume_claim
from schedlab.model.manifests.storage_pods import ephemeral_claim
from schedlab.model.storage import PersistentVolumeClaim


def stateful_claim(template: str, pod: str) -> str:
    """Return the name of a StatefulSet's claim for one of its pods."""
    return f"{template}-{pod}"


def template_claims(
    obj: SourcedObject, pod_name: str, default_class: str
) -> Iterator[PersistentVolumeClaim]:
    """Yield the claims that will be made for a pod that has not been created yet.

    ``obj`` is the pod itself or what it is stamped out of.  A pod with a uid has been
    created: if its claims are missing, it waits for them.
    """
    if obj.field["metadata"]["uid"].present and obj.kind == "Pod":
        return
    namespace, _, pod = pod_name.rpartition("/")
    for name, template in _templates(obj, pod):
        made = {**template.value, "metadata": {"name": name, "namespace": namespace}}
        yield persistent_volume_claim(template.replaced(made), default_class)


def _templates(obj: SourcedObject, pod: str) -> Iterator[tuple[str, Field]]:
    """Yield the name of each claim and its template."""
    spec = obj.field["spec"]
    for template in spec["volumeClaimTemplates"].items():
        yield stateful_claim(template["metadata"]["name"].text(), pod), template
    for volume in _pod_spec(obj)["volumes"].items():
        template = volume["ephemeral"]["volumeClaimTemplate"]
        if template.present:
            yield ephemeral_claim(pod, volume), template


def _pod_spec(obj: SourcedObject) -> Field:
    spec = obj.field["spec"]
    if obj.kind == "Pod":
        return spec
    job = spec["jobTemplate"]["spec"] if obj.kind == "CronJob" else spec
    return job["template"]["spec"]
