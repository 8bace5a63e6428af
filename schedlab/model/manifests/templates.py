"""Pods stamped out of a controller's pod template."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping

from schedlab.model.manifests.fields import Field
from schedlab.model.manifests.pods import pod_spec
from schedlab.model.manifests.priority import Classes
from schedlab.model.objects import PodSpec

NamedPod = tuple[str, PodSpec, str]
"""``namespace/name``, the spec, and the node the pod is bound to ("" if none)."""

Labels = Mapping[str, str]


def stamp(
    template: Field, namespace: str, named: Iterable[tuple[str, Labels]], classes: Classes
) -> list[NamedPod]:
    """Return a pod for each ``(name, labels added to the template's)``."""
    node = template["spec"]["nodeName"].text("")
    of_one_pod = any(v["ephemeral"].present for v in template["spec"]["volumes"].items())
    made: dict[tuple[tuple[tuple[str, str], ...], str], PodSpec] = {}
    pods = []
    for name, labels in named:
        key = tuple(labels.items()), name if of_one_pod else ""
        if key not in made:
            made[key] = pod_spec(_labelled(template, namespace, name, labels), classes)
        pods.append((f"{namespace}/{name}", made[key], node))
    return pods


def template_hash(template: Field) -> str:
    """Return a short name for a template's content (the API server's own differs)."""
    content = json.dumps(template.value, sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()[:10]


def _labelled(template: Field, namespace: str, name: str, labels: Labels) -> Field:
    if not template.present:
        raise template.expected("a pod template")
    metadata = template["metadata"]
    merged = {**metadata["labels"].strings(), **labels}
    known = {"namespace": namespace, "name": name, "labels": merged}
    return template.replaced({**template.value, "metadata": {**(metadata.value or {}), **known}})
