"""What every lock file says, whatever its format."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import EvidenceError
from ...evaluator.graph import Skipped
from ..locations import read_inside
from .urls import clean, has_credentials

MAX_BYTES = 64 * 1024 * 1024
"""The largest file that is read."""
_STRONG = {"sha256": 64, "sha384": 96, "sha512": 128}  # what pip accepts in hash-checking mode
COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


class LockError(EvidenceError):
    """A lock file is malformed; the message names file and line."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}", remedy="write the lock file again with the tool that made it")


@dataclass(frozen=True)
class Package:
    """One package of a lock file.

    Args:
        name: normalised as PEP 503 says.
        version: the one version that may be installed, if there is one and it is known.
        pinned: exactly one version, commit or file may be installed.
        hashes: number of strong hashes (SHA-256 or longer).
        hashed: every file that may be installed has one.
        source: ``index``, ``vcs``, ``url``, ``path`` or ``editable``.
        at: ``file:line``.
        url: for what comes from no index; without credentials.
        index: URL of the index, without credentials; None is the installer's default.
        marker: environments that the package is for; None is all.
    """

    name: str
    version: str | None
    pinned: bool
    hashes: int
    hashed: bool
    source: str
    at: str
    url: str | None = None
    index: str | None = None
    marker: str | None = None

    def to_document(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "name": self.name, "version": self.version, "pinned": self.pinned, "hashed": self.hashed,
            "hashes": self.hashes, "source": self.source, "url": clean(self.url), "index": clean(self.index),
            "marker": self.marker, "at": self.at,
        }  # fmt: skip


@dataclass(frozen=True)
class Index:
    """A place that packages may come from.

    Args:
        url: as written, credentials included; they do not leave this module.
        kind: ``primary``, ``extra`` or ``find-links``.
        at: ``file:line``.
    """

    url: str
    kind: str
    at: str

    def to_document(self) -> dict[str, Any]:
        """The JSON form."""
        credentials = has_credentials(self.url)
        return {"url": clean(self.url), "kind": self.kind, "at": self.at, "credentials": credentials}


@dataclass
class Lock:
    """A lock file, read.

    Args:
        format: as observations name it.
        complete: it lists every dependency, those of dependencies too.
        packages: what may be installed.
        indexes: where from.
        trusted_hosts: hosts whose TLS certificate is not checked.
        skipped: what was not understood or not read.
        projects: packages that are the pipeline's own, locked with their dependencies.
        files: number of files read.
    """

    format: str
    complete: bool = True
    packages: list[Package] = field(default_factory=list)
    indexes: list[Index] = field(default_factory=list)
    trusted_hosts: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    projects: list[str] = field(default_factory=list)
    files: int = 1


class Files:
    """Reads files of the pipeline, and remembers what was read.

    Args:
        root: the pipeline's folder; nothing outside it is read.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.digests: dict[str, str] = {}

    def read(self, path: str) -> bytes:
        """The bytes of a file.

        Raises:
            EvidenceError: it is missing, outside the root, no regular file, or too large.
        """
        data = read_inside(self.root, path, MAX_BYTES)
        self.digests[path] = hashlib.sha256(data).hexdigest()
        return data


def strong_hashes(values: Iterable[Any]) -> int:
    """How many of some ``algorithm:hexadecimal`` texts are whole hashes of SHA-256 or longer."""
    return sum(isinstance(value, str) and is_strong(value) for value in values)


def is_strong(value: str) -> bool:
    """Whether a text is ``sha256:`` (or 384, 512) and a digest of that length."""
    algorithm, _, digest = value.partition(":")
    return len(digest) == _STRONG.get(algorithm) and re.fullmatch("[0-9a-fA-F]+", digest) is not None
