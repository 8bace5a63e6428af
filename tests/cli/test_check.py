"""``schedlab check``: what it prints, and how it ends."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from schedlab.cli.main import main

TWO = """
from schedlab.api import *

class Fewest(ScorePlugin):
    locality = Locality.NODE
    most: int = 9
    def score(self, pod, nodes):
        return -nodes.pod_count

class Liar(ScorePlugin):
    locality = Locality.NODE
    def score(self, pod, nodes):
        return nodes.whole.pod_count.max(initial=0) - nodes.pod_count
"""


@pytest.fixture
def two(tmp_path: Path) -> str:
    file = tmp_path / "two_for_check.py"
    file.write_text(TWO)
    return str(file)


def run(monkeypatch: pytest.MonkeyPatch, *args: str) -> int:
    """Run ``schedlab check`` and return its exit code."""
    monkeypatch.setattr(sys, "argv", ["schedlab", "check", *args])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_an_installed_plugin_passes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "NodeName") == 0
    out = capsys.readouterr().out
    assert "NodeName (locality SPEC)" in out
    assert "fail" not in out


def test_every_class_of_a_file_is_checked_and_faults_say_how_to_mend(
    two: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, two) == 1
    out = capsys.readouterr().out
    assert "Fewest (locality NODE)" in out
    assert "reads: Liar.score: locality NODE reads nodes.whole.pod_count" in out
    assert "mend: declare Locality.CLUSTER" in out


def test_a_mistake_that_many_checks_meet_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "misspelt.py"
    file.write_text(TWO.split("class Liar")[0].replace("nodes.pod_count", "nodes.pods_count"))
    assert run(monkeypatch, str(file)) == 1
    out = capsys.readouterr().out
    assert out.count("has no attribute") == 1
    assert out.count("fail, as shape") > 10
    assert "mend:" not in out


def test_json_is_for_scripts(
    two: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, two, "--json", "--seed", "3") == 1
    found = json.loads(capsys.readouterr().out)
    assert found["seed"] == 3
    assert {s["name"]: s["ok"] for s in found["subjects"]} == {"Fewest": True, "Liar": False}
    liar = {c["check"]: c for c in found["subjects"][1]["checks"]}
    assert liar["reads"]["status"] == "fail"
    assert liar["shape"]["status"] == "pass"


def test_checks_are_chosen_by_name_or_tag(
    two: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    only = ("--only", "shape", "--only", "arguments")
    assert run(monkeypatch, "Liar", "--plugin", two, "--json", *only) == 0
    (liar,) = json.loads(capsys.readouterr().out)["subjects"]
    assert [c["check"] for c in liar["checks"]] == ["shape", "arguments", "pickle"]


def test_a_declared_failure_does_not_fail(
    two: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, "Liar", "--plugin", two, "--json")
    (liar,) = json.loads(capsys.readouterr().out)["subjects"]
    bad = [c["check"] for c in liar["checks"] if c["status"] == "fail"]
    declared = [word for name in bad for word in ("--expect", name)]
    assert run(monkeypatch, "Liar", "--plugin", two, *declared) == 0


def test_a_profile_is_checked_as_a_scheduler(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "kubernetes") == 0
    out = capsys.readouterr().out
    assert "kubernetes (scheduler)" in out
    assert "conservation" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("NodeNam",), "did you mean 'NodeName'"),
        (("no_such.py",), "no such plugin file"),
        (("NodeName", "--expect", "localty"), "did you mean 'locality'"),
        (("NodeName", "--only", "loclity"), "did you mean 'locality'"),
        (("NodeName", "--arg", "x"), "expected KEY=VALUE"),
        (("NodeName", "--arg", "x=1"), "x: unknown key (known: none)"),
    ],
)
def test_bad_input_is_one_clear_message(
    words: tuple[str, ...],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(monkeypatch, *words) == 2
    assert message in capsys.readouterr().err
