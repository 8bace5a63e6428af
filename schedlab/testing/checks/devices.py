"""The check of device plugins: what is chosen is there and has room."""

from __future__ import annotations

from schedlab.api import Cluster, DevicePlugin
from schedlab.testing.ask import Exam, Question, questions
from schedlab.testing.builders import put
from schedlab.testing.check import Broken


def check_devices(plugin: DevicePlugin, exam: Exam) -> None:
    """Exactly the requested number of devices is chosen, each with room for its share."""
    for question in questions(plugin, exam):
        cluster = question.scene.cluster()
        for spec in question.scene.specs if question.method == "choose" else ():
            _check_choice(question, cluster)
            for row in range(len(cluster)):
                put(cluster, spec, row)


def _check_choice(question: Question, cluster: Cluster) -> None:
    request, rows, free = question.spec.gpu, question.shown(cluster), cluster.device_free
    if request is None or not len(rows):
        return
    for row, mask in zip(rows.tolist(), question.answer(rows, cluster).tolist(), strict=True):
        taken = [d for d in range(64) if mask >> d & 1]
        room = [d < free.shape[1] and free[row, d] >= request.milli for d in taken]
        if len(taken) != request.count or not all(room):
            raise Broken(
                f"{question.title} chose devices {taken} of {free[row].tolist()} free "
                f"thousandths for {request} {question.where}",
                "set one bit for each of request.count devices with request.milli free",
            )
