"""``poetry.lock``: TOML, one ``[[package]]`` each (https://python-poetry.org/docs/basic-usage/).

Since lock version 2 a package lists its own ``files``; before, ``[metadata.files]`` listed them by package, and before
that ``[metadata.hashes]`` listed bare SHA-256 digests.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .distributions import normalised
from .lock import COMMIT, Lock, LockError, Package, strong_hashes
from .toml_document import TomlDocument

_SOURCES = {"legacy": "index", "pypi": "index", "git": "vcs", "url": "url", "file": "path", "directory": "path"}


def read_poetry(data: bytes, path: str) -> Lock:
    """Read a ``poetry.lock``.

    Args:
        data: its bytes.
        path: relative to the root.

    Raises:
        LockError: it is malformed.
    """
    document = TomlDocument(data, path)
    metadata = document.value.get("metadata")
    if not isinstance(metadata, Mapping):
        raise LockError(path, "it is no poetry.lock: it has no metadata")
    lock = Lock("poetry.lock")
    for where, table in document.tables("package"):
        name, version = table.get("name"), table.get("version")
        if not isinstance(name, str) or not isinstance(version, str):
            raise LockError(where, "a package without name or version")
        lock.packages.append(_package(table, name, version, _hashes(table, metadata, name, where), where))
    return lock


def _package(table: Mapping[str, Any], name: str, version: str, values: list[Any], where: str) -> Package:
    source = table.get("source", {})
    kind = source.get("type", "pypi") if isinstance(source, Mapping) else None
    if kind not in _SOURCES:
        raise LockError(where, f"{name} comes from {kind}, which is not known")
    word, url = _SOURCES[kind], source.get("url")
    hashes = strong_hashes(values)
    hashed = bool(values) and hashes == len(values)
    commit = source.get("resolved_reference")
    if word == "vcs":
        pinned = isinstance(commit, str) and COMMIT.fullmatch(commit) is not None
        url = f"{url}@{commit}"
    else:
        pinned = word == "index" or hashed
    if kind == "directory" and table.get("develop") is True:
        word = "editable"
    index = str(url) if word == "index" and url else None
    return Package(
        normalised(name), version, pinned, hashes, hashed, word, where,
        url=None if word == "index" else str(url), index=index, marker=_marker(table),
    )  # fmt: skip


def _hashes(table: Mapping[str, Any], metadata: Mapping[str, Any], name: str, where: str) -> list[Any]:
    files = table.get("files")
    if files is None:
        older, oldest = metadata.get("files", {}), metadata.get("hashes", {})
        files = older.get(name) if isinstance(older, Mapping) else None
        bare = oldest.get(name) if isinstance(oldest, Mapping) else None
        if files is None and isinstance(bare, list):
            return [f"sha256:{value}" for value in bare]
    if files is not None and not isinstance(files, list):
        raise LockError(where, f"the files of {name} are not a list")
    return [item.get("hash") if isinstance(item, Mapping) else None for item in files or []]


def _marker(table: Mapping[str, Any]) -> str | None:
    markers = table.get("markers", table.get("marker"))
    if isinstance(markers, Mapping):  # one for each dependency group
        return " or ".join(f"({value})" for _, value in sorted(markers.items())) or None
    return str(markers) if markers else None
