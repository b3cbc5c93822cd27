"""Files written whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from pathlib import Path
from typing import BinaryIO

from .errors import UsageError


def write_atomic(path: Path, data: bytes, *, mode: int = 0o644, beside: Path | None = None) -> None:
    """Replace a file's content in one step, so that a reader or a crash never sees half of it.

    Args:
        path: the file; its folder is made if it is missing.
        data: the new content.
        mode: permission bits of the file.
        beside: folder of the same file system for the unfinished file, where the file's own may hold nothing else.

    Raises:
        UsageError: the folder cannot be written to.
    """
    if _is_device(path):
        path.write_bytes(data)  # as a shell does: whoever may would else put a file in the place of /dev/null
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=beside or path.parent, prefix=f".{path.name[:32]}.")
    except OSError as error:
        raise _not_writable(path, error) from error
    try:
        with os.fdopen(handle, "wb") as stream:
            os.fchmod(stream.fileno(), mode)
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except BaseException as error:  # an interrupt, too, leaves nothing behind
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _not_writable(path, error) from error
        raise


def _is_device(path: Path) -> bool:
    try:
        mode = path.lstat().st_mode
    except OSError:
        return False
    return stat.S_ISCHR(mode) or stat.S_ISBLK(mode) or stat.S_ISFIFO(mode)


def read_limited(path: Path, max_bytes: int) -> bytes:
    """Read a file of at most ``max_bytes`` bytes.

    Raises:
        UsageError: the file cannot be read, or is larger.
    """
    try:
        with open_file(path) as stream:
            data = stream.read(max_bytes + 1)
    except OSError as error:
        raise UsageError(f"cannot read {path}", why=error.strerror or str(error), remedy="check the path") from error
    if len(data) > max_bytes:
        raise UsageError(
            f"{path} is too large",
            why=f"over {max_bytes} bytes",
            remedy="raise the limit if it is genuine (--max-mib where a command has it)",
        )
    return data


def open_file(path: Path) -> BinaryIO:
    """Open a file for reading, and never wait for somebody who writes: a named pipe in a folder of others would hang.

    What the user's own shell hands over as ``/dev/stdin`` or ``/dev/fd/N`` may be a pipe.

    Raises:
        OSError: it cannot be opened, or is a pipe, a socket or a device.
    """
    if path.parts[:2] == ("/", "dev"):
        return path.open("rb")
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        mode = os.fstat(handle).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def _not_writable(path: Path, error: OSError) -> UsageError:
    return UsageError(
        f"cannot write {path}",
        why=error.strerror or str(error),
        remedy="choose a folder that you may write to; nothing was changed",
    )
