"""``schedlab bench``: its options, its output and its exit code."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from schedlab.bench.cases import CASES
from schedlab.cli.main import main

TINY = ("--nodes", "6", "--pods", "12", "--reference-seconds", "0.01")


def run(monkeypatch: pytest.MonkeyPatch, *args: str) -> int:
    """Run ``schedlab bench`` and return its exit code."""
    monkeypatch.setattr(sys, "argv", ["schedlab", "bench", *args])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_the_table_names_every_path(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "--cases", "basic,host-port", *TINY) == 0
    out = capsys.readouterr().out
    for word in ("6 nodes", "host-port", "run", "incremental", "reference", "on the same node"):
        assert word in out


def test_json_has_pace_latency_and_ratio(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        run(monkeypatch, "--cases", "basic", "--paths", "incremental,reference", "--json", *TINY)
        == 0
    )
    data = json.loads(capsys.readouterr().out)
    (result,) = data["results"]
    assert (result["case"], result["nodes"], result["pods"]) == ("basic", 6, 12)
    assert list(result["paths"]) == ["incremental", "reference"]
    told = result["paths"]["incremental"]
    assert told["pods_per_second"] > 0
    assert told["p99_us"] >= told["p50_us"] > 0
    assert result["paths"]["reference"]["ratio"] == 1
    assert result["differences"] == []


def test_cases_are_listed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "--list", "--json") == 0
    assert [r["case"] for r in json.loads(capsys.readouterr().out)] == list(CASES)


def baseline(
    monkeypatch: pytest.MonkeyPatch, path: Path, reference_seconds: float
) -> dict[str, Any]:
    """Save a baseline of one case whose reference path took so long."""
    assert run(monkeypatch, "--cases", "basic", "--save", str(path), *TINY) == 0
    data: dict[str, Any] = json.loads(path.read_text())
    data["results"][0]["prefix_seconds"]["reference"] = reference_seconds
    path.write_text(json.dumps(data))
    return data


@pytest.mark.parametrize(("reference_seconds", "code"), [(1e6, 1), (1e-9, 0)])
def test_losing_against_the_baseline_ends_badly(
    reference_seconds: float,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "before.json"
    saved = baseline(monkeypatch, path, reference_seconds)
    assert f"saved {path}\n" in capsys.readouterr().out
    assert run(monkeypatch, "--cases", "basic", "--against", str(path), "--json", *TINY) == code
    now = json.loads(capsys.readouterr().out)
    assert now["results"][0]["prefix"] == saved["results"][0]["prefix"]
    assert {c["path"] for c in now["changes"]} == {"run", "incremental"}


def test_a_baseline_of_other_cases_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "before.json"
    baseline(monkeypatch, path, 1.0)
    assert run(monkeypatch, "--cases", "host-port", "--against", str(path), *TINY) == 2
    assert "has none of these cases" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--cases", "basik"), "did you mean 'basic'"),
        (("--paths", "slow"), "unknown decision path"),
        (("--nodes", "many"), "expected numbers"),
        (("--nodes", "0"), "expected 1 to"),
        (("--profile", "kubernets"), "did you mean 'kubernetes'"),
        (("--against", "none.json"), "cannot be read"),
    ],
)
def test_bad_input_is_one_clear_message(
    words: tuple[str, ...],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(monkeypatch, *words, *TINY[2:]) == 2
    assert message in capsys.readouterr().err
