"""No plugin of somebody else's decides by a locality that it does not keep."""

from __future__ import annotations

from pathlib import Path

import pytest

from schedlab.api import (
    FilterPlugin,
    Locality,
    NodeView,
    PodView,
    Verdict,
)
from schedlab.errors import InputError
from schedlab.registry import Registry, installed
from schedlab.testing.vetting import vet

LIAR = """
from schedlab.api import *

class FarFromMost(ScorePlugin):
    "Claims to look at one node only."
    locality = Locality.{locality}

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        return nodes.whole.pod_count.max(initial=0) - nodes.pod_count
"""


class HalfFull(FilterPlugin):
    locality = Locality.NODE

    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        return 2 * nodes.pod_count < nodes.allowed_pods


class RestsTooSoon(HalfFull):
    locality = Locality.CLUSTER

    def skips_cycle(self, pod: PodView, nodes: NodeView) -> bool:
        return True


def liar(tmp_path: Path, locality: str) -> Registry:
    file = tmp_path / f"liar_{locality.lower()}.py"
    file.write_text(LIAR.format(locality=locality))
    return Registry([file])


def test_a_plugin_file_that_breaks_its_locality_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"(?s)FarFromMost \(locality NODE\) does not keep.*mend: declare"
    ):
        liar(tmp_path, "NODE").make_scheduler("FarFromMost", {})


def test_the_same_plugin_runs_when_it_declares_cluster(tmp_path: Path) -> None:
    assert liar(tmp_path, "CLUSTER").make_scheduler("FarFromMost", {}).name == "FarFromMost"


def test_a_wrong_shortcut_is_refused_whatever_the_locality() -> None:
    with pytest.raises(InputError, match=r"RestsTooSoon \(locality CLUSTER\).*check cycle"):
        vet(RestsTooSoon())


def test_an_honest_plugin_is_vetted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(HalfFull, "filter", _counting(HalfFull.filter, asked))
    vet(HalfFull())
    first = len(asked)
    vet(HalfFull())
    assert first > 0
    assert len(asked) == first


def _counting(method, calls):  # type: ignore[no-untyped-def]
    def counted(self, *args):  # type: ignore[no-untyped-def]
        calls.append(1)
        return method(self, *args)

    return counted


def test_built_ins_are_not_vetted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = installed().make_plugin("NodeResourcesFit", {})
    monkeypatch.setattr(type(plugin), "filter", lambda *_: pytest.fail("was asked"))
    vet(plugin)


def test_a_plain_mistake_is_not_told_as_a_broken_promise(tmp_path: Path) -> None:
    file = tmp_path / "misspelt.py"
    file.write_text(LIAR.format(locality="NODE").replace("pod_count", "pods_count"))
    with pytest.raises(InputError) as refused:
        Registry([file]).make_scheduler("FarFromMost", {})
    assert "FarFromMost cannot be run: raised AttributeError: " in str(refused.value)
    assert f"({file}:9)" in str(refused.value)
    assert "mend" not in str(refused.value)
