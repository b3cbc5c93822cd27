"""``uv.lock`` (https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile): TOML, one ``[[package]]`` each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .distributions import last_part, name_and_version, normalised
from .lock import COMMIT, Lock, LockError, Package, strong_hashes
from .toml_document import TomlDocument


def read_uv(data: bytes, path: str) -> Lock:
    """Read a ``uv.lock``.

    The project whose lock it is, and virtual packages, which are never installed, are not among the packages.

    Args:
        data: its bytes.
        path: relative to the root.

    Raises:
        LockError: it is malformed.
    """
    document = TomlDocument(data, path)
    if not isinstance(document.value.get("version"), int):
        raise LockError(path, "it is no uv.lock: it has no version")
    lock = Lock("uv.lock")
    for where, table in document.tables("package"):
        name, source = table.get("name"), table.get("source")
        if not isinstance(name, str) or not isinstance(source, Mapping):
            raise LockError(where, "a package without name or source")
        if "virtual" in source or "." in (source.get("editable"), source.get("directory")):
            lock.projects.append(normalised(name))
        else:
            lock.packages.append(_package(table, name, source, where))
    return lock


def _package(table: Mapping[str, Any], name: str, source: Mapping[str, Any], where: str) -> Package:
    kind, place = next(((key, str(source[key])) for key in _SOURCES if key in source), ("", ""))
    if not kind:
        raise LockError(where, f"{name} comes from {', '.join(map(str, source)) or 'nowhere'}, which is not known")
    files = [item for item in [table.get("sdist"), *_list(table.get("wheels"), where)] if item is not None]
    values = [item.get("hash") if isinstance(item, Mapping) else None for item in files]
    hashes = strong_hashes(values)
    hashed = bool(values) and hashes == len(values)
    version = table.get("version")
    version = version if isinstance(version, str) else name_and_version(last_part(place))[1]
    word = _SOURCES[kind]
    commit = COMMIT.fullmatch(place.rpartition("#")[2]) is not None
    pinned = {"index": version is not None, "vcs": commit}.get(word, hashed)
    markers = [str(item) for item in _list(table.get("resolution-markers"), where)]
    return Package(
        normalised(name), version, pinned, hashes, hashed, word, where,
        url=None if word == "index" else place,
        index=place if word == "index" else None,
        marker=" or ".join(f"({item})" for item in markers) or None,
    )  # fmt: skip


_SOURCES = {
    "registry": "index", "git": "vcs", "url": "url", "editable": "editable", "directory": "path", "path": "path",
}  # fmt: skip


def _list(value: Any, where: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise LockError(where, "something is not a list that should be one")
    return value
