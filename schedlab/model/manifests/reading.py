"""Kubernetes objects out of YAML and JSON files: documents, lists, folders, gzip."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from schedlab.errors import InputError
from schedlab.model.manifests.objects import SourcedObject, describe

try:
    from yaml import CSafeLoader as SafeLoader
except ImportError:  # PyYAML was built without libyaml: slower, same result
    from yaml import SafeLoader  # type: ignore[assignment]

SUFFIXES = (".yaml", ".yml", ".json")
_JSON_GAP = re.compile(r"\s*")


def read_objects(paths: Sequence[Path]) -> list[SourcedObject]:
    """Read every Kubernetes object in files and folders, in order.

    A folder stands for all ``*.yaml``, ``*.yml`` and ``*.json`` files below it, by name;
    each may be gzipped.  Documents of a file are taken one by one, and lists
    (``List``, ``PodList``, ...) item by item.

    Raises
    ------
    InputError
        If a file is missing or is not YAML or JSON (with the line), or holds something
        that is not a Kubernetes object.
    """
    if not paths:
        raise InputError("no manifests given, expected at least one file or folder")
    return [o for path in paths for file in _files(Path(path)) for o in _objects(file)]


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(f for f in path.rglob("*") if f.is_file() and _kind_of_file(f) in SUFFIXES)
    if not found:
        raise InputError(f"{path}: no {', '.join('*' + s for s in SUFFIXES)} files in this folder")
    return found


def _kind_of_file(file: Path) -> str:
    return Path(file.stem).suffix if file.suffix == ".gz" else file.suffix


def _objects(file: Path) -> Iterator[SourcedObject]:
    text, suffix = read_text(file), _kind_of_file(file)
    is_json = suffix == ".json" or (suffix not in SUFFIXES and text.lstrip().startswith("{"))
    documents = [d for d in (_json if is_json else _yaml)(text, file) if d is not None]
    for number, document in enumerate(documents, start=1):
        where = f"{file}: document {number}" if len(documents) > 1 else str(file)
        yield from _flatten(document, where, {})


def read_text(file: Path) -> str:
    """Return a file's text, plain or gzipped; raise InputError if it cannot be read."""
    try:
        data = file.read_bytes()
        if file.suffix == ".gz":
            data = gzip.decompress(data)
        # A redirect in a Windows shell writes UTF-16.
        return data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{file}: no such file or folder") from None
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{file}: cannot be read: {error}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: not UTF-8 text: {error}") from None


def _json(text: str, file: Path) -> Iterator[Any]:
    decoder, at = json.JSONDecoder(), _gap(text, 0)
    while at < len(text):
        try:
            document, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            where = f"{file}: line {error.lineno}, column {error.colno}"
            raise InputError(f"{where}: not JSON: {error.msg}") from None
        except ValueError as error:
            raise InputError(f"{file}: not JSON: {error}") from None
        yield document
        at = _gap(text, at)


def _gap(text: str, at: int) -> int:
    gap = _JSON_GAP.match(text, at)
    return gap.end() if gap else at


def _yaml(text: str, file: Path) -> Iterator[Any]:
    try:
        yield from yaml.load_all(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{file}: line {mark.line + 1}, column {mark.column + 1}" if mark else str(file)
        raise InputError(f"{where}: not YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"{file}: not YAML: {error}") from None


def _flatten(document: Any, where: str, inherited: dict[str, str]) -> Iterator[SourcedObject]:
    if not isinstance(document, dict):
        raise InputError(
            f"{where}: expected a Kubernetes object (a mapping with apiVersion and kind), "
            f"got {type(document).__name__}"
        )
    manifest = {**inherited, **document}
    for key, example in (("apiVersion", "v1 or apps/v1"), ("kind", "Pod or Deployment")):
        if not isinstance(manifest.get(key), str):
            raise InputError(f"{where}: {key}: missing, expected text such as {example}")
    if "items" in manifest and manifest["kind"].endswith("List"):
        yield from _elements(manifest, where)
    else:
        yield SourcedObject(manifest, f"{where} ({describe(manifest)})")


def _elements(manifest: dict[str, Any], where: str) -> Iterator[SourcedObject]:
    items, kind = manifest["items"], manifest["kind"].removesuffix("List")
    if not isinstance(items, list | None):
        raise InputError(f"{where}: items: expected a list, got {type(items).__name__}")
    inherited = {"apiVersion": manifest["apiVersion"], "kind": kind} if kind else {}
    for i, item in enumerate(items or []):
        yield from _flatten(item, f"{where}: items[{i}]", inherited)


class _Loader(SafeLoader):
    """YAML as Kubernetes reads it: no dates, no base 60, no key twice in a mapping."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value != "<<" and isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        problem=f"key {key.value!r} twice in one mapping",
                        problem_mark=key.start_mark,
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)


_DIGITS = r"0b[01][01_]*|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F][0-9a-fA-F_]*"
_DECIMALS = r"[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?"
_REPLACED = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:timestamp")
_Loader.yaml_implicit_resolvers = {
    first: [r for r in resolvers if r[0] not in _REPLACED]
    for first, resolvers in SafeLoader.yaml_implicit_resolvers.items()
}
for _tag, _form in ((_REPLACED[0], _DIGITS), (_REPLACED[1], _DECIMALS)):
    _Loader.add_implicit_resolver(_tag, re.compile(rf"[-+]?(?:{_form})$"), list("-+.0123456789"))
