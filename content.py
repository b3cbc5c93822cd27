"""The digest of a subject's content: of one file, or of everything below a folder.

Rules (DESIGN section 4):

- one file: the SHA-256 of its bytes;
- a folder: the SHA-256 of the canonical JSON list of ``{path, sha256, size}``, sorted by path, so names are covered;
- what cannot be part of such a list (a symlink, a device, an unreadable file, two names that one file system would take
  for the same, a file that changes while it is read) is a *problem* that the caller must report; it is never left out
  quietly.

Hard links are ordinary files: each name is listed with its bytes. A folder has no content of its own, so an empty one
changes nothing. Nothing is opened through a symlink below the location, whatever happens to the tree meanwhile.
Files are streamed in blocks, so memory does not grow with their size.
"""

from __future__ import annotations

import hashlib
import os
import stat
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring as _json  # escapes text exactly as RFC 8785 section 3.2.2.2 asks
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple, Protocol

_BLOCK = 1 << 18  # small enough to be still in the processor's cache when it is hashed
_SMALL = 1 << 14  # a file below this size is read in one call
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # without O_NONBLOCK a pipe without writer hangs
_FOLDER = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_DIRECTORY
_KINDS = {
    stat.S_IFLNK: "symlink",
    stat.S_IFBLK: "block device",
    stat.S_IFCHR: "character device",
    stat.S_IFIFO: "named pipe",
    stat.S_IFSOCK: "socket",
    stat.S_IFDIR: "folder",
    stat.S_IFREG: "file",
}


class _Hasher(Protocol):
    def update(self, data: memoryview, /) -> None: ...
    def hexdigest(self) -> str: ...


class FileEntry(NamedTuple):
    """One file of a content. A tuple, because there can be a great many.

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
        OSError: the location itself does not exist, cannot be read, is a symlink or a device, or is one file that
            changes while it is read.
    """
    mode = path.lstat().st_mode
    if stat.S_ISDIR(mode):
        return _folder(path)
    if not stat.S_ISREG(mode):
        raise OSError(f"{path} is a {kind_of(mode)}, not a file or a folder")
    entry = FileEntry(path.name, *hash_file(path))
    return Content(path, entry.sha256, (entry,))


def hash_file(path: Path, *, algorithm: str = "sha256") -> tuple[int, str]:
    """Size in bytes and digest of one regular file, which is opened without following a symlink.

    Args:
        path: the file.
        algorithm: a name that ``hashlib.new`` knows.

    Raises:
        OSError: it cannot be read, is not a regular file, or changed meanwhile.
    """
    handle = os.open(path, _FILE)
    try:
        return _hash_handle(handle, hashlib.new(algorithm, usedforsecurity=False))
    finally:
        os.close(handle)


def manifest_digest(files: Iterable[FileEntry]) -> str:
    """The digest of a folder: SHA-256 of the RFC 8785 form of the list of ``{path, sha256, size}``, in the given order.

    The rows are written here, not by the general encoder, which takes longer than the hashing of small files.
    """
    rows = [f'{{"path":{_json(path)},"sha256":"{sha256}","size":{size}}}' for path, size, sha256 in files]
    return hashlib.sha256(f"[{','.join(rows)}]".encode()).hexdigest()


def stamps(path: Path) -> frozenset[tuple[str, int, int, int, int]]:
    """What changes when anything at or below a location is written, replaced, added or removed.

    Returns:
        For every entry its path, inode, size in bytes, and times of modification and of change in nanoseconds; the
        last of them cannot be set back. Empty when nothing is there.
    """
    found = []
    pending = [str(path)]
    while pending:
        name = pending.pop()
        try:
            entry = os.lstat(name)
            if stat.S_ISDIR(entry.st_mode):
                pending += [f"{name}/{child}" for child in os.listdir(name)]  # noqa: PTH208  names are enough
        except OSError:
            continue
        found.append((name, entry.st_ino, entry.st_size, entry.st_mtime_ns, entry.st_ctime_ns))
    return frozenset(found)


def kind_of(mode: int) -> str:
    """What a file mode stands for, in words."""
    return _KINDS.get(stat.S_IFMT(mode), "special file")


def _hash_handle(handle: int, hasher: _Hasher) -> tuple[int, str]:
    before = os.fstat(handle)
    if not stat.S_ISREG(before.st_mode):
        raise OSError(f"a {kind_of(before.st_mode)}, not a regular file")
    buffer, size = memoryview(bytearray(_BLOCK)), 0
    while count := os.readv(handle, (buffer,)):
        hasher.update(buffer[:count])
        size += count
        if size > before.st_size:
            break
    after = os.fstat(handle)
    if (size, before.st_mtime_ns, before.st_ctime_ns) != (after.st_size, after.st_mtime_ns, after.st_ctime_ns):
        raise OSError("it changed while it was read")
    return size, hasher.hexdigest()


def _folder(root: Path) -> Content:
    walk = _Walk(root)
    walk.run()
    files = tuple(sorted(walk.files, key=itemgetter(0)))
    problems = [*sorted(walk.problems, key=lambda problem: problem.path), *_collisions(files, walk.folders)]
    return Content(root, manifest_digest(files), files, tuple(problems), folder=True)


_new_entry = tuple.__new__  # what FileEntry() comes down to, without its cost


class _Walk:
    """One pass over a folder, which collects its files and its problems."""

    def __init__(self, root: Path) -> None:
        self.files: list[FileEntry] = []
        self.folders: list[str] = []
        self.problems: list[Problem] = []
        self._root = root
        self._pending = [""]

    def run(self) -> None:
        while self._pending:
            prefix = self._pending.pop()
            try:
                self._folder(prefix)
            except OSError as error:
                self._problem(prefix or ".", f"unreadable folder: {error.strerror or error}")

    def _folder(self, prefix: str) -> None:
        start = f"{prefix}/" if prefix else ""
        handle = self._open(prefix)
        try:
            with os.scandir(handle) as entries:
                for entry in entries:
                    path = start + entry.name
                    try:
                        path.encode()
                        if entry.is_file(follow_symlinks=False):
                            self.files.append(_entry_of(path, entry.name, handle))
                        else:
                            self._other(entry, path)
                    except UnicodeEncodeError:
                        shown = path.encode("utf-8", "backslashreplace").decode()
                        self._problem(shown, "its name is not valid UTF-8")
                    except OSError as error:
                        self._problem(path, f"unreadable: {error.strerror or error}")
        finally:
            os.close(handle)

    def _open(self, prefix: str) -> int:
        """Open a folder from the root downwards, so that no part of its path can be a symlink."""
        handle = os.open(self._root, _FOLDER)
        for part in prefix.split("/") if prefix else ():
            above = handle
            try:
                handle = os.open(part, _FOLDER, dir_fd=above)
            finally:
                os.close(above)
        return handle

    def _other(self, entry: os.DirEntry[str], path: str) -> None:
        if entry.is_dir(follow_symlinks=False):
            self._pending.append(path)
            self.folders.append(path)
        else:
            self._problem(path, kind_of(entry.stat(follow_symlinks=False).st_mode))

    def _problem(self, path: str, reason: str) -> None:
        self.problems.append(Problem(path, reason))


def _entry_of(path: str, name: str, folder: int) -> FileEntry:
    """Hash one file of a folder; a small one with the fewest system calls, since these are what 20,000 files cost."""
    handle = os.open(name, _FILE, dir_fd=folder)
    try:
        data = os.read(handle, _SMALL)
        if len(data) < _SMALL and not os.read(handle, 1):
            return _new_entry(FileEntry, (path, len(data), hashlib.sha256(data).hexdigest()))
        os.lseek(handle, 0, os.SEEK_SET)
        return FileEntry(path, *_hash_handle(handle, hashlib.sha256()))
    finally:
        os.close(handle)


def _collisions(files: Sequence[FileEntry], folders: Iterable[str]) -> Iterator[Problem]:
    """Names that are one name where case or Unicode form is ignored, those of a file and of a folder among them."""
    keys = [path.lower() if path.isascii() else _folded(path) for path, _, _ in files]
    first = dict(zip(reversed(keys), reversed(files), strict=True))
    if len(first) < len(files):
        for key, entry in zip(keys, files, strict=True):
            if first[key] is not entry:
                yield Problem(entry.path, f"same name as {first[key].path} where case or Unicode form is ignored")
    for folder in sorted(folders):
        if (file := first.get(_folded(folder))) is not None:
            yield Problem(file.path, f"same name as the folder {folder} where case or Unicode form is ignored")


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())
