"""Fractional GPUs as Alibaba's open simulator and the openb trace write them.

A pod's annotations ``alibabacloud.com/gpu-milli`` (thousandths on each device),
``gpu-count`` and ``gpu-card-model`` (``V100M16|V100M32``); a node's allocatable
``alibabacloud.com/gpu-count`` and its label ``gpu-card-model``.
"""

from __future__ import annotations

from schedlab.model.manifests.fields import Field
from schedlab.model.objects import GpuDevices, GpuRequest

COUNT = "alibabacloud.com/gpu-count"
MILLI = "alibabacloud.com/gpu-milli"
MODEL = "alibabacloud.com/gpu-card-model"
WHOLE_DEVICE = 1000
MAX_DEVICES = 62
"""Devices of a node are bits of a signed 64-bit integer."""


def gpu_request(metadata: Field) -> GpuRequest | None:
    """Return the GPUs that a pod's annotations ask for, None if they ask for none."""
    annotations = metadata["annotations"]
    if not (annotations[COUNT].present or annotations[MILLI].present):
        return None
    count = _whole_number(annotations[COUNT], 1, MAX_DEVICES)
    milli = _whole_number(annotations[MILLI], WHOLE_DEVICE, WHOLE_DEVICE)
    if not count or not milli:
        return None
    models = annotations[MODEL].text("").split("|")
    return GpuRequest(count, milli, tuple(sorted({m.strip() for m in models} - {""})))


def gpu_devices(node: Field, count: int) -> GpuDevices | None:
    """Return a node's ``count`` devices with the model of its label, None if it has none."""
    if count > MAX_DEVICES:
        raise node.error(f"{COUNT}: {count} devices, expected at most {MAX_DEVICES}")
    model = node["metadata"]["labels"][MODEL].text("")
    return GpuDevices(count, model) if count else None


def _whole_number(field: Field, default: int, high: int) -> int:
    text = field.text(str(default)).strip()
    if not text.isascii() or not text.isdigit() or int(text) > high:
        raise field.expected(f"a whole number from 0 to {high}, in quotes")
    return int(text)
