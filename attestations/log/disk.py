"""Reading and writing a log's files: whole or not at all, without following links, and synced only when asked to."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from ...errors import TrustError, UsageError

PART = ".part"


def read_file(folder: Path, path: str, limit: int) -> bytes:
    """Read a file of a log.

    Args:
        folder: of the log.
        path: below it.
        limit: bytes that it may have.

    Raises:
        OSError: there is no such file.
        TrustError: it is a link or no regular file, it is reached through a link, or it is larger.
    """
    _refuse_links(folder, path)
    handle = os.open(folder / path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise _odd(path, "it is no regular file")
        parts = []
        while limit >= 0 and (part := os.read(handle, limit + 1)):
            parts.append(part)
            limit -= len(part)
    finally:
        os.close(handle)
    if limit < 0:
        raise _odd(path, "it is larger than any log's")
    return b"".join(parts)


def write_file(folder: Path, path: str, data: bytes, *, sync: bool) -> None:
    """Put a file in its place in one step.

    Args:
        folder: of the log.
        path: below it.
        data: the content.
        sync: the content is on the disk before the file gets its name; the name itself is by `sync_folders`.

    Raises:
        UsageError: it cannot be written.
        TrustError: a link is in the way.
    """
    target = folder / path
    part = target.with_name(f"{target.name}{PART}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _refuse_links(folder, path)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            write_all(handle, data)
            if sync:
                os.fdatasync(handle)
        finally:
            os.close(handle)
        part.replace(target)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise not_written(target, error) from error


def sync_folders(folder: Path, paths: list[str]) -> None:
    """Put the names of files on the disk, and those of the folders that they are in.

    Raises:
        UsageError: the disk refuses.
    """
    names = {folder / parent for path in paths for parent in Path(path).parents}
    for name in sorted(names, reverse=True):
        try:
            handle = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise not_written(name, error) from error


def write_all(handle: int, data: bytes) -> None:
    """Write every byte to an open file.

    Raises:
        OSError: it cannot be written.
    """
    while data:
        data = data[os.write(handle, data) :]


def not_written(path: Path, error: OSError) -> UsageError:
    """What a user hears when the disk refuses."""
    why = error.strerror or str(error)
    return UsageError(f"cannot write {path}", why=why, remedy="free or mend the disk; the log is as it was")


def _refuse_links(folder: Path, path: str) -> None:
    """A link inside the log could lead reads and writes anywhere."""
    place = str(folder)
    for part in path.split("/"):
        place = f"{place}/{part}"
        with suppress(FileNotFoundError):
            if stat.S_ISLNK(os.lstat(place).st_mode):
                raise _odd(path, f"{place} is a link")


def _odd(path: str, why: str) -> TrustError:
    return TrustError(f"the log's {path} is no file of a log", why=why, remedy="restore the log from a copy")
