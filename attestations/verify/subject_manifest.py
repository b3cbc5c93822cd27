"""The files that a verification hashed: what binds its answer to what is loaded later."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from ... import strict_json
from ...content import Content, FileEntry, manifest_digest
from ...errors import EvidenceError, TrustError, UsageError
from ...files import read_limited
from .digest_sets import check_set
from .verified_file import IN_MEMORY, copy_verified, open_below

SCHEMA = "https://probatum.dev/subject-manifest/v1"
_MAX_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True)
class SubjectManifest:
    """Files by path, with what each must be.

    Args:
        files: path to size in bytes and SHA-256; the path is relative to the folder that was verified.
    """

    files: Mapping[str, tuple[int, str]]

    @classmethod
    def of(cls, contents: Iterable[tuple[str, Content]]) -> SubjectManifest:
        """The manifest of contents that were hashed.

        Args:
            contents: the location of each relative to the folder that was verified, and what was found there.
        """
        files: dict[str, tuple[int, str]] = {}
        for location, content in contents:
            for entry in content.files:
                files[_joined(location, entry, content.folder)] = (entry.size, entry.sha256)
        return cls(dict(sorted(files.items())))

    @classmethod
    def read(cls, path: Path) -> SubjectManifest:
        """Read the JSON form: of its own, or inside a report of ``verify``.

        Raises:
            UsageError: the file cannot be read.
            EvidenceError: it is no manifest.
        """
        document = strict_json.loads(read_limited(path, _MAX_BYTES), source=str(path))
        return cls.from_document(document, source=str(path))

    @classmethod
    def from_document(cls, document: Any, *, source: str) -> SubjectManifest:
        """Read the JSON form.

        Raises:
            EvidenceError: it is no manifest.
        """
        if isinstance(document, Mapping) and isinstance(document.get("manifest"), Mapping):
            document = document["manifest"]
        if not isinstance(document, Mapping) or document.get("schema") != SCHEMA:
            raise EvidenceError(f"{source} is no manifest of subjects", why=f"its schema is not {SCHEMA}")
        files: dict[str, tuple[int, str]] = {}
        listed = document.get("files")
        for entry in listed if isinstance(listed, list) else [None]:
            name, size, sha256 = _entry(entry, source)
            if name in files:
                raise EvidenceError(f"{source} is no manifest of subjects", why=f"{name!r} is in it twice")
            files[name] = (size, sha256)
        return cls(files)

    @property
    def sha256(self) -> str:
        """The digest of the whole, made as that of a folder with these files."""
        return manifest_digest(FileEntry(path, size, sha256) for path, (size, sha256) in sorted(self.files.items()))

    def to_document(self) -> dict[str, Any]:
        """The JSON form."""
        files = [{"path": path, "size": size, "sha256": sha256} for path, (size, sha256) in self.files.items()]
        return {"schema": SCHEMA, "sha256": self.sha256, "files": files}

    def to_text(self) -> str:
        """Lines that ``sha256sum --check`` reads, below one that says how much there is."""
        total = sum(size for size, _ in self.files.values())
        lines = [f"# {len(self.files)} files, {total} bytes"]
        return "\n".join(lines + [_line(path, sha256) for path, (_, sha256) in self.files.items()]) + "\n"


NO_FILES = SubjectManifest({})


class VerifiedFolder:
    """A folder whose files are opened only as they were verified; made by ``verified_folder``.

    The names are those of the manifest. What else lies in the folder is never looked at, and a file is checked when it
    is opened, so that only those in use take room (see ``verified_file`` for what that is).
    """

    def __init__(self, handle: int, manifest: SubjectManifest, in_memory: int, temporary: Path | None) -> None:
        self._handle, self._manifest = handle, manifest
        self._in_memory, self._temporary = in_memory, temporary

    @property
    def names(self) -> tuple[str, ...]:
        """The paths of the manifest, sorted."""
        return tuple(sorted(self._manifest.files))

    def open(self, name: str) -> BinaryIO:
        """Open a file of the manifest; see ``open_verified`` for what is returned.

        Raises:
            TrustError: the manifest does not name it, or it has another content.
            UsageError: it cannot be read.
        """
        if name not in self._manifest.files:
            raise TrustError(f"{name} was not verified", why="the manifest does not name it", remedy="verify it first")
        size, sha256 = self._manifest.files[name]
        wanted = check_set({"sha256": sha256}, source=name)
        try:
            source = open_below(self._handle, name)
            try:
                return copy_verified(source, name, wanted, size, in_memory=self._in_memory, temporary=self._temporary)
            finally:
                os.close(source)
        except OSError as error:
            raise UsageError(
                f"cannot open {name} verified",
                why=error.strerror or str(error),
                remedy="give a folder of regular files that you may read, and room for a copy",
            ) from error

    def close(self) -> None:
        """Give the folder back; files that are open stay so."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def __enter__(self) -> Self:
        """The folder itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()


def verified_folder(
    path: str | os.PathLike[str],
    manifest: SubjectManifest,
    *,
    in_memory: int = IN_MEMORY,
    temporary: Path | None = None,
) -> VerifiedFolder:
    """Open a folder, such as one of a model's shards, for reading nothing but what a manifest names.

    Args:
        path: the folder.
        manifest: what its files must be: of the report of a verification, or read from a file that you guard.
        in_memory: up to how many bytes the copy of a file is kept in memory; a larger one goes to a file.
        temporary: folder of that file; the system's by default.

    Raises:
        UsageError: it is no folder that can be read.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise UsageError(
            f"cannot open the folder {os.fspath(path)}", why=error.strerror or str(error), remedy="check the path"
        ) from error
    return VerifiedFolder(handle, manifest, in_memory, temporary)


def _joined(location: str, entry: FileEntry, folder: bool) -> str:
    place = location.strip("/")
    place = "" if place == "." else place
    if not folder:
        return place or entry.path
    return f"{place}/{entry.path}" if place else entry.path


def _entry(entry: Any, source: str) -> tuple[str, int, str]:
    name, size, sha256 = (
        (entry.get(key) for key in ("path", "size", "sha256")) if isinstance(entry, Mapping) else [0] * 3
    )
    if not isinstance(name, str) or type(size) is not int or size < 0 or not isinstance(sha256, str):
        raise EvidenceError(f"{source} is no manifest of subjects", why="an entry is not {path, size, sha256}")
    return name, size, check_set({"sha256": sha256}, source=f"{source}: {name}")["sha256"]


def _line(path: str, sha256: str) -> str:
    """As coreutils writes it: a name with a line break or a backslash is escaped, and the line says so."""
    escaped = path.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"{chr(92) if escaped != path else ''}{sha256}  {escaped}"
