"""``Pipfile.lock``: JSON, one section for each category (https://github.com/pypa/pipfile, https://pipenv.pypa.io)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from ... import strict_json
from ...errors import EvidenceError
from .distributions import VCS, normalised
from .lock import COMMIT, Index, Lock, LockError, Package, strong_hashes


def read_pipfile(data: bytes, path: str) -> Lock:
    """Read a ``Pipfile.lock``.

    Args:
        data: its bytes.
        path: relative to the root.

    Raises:
        LockError: it is malformed.
    """
    try:
        document = strict_json.loads(data, source=path)
    except EvidenceError as error:
        found = re.search(r"line (\d+)", error.why)
        raise LockError(f"{path}:{found.group(1)}" if found else path, f"not strict JSON: {error.why}") from error
    meta = document.get("_meta") if isinstance(document, Mapping) else None
    if not isinstance(meta, Mapping):
        raise LockError(path, "it is no Pipfile.lock: it has no _meta")
    lines = _Lines(data.decode("utf-8"), path)
    lock, sources = Lock("Pipfile.lock"), _sources(meta, lines)
    lock.indexes = [
        Index(url, "extra" if place else "primary", where) for place, (_, url, _, where) in enumerate(sources)
    ]
    lock.trusted_hosts = [_host(url) for _, url, checked, _ in sources if not checked]
    by_name = {name: url for name, url, _, _ in sources}
    default = sources[0][1] if sources else None
    for category, packages in document.items():
        if category != "_meta":
            if not isinstance(packages, Mapping):
                raise LockError(lines.of(category), f"{category} is not an object")
            lock.packages += [
                _package(name, item, by_name, default, lines.of(name, category)) for name, item in packages.items()
            ]
    return lock


def _package(name: str, item: Any, indexes: Mapping[str, str], default: str | None, where: str) -> Package:
    if not isinstance(item, Mapping):
        raise LockError(where, f"{name} is not an object")
    values = item.get("hashes", [])
    hashes = strong_hashes(values) if isinstance(values, list) else 0
    hashed = bool(hashes) and hashes == len(values)
    version = _exact(item.get("version"), where)
    marker = str(item["markers"]) if item.get("markers") else None
    system = next((key for key in VCS if key in item), None)
    if system:
        commit = str(item.get("ref", ""))
        pinned, url = COMMIT.fullmatch(commit) is not None, f"{system}+{item[system]}@{commit}"
        source = "editable" if item.get("editable") is True else "vcs"
    elif "path" in item or "file" in item:
        url = str(item.get("path", item.get("file")))
        source = "editable" if item.get("editable") is True else "url" if "://" in url else "path"
        pinned = hashed
    else:
        index = indexes.get(str(item.get("index"))) if "index" in item else default
        pinned = version is not None
        return Package(normalised(name), version, pinned, hashes, hashed, "index", where, index=index, marker=marker)
    return Package(normalised(name), version, pinned, hashes, hashed, source, where, url=url, marker=marker)


def _exact(text: Any, where: str) -> str | None:
    if text is None or text == "*":
        return None
    try:
        specifiers = SpecifierSet(str(text))
    except InvalidSpecifier as error:
        raise LockError(where, f"{text!r} is no version") from error
    return next(
        (item.version for item in specifiers if item.operator in ("==", "===") and "*" not in item.version), None
    )


def _sources(meta: Mapping[str, Any], lines: _Lines) -> list[tuple[str, str, bool, str]]:
    sources = meta.get("sources", [])
    if not isinstance(sources, list) or not all(isinstance(item, Mapping) for item in sources):
        raise LockError(lines.of("sources"), "sources is not a list of objects")
    where = lines.of("sources", "_meta")
    return [
        (str(item.get("name")), str(item.get("url")), item.get("verify_ssl") is not False, where) for item in sources
    ]


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2]


class _Lines:
    """Finds the line of a key in JSON that is written with one key a line, as pipenv writes it."""

    def __init__(self, text: str, path: str) -> None:
        self._path = path
        self._lines: dict[str, list[int]] = {}
        for number, line in enumerate(text.split("\n"), start=1):
            if found := re.match(r'\s*"([^"\\]+)"\s*:', line):
                self._lines.setdefault(found.group(1), []).append(number)

    def of(self, key: str, category: str | None = None) -> str:
        """``file:line`` of a key, the first after that of its category."""
        after = self._lines.get(category, [1])[0] if category else 0
        line = next((number for number in self._lines.get(key, []) if number > after), 1)
        return f"{self._path}:{line}"
