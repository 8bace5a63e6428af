"""Files of all shapes, and broken ones with the place of the break."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from schedlab.errors import InputError
from schedlab.model.manifests import read_objects

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web-0, namespace: shop}\n"
NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n0"}}


def written(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def wheres(*paths: Path) -> list[str]:
    return [o.where for o in read_objects(paths)]


def test_a_single_object_is_known_by_its_file(tmp_path: Path) -> None:
    file = written(tmp_path, "a.yaml", POD)
    assert wheres(file) == [f"{file} (Pod shop/web-0)"]


def test_documents_and_lists_say_their_place(tmp_path: Path) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": [NODE, {**NODE, "kind": "Secret"}]}
    file = written(tmp_path, "a.yaml", f"---\n{POD}---\n---\n{json.dumps(listed)}\n")
    assert wheres(file) == [
        f"{file}: document 1 (Pod shop/web-0)",
        f"{file}: document 2: items[0] (Node n0)",
        f"{file}: document 2: items[1] (Secret n0)",
    ]


def test_typed_lists_give_their_items_a_kind(tmp_path: Path) -> None:
    items = [{"metadata": {"name": "n0"}}, {"metadata": {"name": "n1"}}]
    listed = {"apiVersion": "apps/v1", "kind": "DeploymentList", "items": items}
    objects = read_objects([written(tmp_path, "a.json", json.dumps(listed))])
    assert [o.kind for o in objects] == ["Deployment", "Deployment"]
    assert [o.manifest["apiVersion"] for o in objects] == ["apps/v1", "apps/v1"]


def test_json_documents_may_follow_each_other(tmp_path: Path) -> None:
    file = written(tmp_path, "a.json", f"{json.dumps(NODE)}\n{json.dumps(NODE)}\n")
    assert len(wheres(file)) == 2


def test_folders_are_read_by_name_and_depth(tmp_path: Path) -> None:
    for name in ("b.yml", "a.yaml", "deep/c.yaml", "notes.txt"):
        written(tmp_path, name, POD)
    (tmp_path / "d.json.gz").write_bytes(gzip.compress(json.dumps(NODE).encode()))
    read = [Path(w.split(" ")[0]).name for w in wheres(tmp_path)]
    assert read == ["a.yaml", "b.yml", "d.json.gz", "c.yaml"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_dumps_of_a_windows_shell_are_read(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(json.dumps(NODE).encode(encoding))
    assert wheres(file) == [f"{file} (Node n0)"]


def test_yaml_is_read_as_kubernetes_reads_it(tmp_path: Path) -> None:
    labels = "labels: {time: 12:30, day: 2026-01-01, version: 1.10.0, exp: 1e3}"
    file = written(tmp_path, "a.yaml", f"apiVersion: v1\nkind: Pod\nmetadata:\n  {labels}\n")
    [read] = read_objects([file])
    assert read.manifest["metadata"]["labels"] == {
        "time": "12:30",
        "day": "2026-01-01",
        "version": "1.10.0",
        "exp": "1e3",
    }


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.yaml", f"{POD}spec: [1, 2\n", r"a\.yaml: line 5, column 1: not YAML: "),
        ("a.yaml", f"{POD}kind: Node\n", r"a\.yaml: line 4, column 1: .*key 'kind' twice"),
        ("a.yaml", "a: !!python/none x\n", r"a\.yaml: line 1, column 4: not YAML: "),
        ("a.json", '{"kind": "Pod",\n nope}', r"a\.json: line 2, column 2: not JSON: "),
        ("a.yaml", "- 1\n", r"a\.yaml: expected a Kubernetes object .*, got list"),
        ("a.yaml", "apiVersion: v1\n", r"a\.yaml: kind: missing, expected text such as Pod"),
        ("a.yaml", "kind: Pod\n", r"a\.yaml: apiVersion: missing, expected text such as v1"),
        ("a.yaml", f"{POD}---\nkind: 3\n", r"a\.yaml: document 2: apiVersion: missing"),
        (
            "a.yaml",
            "{apiVersion: v1, kind: List, items: [{kind: Pod}]}",
            r"a\.yaml: items\[0\]: apiVersion: missing",
        ),
        ("a.yaml", "{apiVersion: v1, kind: List, items: 7}", r"items: expected a list, got int"),
    ],
)
def test_broken_files_say_where(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_objects([written(tmp_path, name, text)])


def test_unreadable_paths_say_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        read_objects([tmp_path / "nowhere.yaml"])
    with pytest.raises(InputError, match=r"no \*\.yaml, \*\.yml, \*\.json files in this folder"):
        read_objects([tmp_path])
    with pytest.raises(InputError, match="at least one file or folder"):
        read_objects([])
    for name, data in (("a.yaml.gz", b"not gzip"), ("b.yaml", b"\xff\x00\xff")):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(InputError, match=rf"{name}: (cannot be read|not UTF-8 text)"):
            read_objects([tmp_path / name])
