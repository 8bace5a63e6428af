"""The wheel works by itself: built from the checkout, installed in a clean venv, run."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"schedlab", "schedlab_algorithms", "schedlab_benchmarks", "schedlab_workloads"}


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        [str(c) for c in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


def test_it_holds_our_packages_and_nothing_generic(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    top = {n.partition("/")[0] for n in names if ".dist-info/" not in n}
    assert top == PACKAGES
    assert "schedlab/py.typed" in names
    assert any(n.endswith("suites/quickstart.toml") for n in names)


@pytest.mark.slow
def test_it_runs_in_a_clean_venv(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    run(python, "-m", "pip", "install", "-q", wheel, cwd=tmp_path)
    schedlab = tmp_path / "venv" / "bin" / "schedlab"
    assert "quickstart" in run(schedlab, "list", "suites", cwd=tmp_path)
    run(schedlab, "run", "smoke", "--out", tmp_path / "smoke", cwd=tmp_path)
    assert (tmp_path / "smoke" / "summary.png").exists()
