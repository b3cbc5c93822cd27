"""The digest of a subject's content: of one file, or of everything below a folder.

Rules (DESIGN section 4):

- one file: the SHA-256 of its bytes;
- a folder: the SHA-256 of the canonical JSON list of ``{path, size, sha256}``, sorted by path, so names are covered;
- what cannot be part of such a list (a symlink, a device, an unreadable file, two names that one file system would take
  for the same) is a *problem* that the caller must report; it is never left out quietly.

Files are streamed in blocks, so memory does not grow with their size.
"""

from __future__ import annotations

import hashlib
import os
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import strict_json

_BLOCK = 1 << 20


@dataclass(frozen=True)
class FileEntry:
    """One file of a content.

    Args:
        path: relative to the subject's location, ``/`` separated; the file's own name when the subject is one file.
        size: in bytes.
        sha256: lower-case hexadecimal.
    """

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Problem:
    """Something below a location that the digest cannot cover."""

    path: str
    reason: str


@dataclass(frozen=True)
class Content:
    """The files behind a digest.

    Args:
        path: absolute path of the file or folder.
        sha256: the digest of the whole.
        files: every file that the digest covers, sorted by path.
        problems: everything that it does not cover.
        folder: the location is a folder.
    """

    path: Path
    sha256: str
    files: tuple[FileEntry, ...]
    problems: tuple[Problem, ...] = ()
    folder: bool = False

    @property
    def size(self) -> int:
        """Bytes in all files."""
        return sum(entry.size for entry in self.files)

    def paths(self) -> Iterator[tuple[FileEntry, Path]]:
        """Each entry with the absolute path of its file."""
        for entry in self.files:
            yield entry, self.path / entry.path if self.folder else self.path


def read_content(path: Path) -> Content:
    """Digest a file, or a folder with everything below it.

    Raises:
        OSError: the location itself does not exist, cannot be read, or is a symlink or a device.
    """
    mode = path.lstat().st_mode
    if stat.S_ISDIR(mode):
        return _folder(path)
    if not stat.S_ISREG(mode):
        raise OSError(f"{path} is a {kind_of(mode)}, not a file or a folder")
    entry = FileEntry(path.name, *hash_file(path))
    return Content(path, entry.sha256, (entry,))


def hash_file(path: Path) -> tuple[int, str]:
    """Size in bytes and SHA-256 of one regular file, which is opened without following a symlink."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(f"{path} is not a regular file")
        return _hash_handle(handle)
    finally:
        os.close(handle)


def manifest_digest(files: tuple[FileEntry, ...]) -> str:
    """The digest of a folder: SHA-256 of the canonical list of ``{path, size, sha256}``."""
    return strict_json.digest([{"path": f.path, "size": f.size, "sha256": f.sha256} for f in files])


def kind_of(mode: int) -> str:
    """What a file mode stands for, in words."""
    names = {
        stat.S_IFLNK: "symlink",
        stat.S_IFBLK: "block device",
        stat.S_IFCHR: "character device",
        stat.S_IFIFO: "named pipe",
        stat.S_IFSOCK: "socket",
        stat.S_IFDIR: "folder",
        stat.S_IFREG: "file",
    }
    return names.get(stat.S_IFMT(mode), "special file")


def _hash_handle(handle: int) -> tuple[int, str]:
    hasher, size = hashlib.sha256(), 0
    while block := os.read(handle, _BLOCK):
        hasher.update(block)
        size += len(block)
    return size, hasher.hexdigest()


def _folder(root: Path) -> Content:
    files: list[FileEntry] = []
    problems: list[Problem] = []
    _walk(root, "", files, problems)
    files.sort(key=lambda entry: entry.path)
    problems += _collisions(files)
    return Content(root, manifest_digest(tuple(files)), tuple(files), tuple(problems), folder=True)


def _walk(root: Path, prefix: str, files: list[FileEntry], problems: list[Problem]) -> None:
    pending = [prefix]
    while pending:
        folder = pending.pop()
        try:
            entries = sorted(os.scandir(root / folder), key=lambda entry: entry.name)
        except OSError as error:
            problems.append(Problem(folder or ".", f"unreadable folder: {error.strerror}"))
            continue
        for entry in entries:
            name = f"{folder}/{entry.name}" if folder else entry.name
            try:
                name.encode("utf-8")
                mode = entry.stat(follow_symlinks=False).st_mode
                if stat.S_ISDIR(mode):
                    pending.append(name)
                elif stat.S_ISREG(mode):
                    files.append(FileEntry(name, *hash_file(root / name)))
                else:
                    problems.append(Problem(name, kind_of(mode)))
            except UnicodeEncodeError:
                problems.append(Problem(name.encode("utf-8", "backslashreplace").decode(), "name is not valid UTF-8"))
            except OSError as error:
                problems.append(Problem(name, f"unreadable: {error.strerror or error}"))


def _collisions(files: list[FileEntry]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for entry in files:
        key = unicodedata.normalize("NFC", entry.path).casefold()
        if key in seen:
            yield Problem(entry.path, f"same name as {seen[key]} where case or Unicode form is ignored")
        seen.setdefault(key, entry.path)
