"""DVC's pins: ``.dvc`` files and ``dvc.lock``.

A ``.dvc`` file lists ``outs`` with ``path`` (relative to the file's folder, or to its ``wdir``) and ``md5``;
``dvc.lock`` lists, stage by stage, ``deps`` and ``outs`` alike (https://dvc.org/doc/user-guide/project-structure). A
digest that ends in ``.dir`` is of a folder: see `folder_digest`. Since version 3 an entry has ``hash: md5``; one
without it was made by an older version, which turned the CRLF line ends of text files into LF first.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from ... import strict_yaml
from ...errors import EvidenceError, UsageError
from .pin import Statement, Unusable, make_pin

_UNSUPPORTED = ("etag", "checksum", "version_id")
_CHUNK = 1 << 20  # DVC looks for line ends within chunks of this size
_SNIFFED = 512
_TEXT = bytes(range(32, 127)) + b"\n\r\t\f\b"
_MOST_NOT_TEXT = 0.3


def is_dvc(path: PurePosixPath) -> bool:
    """Whether a file is, by its name, one of DVC's pins."""
    return path.name == "dvc.lock" or (path.suffix == ".dvc" and path.name != ".dvc")


def read_dvc(data: bytes, path: PurePosixPath, stages: bytes | None = None) -> Iterator[Statement]:
    """Read a ``.dvc`` file or a ``dvc.lock``.

    Args:
        data: its bytes.
        path: of the file, relative to the root.
        stages: the ``dvc.yaml`` beside a ``dvc.lock``, which knows the working folders of the stages.

    Raises:
        EvidenceError: the document has another shape.
    """
    document = _mapping(_yaml(data, path), str(path))
    if path.name != "dvc.lock":
        folder = path.parent / str(document.get("wdir", "."))
        yield from _entries(document, ("outs",), folder, "dvc", str(path))
        return
    described = _mapping(_yaml(stages, path.with_name("dvc.yaml")), "dvc.yaml").get("stages") if stages else {}
    for name, stage in _mapping(document.get("stages", {}), f"{path}: stages").items():
        about = described.get(str(name).partition("@")[0]) if isinstance(described, Mapping) else None
        wdir = about.get("wdir", ".") if isinstance(about, Mapping) else "."
        where = f"{path}: stage {name}"
        yield from _entries(_mapping(stage, where), ("deps", "outs"), path.parent / str(wdir), "dvc_lock", where)


def folder_digest(files: Iterable[tuple[str, str]]) -> str:
    """DVC's MD5 of a folder.

    It is the MD5 of the JSON list of ``{"md5", "relpath"}``, sorted by path, as Python's ``json`` writes it.

    Args:
        files: path relative to the folder, and MD5, of every file below it.
    """
    rows = [{"md5": digest, "relpath": path} for path, digest in sorted(files)]
    return hashlib.md5(json.dumps(rows, sort_keys=True).encode(), usedforsecurity=False).hexdigest()


def text_digest(path: Path) -> str:
    """The MD5 that DVC before version 3 gave a file: CRLF counts as LF in text.

    Raises:
        OSError: the file cannot be read.
    """
    hasher, text = hashlib.md5(usedforsecurity=False), None
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            if text is None:
                text = _is_text(chunk[:_SNIFFED])
            hasher.update(chunk.replace(b"\r\n", b"\n") if text else chunk)
    return hasher.hexdigest()


def _is_text(start: bytes) -> bool:
    return b"\x00" not in start and len(start.translate(None, _TEXT)) <= _MOST_NOT_TEXT * len(start)


def _entries(
    document: Mapping[str, Any], lists: tuple[str, ...], folder: PurePosixPath, format: str, where: str
) -> Iterator[Statement]:
    for key in lists:
        entries = document.get(key, [])
        if not isinstance(entries, list):
            raise EvidenceError(f"{where}: {key} is not a list")
        for item in entries:
            entry = _mapping(item, f"{where}: {key}")
            path = entry.get("path")
            if not isinstance(path, str):
                raise EvidenceError(f"{where}: an entry of {key} has no path")
            if "://" not in path:  # what lies elsewhere is no file of this pipeline
                yield from _entry(entry, folder / path, format)


def _entry(entry: Mapping[str, Any], path: PurePosixPath, format: str) -> Iterator[Statement]:
    files = entry.get("files")
    if isinstance(files, list):  # a folder whose files are versioned by the remote storage
        for item in files:
            inner = _mapping(item, f"{path}: files")
            yield from _entry(inner, path / str(inner.get("relpath", "")), format)
        return
    value = entry.get("md5", entry.get("sha256"))
    if value is None:
        other = next((name for name in _UNSUPPORTED if name in entry), None)
        yield Unusable(
            (str(path),), f"pinned by {other}, which is not compared" if other else "listed without a digest"
        )
        return
    algorithm = "md5" if "md5" in entry else "sha256"
    folder = isinstance(value, str) and value.endswith(".dir")
    digest = value.removesuffix(".dir") if isinstance(value, str) else value
    old = algorithm == "md5" and entry.get("hash") != "md5"
    yield make_pin(format, algorithm, (str(path),), digest, folder=folder, text=old)


def _yaml(data: bytes, path: PurePosixPath) -> Any:
    try:
        return strict_yaml.load(data, source=str(path)).value
    except UsageError as error:
        raise EvidenceError(error.what, why=error.why, remedy=error.remedy) from error


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise EvidenceError(f"{where} is not a mapping")
    return value
