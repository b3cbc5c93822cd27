"""Indexes that the pipeline's folder configures for pip, uv and poetry.

``pip.conf`` and ``pip.ini`` (pip documentation, "Configuration") and ``uv.toml`` count wherever they lie, because a
container file or an environment variable may put them to use; ``pyproject.toml`` (``[tool.uv]``,
``[[tool.poetry.source]]``) counts beside the lock file and above it.
"""

from __future__ import annotations

import configparser
import os
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import EvidenceError
from ...evaluator.graph import Skipped
from ..discovery import PASSED_FOLDERS
from .lock import Files, Index, LockError
from .toml_document import TomlDocument

_ANYWHERE = ("pip.conf", "pip.ini", "uv.toml")
_KINDS = {"index-url": "primary", "extra-index-url": "extra", "find-links": "find-links"}


@dataclass
class Configuration:
    """What the configuration files say.

    Args:
        paths: of those that set an index or trust a host.
        indexes: in the order of the files.
        trusted_hosts: hosts whose TLS certificate is not checked.
        skipped: files that could not be read, with reasons.
        files: number of files that were read.
    """

    paths: list[str] = field(default_factory=list)
    indexes: list[Index] = field(default_factory=list)
    trusted_hosts: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    files: int = 0


def read_configuration(files: Files, lock: str) -> Configuration:
    """Read every configuration file that may decide where packages come from.

    Args:
        files: of the pipeline.
        lock: path of the lock file.
    """
    found = Configuration()
    for path in sorted({*_anywhere(files.root), *_beside_and_above(files.root, lock)}):
        before = len(found.indexes), len(found.trusted_hosts)
        try:
            data = files.read(path)
            if posixpath.basename(path) in ("pip.conf", "pip.ini"):
                _pip(data, path, found)
            else:
                _toml(data, path, found)
            found.files += 1
        except EvidenceError as error:
            found.skipped.append(Skipped(path, str(error)))
        if (len(found.indexes), len(found.trusted_hosts)) != before:
            found.paths.append(path)
    return found


def _anywhere(root: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(root, followlinks=False):
        folders[:] = sorted(name for name in folders if name not in PASSED_FOLDERS)
        for name in names:
            if name in _ANYWHERE:
                yield (Path(folder) / name).relative_to(root).as_posix()


def _beside_and_above(root: Path, lock: str) -> Iterator[str]:
    folder = posixpath.dirname(posixpath.normpath(lock))
    while True:
        path = posixpath.join(folder, "pyproject.toml")
        if (root / path).is_file():
            yield path
        if not folder:
            return
        folder = posixpath.dirname(folder)


def _pip(data: bytes, path: str, found: Configuration) -> None:
    parser = configparser.RawConfigParser(strict=False)
    try:
        text = data.decode("utf-8-sig")
        parser.read_string(text, source=path)
    except (configparser.Error, UnicodeDecodeError) as error:
        raise LockError(path, f"not a configuration of pip: {str(error).splitlines()[0]}") from error
    for section in parser.sections():
        for key, value in parser.items(section):
            name = key.removeprefix("--").replace("_", "-")
            where = f"{path}:{_line(text, key)}"
            if name in _KINDS:
                found.indexes += [Index(url, _KINDS[name], where) for url in (value or "").split()]
            elif name == "trusted-host":
                found.trusted_hosts += (value or "").split()


def _line(text: str, key: str) -> int:
    matched = re.search(rf"^\s*{re.escape(key)}\s*[=:]", text, re.MULTILINE | re.IGNORECASE)
    return text.count("\n", 0, matched.end()) + 1 if matched else 1


def _toml(data: bytes, path: str, found: Configuration) -> None:
    document = TomlDocument(data, path)
    if posixpath.basename(path) == "uv.toml":
        _uv(document, "", found)
        return
    _uv(document, "tool.uv.", found)
    for where, source in document.tables("tool.poetry.source"):
        primary = source.get("default") is True or source.get("priority", "primary") in ("primary", "default")
        later = source.get("secondary") is True
        _add(source.get("url"), "primary" if primary and not later else "extra", where, found)


def _uv(document: TomlDocument, prefix: str, found: Configuration) -> None:
    for where, index in document.tables(f"{prefix}index"):
        flat = index.get("format") == "flat"
        kind = "find-links" if flat else "primary" if index.get("default") is True else "extra"
        _add(index.get("url"), kind, where, found)
    for part in ("", "pip."):
        table: Any = document.value
        for name in filter(None, f"{prefix}{part}".split(".")):
            table = table.get(name, {}) if isinstance(table, Mapping) else {}
        if isinstance(table, Mapping):
            _uv_settings(table, document, found)


def _uv_settings(table: Mapping[str, Any], document: TomlDocument, found: Configuration) -> None:
    for key, kind in _KINDS.items():
        values = table.get(key, [])
        for value in values if isinstance(values, list) else [values]:
            _add(value, kind, document.line_of(key), found)
    for key in ("allow-insecure-host", "trusted-host"):
        hosts = table.get(key, [])
        found.trusted_hosts += [str(host) for host in (hosts if isinstance(hosts, list) else [hosts])]


def _add(url: Any, kind: str, where: str, found: Configuration) -> None:
    if isinstance(url, str):
        found.indexes.append(Index(url, kind, where))
    elif url is not None:
        found.skipped.append(Skipped(where, "an index whose URL is no text"))
