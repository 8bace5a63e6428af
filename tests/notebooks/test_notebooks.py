"""The notebooks run from top to bottom and show what they promise."""

from __future__ import annotations

from pathlib import Path

import jupytext
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "benchmarks" / "notebooks"


@pytest.mark.timeout(120)
def test_compare_schedulers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    notebook = jupytext.read(FOLDER / "compare_schedulers.py")
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=60, kernel_name="python3", resources=resources).execute()
    code = [c for c in notebook.cells if c.cell_type == "code"]
    shown = [o.get("data", {}) for c in code for o in c.outputs]
    assert all(c.outputs for c in code[1:]), "a cell after the run shows nothing"
    assert sum("image/png" in data for data in shown) == 6
    assert sum("<table" in data.get("text/html", "") for data in shown) == 5
    assert "kubernetes" in code[1].outputs[0].data["text/plain"]
    assert (next(tmp_path.glob("*/smoke")) / "summary.json").is_file()
