"""The files of a verdict package at hand, held against those that the verdict names."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...content import Content, read_content
from ...errors import TrustError, UsageError
from ...files import read_limited
from ...strict_json import Limits
from ..verify.report import Row
from .names import outside_verdict

LIMITS = Limits(max_bytes=512 * 1024 * 1024)
"""Of a package's documents: wider than for evidence that arrives, since assessments of large pipelines are large."""


@dataclass(frozen=True)
class PackageFiles:
    """A verdict package on disk.

    Args:
        folder: where it lies.
        content: digests of everything in it.
        max_bytes: how large a document that must be held in memory may be.
    """

    folder: Path
    content: Content
    max_bytes: int = LIMITS.max_bytes

    @classmethod
    def open(cls, folder: Path) -> PackageFiles:
        """Digest every file of a package.

        Raises:
            UsageError: there is no such folder.
        """
        try:
            content = read_content(folder.resolve(strict=True))
        except OSError as error:
            raise UsageError(
                f"cannot read the verdict package {folder}",
                why=error.strerror or str(error),
                remedy="give the folder that `probatum gate --out` wrote",
            ) from error
        if not content.folder:
            raise UsageError(
                f"{folder} is not a folder",
                why="it is a file",
                remedy="give the folder that `probatum gate --out` wrote",
            )
        return cls(folder.resolve(), content)

    def digests(self) -> dict[str, dict[str, Any]]:
        """Path to ``sha256`` and ``size`` of every file."""
        return {entry.path: {"sha256": entry.sha256, "size": entry.size} for entry in self.content.files}

    def read(self, path: str) -> bytes:
        """A file's bytes, which are the ones whose digest was taken.

        Raises:
            UsageError: it cannot be read or is too large.
            TrustError: it was changed meanwhile.
        """
        data = read_limited(self.folder / path, self.max_bytes)
        if hashlib.sha256(data).hexdigest() != self.digests().get(path, {}).get("sha256"):
            raise TrustError(f"{path} was changed while it was verified", why="", remedy="verify again")
        return data

    def rows(self, named: Mapping[str, Mapping[str, Any]]) -> list[Row]:
        """One row per file that differs, is missing, is extra or cannot be covered, or one row that says all agree."""
        rows = list(self._differences(named))
        return rows or [Row("package files", True, f"{len(named)} files", f"{len(named)} files")]

    def _differences(self, named: Mapping[str, Mapping[str, Any]]) -> Iterator[Row]:
        found = self.digests()
        for unnamed in outside_verdict(found):
            del found[unnamed]
        for path in sorted(named.keys() | found.keys()):
            if path not in found:
                yield Row("package files", False, str(named[path]["sha256"]), "", f"{path} is missing")
            elif path not in named:
                yield Row("package files", False, "", str(found[path]["sha256"]), f"{path} is not part of the verdict")
            elif found[path] != named[path]:
                expected, got = str(named[path]["sha256"]), str(found[path]["sha256"])
                yield Row("package files", False, expected, got, f"{path} differs from what was signed")
        for problem in self.content.problems:
            yield Row("package files", False, "regular files only", problem.path, f"{problem.path}: {problem.reason}")
