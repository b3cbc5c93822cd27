"""The documents of a database: every advisory file below a folder, or in the archive that OSV publishes per ecosystem.

Read are ``*.json``, ``*.yaml`` and ``*.yml``. Files and folders whose name starts with a dot are not part of a database
(a clone's ``.git`` and ``.github``); other files (a README) are counted. Each file's bytes are those that the digest
covers. Nothing is extracted: archive members are read in memory, under limits.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ...content import Content, FileEntry, manifest_digest, read_content
from ...errors import EvidenceError

_SUFFIXES = {".json", ".yaml", ".yml"}


@dataclass(frozen=True)
class ReadLimits:
    """How large a database may be.

    Args:
        document_bytes: one advisory.
        documents: number of advisories.
        archive_bytes: all members of an archive, uncompressed.
    """

    document_bytes: int = 8 * 1024**2
    documents: int = 500_000
    archive_bytes: int = 4 * 1024**3


@dataclass(frozen=True)
class Source:
    """Where a database's documents come from.

    Args:
        content: the files, hidden ones left out.
        sha256: digest of the database.
    """

    content: Content
    sha256: str

    @property
    def archive(self) -> bool:
        """It is a zip archive."""
        return not self.content.folder and self.content.path.suffix.lower() == ".zip"


@dataclass(frozen=True)
class RawDocument:
    """One file that should be an advisory.

    Args:
        name: path below the database, or within the archive.
        data: its bytes; None when it could not be read.
        problem: why not.
    """

    name: str
    data: bytes | None
    problem: str = ""


def open_source(path: Path) -> Source:
    """Digest a database.

    Raises:
        EvidenceError: it does not exist or cannot be read.
    """
    try:
        content = read_content(path)
    except OSError as error:
        raise EvidenceError(
            f"cannot read the advisories at {path.name}",
            why=error.strerror or str(error),
            remedy="check the setting 'advisories'",
        ) from error
    if not content.folder:
        return Source(content, content.sha256)
    files = tuple(entry for entry in content.files if not _hidden(entry.path))
    problems = tuple(problem for problem in content.problems if not _hidden(problem.path))
    return Source(Content(path, manifest_digest(files), files, problems, folder=True), manifest_digest(files))


def documents(source: Source, limits: ReadLimits) -> Iterator[RawDocument]:
    """Every advisory file, one at a time, in the order of their names.

    Raises:
        EvidenceError: the archive is damaged, or the database is over a limit.
    """
    for number, document in enumerate(_members(source, limits) if source.archive else _files(source.content, limits)):
        if number >= limits.documents:
            raise EvidenceError("the advisories are too many", why=f"the limit is {limits.documents}")
        yield document


def is_advisory(name: str) -> bool:
    """Whether a file is one that should be an advisory, by its name."""
    return PurePosixPath(name).suffix.lower() in _SUFFIXES and not _hidden(name)


def _hidden(name: str) -> bool:
    return any(part.startswith(".") and part != ".." for part in PurePosixPath(name).parts)


def _files(content: Content, limits: ReadLimits) -> Iterator[RawDocument]:
    for problem in content.problems:
        yield RawDocument(problem.path, None, problem.reason)
    for entry, path in content.paths():
        if is_advisory(entry.path) or not content.folder:
            yield _file(entry, path, limits)


def _file(entry: FileEntry, path: Path, limits: ReadLimits) -> RawDocument:
    if entry.size > limits.document_bytes:
        return RawDocument(entry.path, None, f"larger than {limits.document_bytes} bytes")
    try:
        data = path.read_bytes()
    except OSError as error:
        return RawDocument(entry.path, None, f"unreadable: {error.strerror}")
    if hashlib.sha256(data).hexdigest() != entry.sha256:
        return RawDocument(entry.path, None, "it changed while it was read")
    return RawDocument(entry.path, data)


def _members(source: Source, limits: ReadLimits) -> Iterator[RawDocument]:
    left = limits.archive_bytes
    try:
        with zipfile.ZipFile(source.content.path) as archive:
            members = sorted((item for item in archive.infolist() if not item.is_dir()), key=lambda item: item.filename)
            for member in members:
                if not is_advisory(member.filename):
                    continue
                with archive.open(member) as stream:
                    data = stream.read(limits.document_bytes + 1)
                left -= len(data)
                if left < 0:
                    raise EvidenceError(
                        "the archive of advisories is too large", why=f"over {limits.archive_bytes} bytes"
                    )
                whole = len(data) <= limits.document_bytes
                problem = "" if whole else f"larger than {limits.document_bytes} bytes"
                yield RawDocument(member.filename, data if whole else None, problem)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError, ValueError) as error:
        raise EvidenceError("the archive of advisories is damaged", why=str(error), remedy="fetch it again") from error
