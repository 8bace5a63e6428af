"""Mistakes of a plugin's author are told in one line: what, where, how to mend it."""

from __future__ import annotations

from pathlib import Path

import pytest

from schedlab.api import (
    Budget,
    Cluster,
    Configurable,
    DevicePlugin,
    FilterPlugin,
    Locality,
    Node,
    NodeView,
    Plugin,
    PodBatch,
    PodView,
    Scheduler,
    ScorePlugin,
    WorkloadSource,
)
from schedlab.errors import InputError
from schedlab.harness.trial import Status, TrialError, TrialResult
from schedlab.places import place_in, place_of
from schedlab.plugin_files import classes_in_file
from schedlab.registry import Registry, build
from schedlab.testing import check
from schedlab.testing.check import Finding


def write(folder: Path, *body: str) -> Path:
    file = folder / "mistaken.py"
    file.write_text("\n".join(("from schedlab.api import *", *body)) + "\n")
    return file


# -- resources -------------------------------------------------------------------------


def test_an_unknown_resource_is_refused_with_the_nearest_name() -> None:
    nodes = Cluster([Node("a", {"cpu": 1000, "memory": 1})]).view()
    assert nodes.allocatable[0, nodes.resource("cpu")] == 1000
    with pytest.raises(InputError, match=r"unknown resource 'cpus'; did you mean 'cpu'\?"):
        nodes.resource("cpus")


def test_an_optional_resource_is_asked_for_by_name() -> None:
    nodes = Cluster([Node("a", {"cpu": 1000, "example.com/x": 2})]).view()
    assert "example.com/x" in nodes.resources
    assert "example.com/y" not in nodes.resources


# -- classes ---------------------------------------------------------------------------


@pytest.mark.parametrize("base", ["ScorePlugin", "FilterPlugin", "DevicePlugin"])
def test_a_locality_that_is_none_is_refused_with_file_line_and_choices(
    tmp_path: Path, base: str
) -> None:
    file = write(tmp_path, f"class Named({base}):", '    locality = "node"')
    choices = "expected Locality.SPEC, Locality.NODE, Locality.CLUSTER"
    with pytest.raises(InputError) as refused:
        classes_in_file(file)
    assert str(refused.value) == f"{file}:2: Named.locality is 'node': {choices}"


def test_the_line_is_told_of_a_relative_path_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path, "class Named(ScorePlugin):", '    locality = "node"')
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"^mistaken\.py:2: "):
        classes_in_file(Path(file.name))


def test_an_init_of_its_own_is_refused() -> None:
    with pytest.raises(InputError, match=r"Own defines __init__.*annotated fields"):

        class Own(ScorePlugin):
            def __init__(self, weight: int) -> None:
                raise NotImplementedError


def test_a_missing_method_is_named_with_its_place_and_the_likely_typo(tmp_path: Path) -> None:
    file = write(tmp_path, "class Typo(ScorePlugin):", "    def scores(self, pod, nodes): ...")
    said = rf"^{file}:2: Typo has no method score\(pod, nodes\) \(is 'scores' meant to be it\?\)$"
    with pytest.raises(InputError, match=said):
        Registry([file])


def test_a_missing_method_of_an_installed_class_is_named_when_it_is_made() -> None:
    class Empty(FilterPlugin):
        locality = Locality.NODE

    with pytest.raises(InputError, match=r"test_plugin_mistakes.py:\d+: Empty has no method filt"):
        build(Empty, {})


def test_a_base_class_in_the_file_need_not_be_whole(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        "class Base(ScorePlugin):",
        "    locality = Locality.NODE",
        "class Derived(Base):",
        "    def score(self, pod, nodes):",
        "        return -nodes.pod_count",
    )
    assert [c.__name__ for c in classes_in_file(file)] == ["Derived"]


# -- what a check says -----------------------------------------------------------------


class Misspelt(ScorePlugin):
    locality = Locality.NODE

    def score(self, pod: PodView, nodes: NodeView):  # type: ignore[no-untyped-def]
        return nodes.freee  # type: ignore[attr-defined]


class Fractional(ScorePlugin):
    locality = Locality.NODE

    def score(self, pod: PodView, nodes: NodeView):  # type: ignore[no-untyped-def]
        return nodes.pod_count / 3


class FailsOnEmpty(ScorePlugin):
    locality = Locality.NODE

    def score(self, pod: PodView, nodes: NodeView):  # type: ignore[no-untyped-def]
        return nodes.pod_count - int(nodes.allocatable[0].min() < 0)


def faults(subject: Configurable) -> list[Finding]:
    return [f for f in check(subject) if f.bad]


class ListsDevices(DevicePlugin):
    def choose(self, pod: PodView, nodes: NodeView):  # type: ignore[no-untyped-def]
        return [1] * len(nodes)


class Placeless(Scheduler):
    def schedule(self, cluster: Cluster, pods: PodBatch, budget: Budget):  # type: ignore[no-untyped-def]
        return None


class Homeless(WorkloadSource):
    def build(self, seed: int):  # type: ignore[no-untyped-def]
        return None


@pytest.mark.parametrize(
    ("subject", "method", "said"),
    [
        (Placeless(), "schedule", "schedule returned NoneType"),
        (Homeless(), "build", "build returned NoneType"),
    ],
)
def test_a_wrong_form_is_placed_and_the_same_in_every_check(
    subject: Configurable, method: str, said: str
) -> None:
    found = faults(subject)
    line = getattr(type(subject), method).__code__.co_firstlineno
    assert len(found) > 1
    assert {f.message for f in found} == {f"{subject.name}.{said} ({__file__}:{line})"}
    assert len({f.mistake for f in found} - {""}) == 1


@pytest.mark.parametrize(
    ("plugin", "checks"), [(Misspelt(), 10), (Fractional(), 10), (ListsDevices(), 6)]
)
def test_one_mistake_is_the_same_in_every_check(plugin: Plugin, checks: int) -> None:
    found = faults(plugin)
    assert len(found) > checks
    (mistake,) = {f.mistake for f in found}
    assert f"{__file__}:" in mistake
    assert not any(f.mend for f in found)


def test_a_wrong_answer_is_placed_in_the_authors_file() -> None:
    line = Fractional.score.__code__.co_firstlineno
    for fault in faults(Fractional()):
        assert f"({__file__}:{line})" in fault.message
        assert "verdicts.py" not in fault.message


def test_what_some_clusters_bring_about_comes_with_advice() -> None:
    by_check = {f.check: f for f in faults(FailsOnEmpty())}
    assert "IndexError" in by_check["empty"].message
    assert "it must answer for any cluster" in by_check["empty"].mend


# -- what a trial says -----------------------------------------------------------------


def test_places_are_the_innermost_outside_schedlab(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        "class Iterates(ScorePlugin):",
        "    def score(self, pod, nodes):",
        "        return nodes.resource('no such one')",
    )
    (cls,) = classes_in_file(file)
    cluster = Cluster([Node("a", {"cpu": 1000})])
    with pytest.raises(InputError) as raised:
        build(cls, {}).score(None, cluster.view())  # type: ignore[attr-defined]
    assert place_of(raised.value) == f"{file}:4"


def test_a_failed_trial_tells_the_plugins_line() -> None:
    own = str(Path(place_of.__code__.co_filename))
    text = (
        "Traceback (most recent call last):\n"
        f'  File "{own}", line 7, in f\n    x\n'
        '  File "/home/me/mine.py", line 5, in score\n    y\n'
        f'  File "{own}", line 9, in g\n    z\n'
        "TypeError: no\n"
    )
    assert place_in(text) == "/home/me/mine.py:5"
    error = TrialError(type="TypeError", message="no", traceback=text)
    result = TrialResult(
        id="1", workload="w", scheduler="s", seed=0, status=Status.FAILED, error=error
    )
    assert result.reason == "TypeError: no (/home/me/mine.py:5)"
