"""``schedlab experiment`` lists, runs and refuses, for people and for scripts."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Cli

# Two items of 3 and two of 2 in each dimension, bins of 5: two bins, and no fewer by volume.
INSTANCE = "2\n5 5\n2\n3 3 2\n2 2 2\n"


def test_all_experiments_are_listed(cli: Cli) -> None:
    listed = json.loads(cli("experiment", "--json").out)
    assert {"vector-packing", "machine-reassignment"} <= {row["name"] for row in listed}
    assert all(row["description"] for row in listed)


def test_an_unknown_experiment_is_named(cli: Cli) -> None:
    done = cli("experiment", "vector-pakcing")
    assert done.code == 2
    assert "vector-packing" in done.err


def test_instances_of_a_folder_are_solved_and_saved(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "vbp" / "Mine"
    folder.mkdir(parents=True)
    (folder / "tiny.vbp").write_text(INSTANCE)
    words = ["--folder", "vbp", "--instances", "Mine/tiny", "--seconds", "5"]
    done = cli("experiment", "vector-packing", *words, "--json", "--save", "table.csv")
    assert done.code == 0, done.err
    (row,) = json.loads(done.out)
    assert (row["bins"], row["bound"]) == (2, 2)
    assert (tmp_path / "table.csv").read_text().startswith(",".join(list(row)[:3]))


def test_a_folder_without_instances_is_told(cli: Cli, tmp_path: Path) -> None:
    done = cli("experiment", "vector-packing", "--folder", "nowhere")
    assert done.code == 2
    assert "nowhere" in done.err
