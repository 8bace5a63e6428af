"""Presets that name a workload source: what they make, and how a wrong file is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from schedlab.config.preset import load_preset
from schedlab.errors import InputError
from schedlab.registry import installed
from schedlab_workloads.ladder import Ladder
from schedlab_workloads.synthetic import Synthetic

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "workloads.md"


def of_other_sources() -> list[str]:
    registry = installed()
    return [name for name in registry.presets if registry.preset(name).source != "Synthetic"]


@pytest.mark.parametrize("name", of_other_sources())
def test_a_preset_makes_its_source_and_is_documented(name: str) -> None:
    preset = installed().preset(name)
    assert type(installed().make_workload(name, {})).__name__ == preset.source
    assert f"| `{name}` |" in DOCUMENT.read_text()


def test_arguments_go_over_those_of_the_preset() -> None:
    made = installed().make_workload("ladder-distinct", {"pods": 400})
    assert made == Ladder(pods=400, distinct=True)


def test_the_rungs_of_the_ladder_are_those_of_the_published_table() -> None:
    rungs = {
        "ladder": Ladder(nodes=5_000, pods=50_000, signatures=200, pools=8),
        "ladder-large": Ladder(nodes=10_000, pods=300_000),
        "ladder-distinct": Ladder(nodes=5_000, pods=150_000, distinct=True),
    }
    assert {name: installed().make_workload(name, {}) for name in rungs} == rungs


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('source = "Ladder"', "description"),
        ('source = "Ladder"\ndescription = "x"\nnodes = 3', "nodes"),
        ("source = ", "not valid TOML"),
    ],
)
def test_a_wrong_preset_is_told_with_its_file(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(InputError, match=rf"mine\.toml.*{message}"):
        load_preset("mine", file)


def test_a_preset_without_a_source_is_a_description_for_synthetic() -> None:
    assert installed().make_workload("small", {"pods": 30}) == Synthetic(preset="small", pods=30)
