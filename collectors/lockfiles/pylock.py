"""``pylock.toml`` and ``pylock.NAME.toml`` (PEP 751; packaging.python.org, "pylock.toml specification")."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .distributions import normalised
from .lock import COMMIT, Lock, LockError, Package, is_strong
from .toml_document import TomlDocument

NAME = re.compile(r"pylock\.([^.]+\.)?toml")
_MAJOR = "1."


def read_pylock(data: bytes, path: str) -> Lock:
    """Read a ``pylock.toml``.

    Args:
        data: its bytes.
        path: relative to the root.

    Raises:
        LockError: it is malformed, or of a version of the format that is not known.
    """
    document = TomlDocument(data, path)
    version = document.value.get("lock-version")
    if not isinstance(version, str) or not version.startswith(_MAJOR):
        raise LockError(document.line_of("lock-version"), f"lock-version is {version!r}, not 1.x")
    lock = Lock("pylock.toml")
    for where, table in document.tables("packages"):
        name = table.get("name")
        if not isinstance(name, str):
            raise LockError(where, "a package without a name")
        lock.packages.append(_package(table, name, where))
    return lock


def _package(table: Mapping[str, Any], name: str, where: str) -> Package:
    kinds = [key for key in ("vcs", "directory", "archive", "sdist", "wheels") if key in table]
    single = set(kinds) & {"vcs", "directory", "archive"}
    if not kinds or (single and len(kinds) > 1):
        raise LockError(where, f"{name} needs one of vcs, directory and archive, or sdist and wheels")
    version, marker, index = (_text(table, key, where) for key in ("version", "marker", "index"))
    files = _files(table, kinds, where)
    hashes, hashed = sum(files), bool(files) and all(files)
    source, url, pinned = "index", None, version is not None
    if "vcs" in table:
        vcs = _table(table["vcs"], where)
        pinned = COMMIT.fullmatch(str(vcs.get("commit-id"))) is not None
        source, url = "vcs", f"{vcs.get('type')}+{vcs.get('url', vcs.get('path'))}@{vcs.get('commit-id')}"
    elif "directory" in table:
        directory = _table(table["directory"], where)
        source, url, pinned = (
            ("editable" if directory.get("editable") is True else "path"),
            directory.get("path"),
            False,
        )
    elif "archive" in table:
        archive = _table(table["archive"], where)
        source, url = ("url", archive["url"]) if "url" in archive else ("path", archive.get("path"))
        pinned = hashed
    place = None if url is None else str(url)
    return Package(
        normalised(name), version, pinned, hashes, hashed, source, where, url=place, index=index, marker=marker
    )


def _files(table: Mapping[str, Any], kinds: list[str], where: str) -> list[bool]:
    """For each file that may be installed, whether it has a strong hash."""
    wheels = table.get("wheels", [])
    if not isinstance(wheels, list):
        raise LockError(where, "wheels is not a list")
    files = [*wheels, *(table[key] for key in ("archive", "sdist") if key in kinds)]
    hashes = [_table(_table(item, where).get("hashes", {}), where) for item in files]
    return [any(is_strong(f"{algorithm}:{value}") for algorithm, value in item.items()) for item in hashes]


def _table(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise LockError(where, "something is not a table that should be one")
    return value


def _text(table: Mapping[str, Any], key: str, where: str) -> str | None:
    value = table.get(key)
    if value is not None and not isinstance(value, str):
        raise LockError(where, f"{key} is not text")
    return value
