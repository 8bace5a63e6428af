"""Checks of the declared locality: what an answer may depend on, and what the engine may keep."""

from __future__ import annotations

from collections.abc import Iterator

from schedlab.api import Cluster, Locality, Plugin
from schedlab.places import place_of
from schedlab.testing.ask import Exam, Question, ask, differing, questions
from schedlab.testing.builders import put
from schedlab.testing.check import Broken
from schedlab.testing.guard import BeyondLocalityError, GuardedView
from schedlab.testing.random_objects import Draw
from schedlab.testing.scene import Placed, Scene, random_placed

PILE = 4
"""Pods put on a node to fill it up."""


def check_reads(plugin: Plugin, exam: Exam) -> None:
    """Only columns that the declared locality covers are read."""
    for question in _kept(plugin, exam):
        view = GuardedView(question.cluster, question.shown(), plugin.locality)
        try:
            ask(plugin, question.method, question.pod, view)
        except BeyondLocalityError as error:
            raise Broken(
                f"{question.title}: {error} {question.where}",
                f"declare Locality.{_wider(plugin.locality, error)}, or do without it; NODE "
                "plugins sum over a node's own pods with nodes.sum_placed(key, weigh)",
                place_of(error),
            ) from error


def _kept(plugin: Plugin, exam: Exam) -> Iterator[Question]:
    """Yield the questions whose answers the engine keeps: devices are chosen anew each time."""
    return (q for q in questions(plugin, exam) if q.method != "choose")


def _wider(declared: Locality, error: BeyondLocalityError) -> str:
    alone = declared is Locality.SPEC and "whole" not in str(error) and "()" not in str(error)
    return "NODE" if alone else "CLUSTER"


def check_locality(plugin: Plugin, exam: Exam) -> None:
    """Pods placed elsewhere (SPEC: anywhere) leave the answer as it is."""
    draw = Draw(exam.generator())
    for question in _kept(plugin, exam):
        if plugin.locality is Locality.SPEC:
            for scene in _reloaded(question.scene, draw, kept=None):
                _compare(question, question.cluster, scene, None)
        else:
            row = draw.below(len(question.scene.nodes))
            for scene in _reloaded(question.scene, draw, kept=row):
                _compare(question, question.cluster, scene, row)


def _reloaded(scene: Scene, draw: Draw, *, kept: int | None) -> Iterator[Scene]:
    """Yield the scene with other pods: none, many, and random ones; those on ``kept`` stay."""
    own = tuple((s, r) for s, r in scene.placed if r == kept)
    size = len(scene.nodes)
    pile = tuple((draw.one(scene.specs), draw.below(size)) for _ in range(PILE * size))
    for others in ((), pile, random_placed(draw, scene.specs, size)):
        yield scene.holding((*own, *((s, r) for s, r in others if r != kept)))


def _compare(question: Question, cluster: Cluster, scene: Scene, row: int | None) -> None:
    before, after = question.by_node(cluster), question.by_node(scene.cluster())
    if row is not None:
        name = scene.nodes[row].name
        before, after = ({name: a[name]} if name in a else {} for a in (before, after))
    if before != after:
        raise Broken(_dishonest(question, differing(before, after)), _mend(question.plugin))


def _dishonest(question: Question, difference: str) -> str:
    spec = question.plugin.locality is Locality.SPEC
    moved = "pods were placed or removed" if spec else "only pods on other nodes changed"
    return f"{question.title} answered differently when {moved} {question.where}: {difference}"


def _mend(plugin: Plugin) -> str:
    if plugin.locality is Locality.SPEC:
        return "declare Locality.NODE if it reads its own node's pods, else Locality.CLUSTER"
    return "declare Locality.CLUSTER, or read each node's own row only"


def check_fresh(plugin: Plugin, exam: Exam) -> None:
    """After pods come and go, the answer is that of a cluster which was built so."""
    draw = Draw(exam.generator())
    for question in questions(plugin, exam):
        cluster = question.scene.cluster()
        question.by_node(cluster)
        changed = question.scene.holding(_change(cluster, question.scene, draw))
        live, built = question.by_node(cluster), question.by_node(changed.cluster())
        if live != built:
            raise Broken(
                f"{question.title} answers out of date after pods came and went {question.where}: "
                f"{differing(built, live)}",
                "keep in pod.memo(…) and nodes.derive(…) only what depends on specs; fold "
                "nodes.changes(since) into tables, with their sign; key sum_placed() by all that "
                "its weigh function depends on",
            )


def _change(cluster: Cluster, scene: Scene, draw: Draw) -> Placed:
    """Remove some pods and place others; return what is there now."""
    stays = []
    for spec, row in scene.placed:
        if spec.gpu is None and draw.chance(40):
            cluster.remove(cluster.signature(spec), row)
        else:
            stays.append((spec, row))
    for spec, row in (*random_placed(draw, scene.specs, len(scene.nodes)), (scene.specs[0], 0)):
        put(cluster, spec, row)
        stays.append((spec, row))
    return tuple(stays)
