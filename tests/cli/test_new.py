"""``schedlab new`` writes a plugin or scheduler that works and a test that can fail."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from schedlab.cli.new_plugin import module_name
from tests.cli.conftest import Cli


def run_pytest(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("words", "name", "file", "broken"),
    [
        (["plugin", "--kind=score"], "PackTight", "pack_tight", ("-percent_left", "percent_left")),
        (["plugin", "--kind=filter"], "KeepRoom", "keep_room", ("100 * after", "90 * after")),
        (
            ["plugin", "--kind=device"],
            "FullestGpu",
            "fullest_gpu",
            ("free >= milli", "free > milli"),
        ),
        (["scheduler"], "LargestFirst", "largest_first", ("argsort(-", "argsort(")),
    ],
    ids=["score", "filter", "device", "scheduler"],
)
def test_what_is_new_works(
    cli: Cli, tmp_path: Path, words: list[str], name: str, file: str, broken: tuple[str, str]
) -> None:
    done = cli("new", *words, name, "--dir", "mine")
    assert done.code == 0, done.err
    plugin = tmp_path / "mine" / f"{file}.py"
    check, test = f"schedlab check mine/{file}.py", f"python -m pytest mine/test_{file}.py"
    assert 0 < done.out.index(check) < done.out.index("pip install pytest") < done.out.index(test)
    assert f"schedlab run smoke --plugin mine/{file}.py" in done.out

    good = run_pytest(tmp_path / "mine")
    assert good.returncode == 0, good.stdout
    passed = re.search(r"(\d+) passed", good.stdout)
    assert passed is not None
    assert int(passed[1]) >= 10, "three of its own, and one for each check of its contract"

    options = ["--seeds", "0", "--schedulers", "random", "--out", "run"]
    ranked = cli("run", "smoke", "--plugin", f"mine/{file}.py", *options)
    assert ranked.code == 0, ranked.err
    assert name in ranked.out

    plugin.write_text(plugin.read_text().replace(*broken))
    assert run_pytest(tmp_path / "mine").returncode == 1

    again = cli("new", *words, name, "--dir", "mine")
    assert again.code == 2
    assert f"mine/{file}.py exists" in again.err


@pytest.mark.parametrize("name", ["my-score", "myScore", "class", "9Lives", "../Up"])
def test_what_cannot_name_a_class_is_refused(cli: Cli, tmp_path: Path, name: str) -> None:
    done = cli("new", "plugin", name)
    assert done.code == 2
    assert "cannot name a class: write it like MyScore" in done.err
    assert list(tmp_path.iterdir()) == []


def test_an_installed_name_is_refused(cli: Cli) -> None:
    assert "NodeName is installed already" in cli("new", "plugin", "NodeName").err


@pytest.mark.parametrize(
    ("name", "file"),
    [("MyScore", "my_score"), ("GPUFit", "gpu_fit"), ("Fgd2", "fgd2"), ("A", "a")],
)
def test_files_are_named_after_classes(name: str, file: str) -> None:
    assert module_name(name) == file
