"""Reading a file whose bytes were verified, so that nothing can be swapped between the check and the use.

A file that is hashed and then opened again by its name may be another one by then, and one that is hashed through the
handle that is later read may be written to meanwhile. So the bytes are copied to where nobody else can write, hashed
while they are copied, and only the copy is read.

What it costs: a file of at most ``in_memory`` bytes is copied into memory (a ``memfd``, which the kernel seals against
every change, by this process too), a larger one into an unlinked file in the temporary folder, which needs as much
room there. Memory besides is constant. The time is that of hashing, since both happen in one pass.

What it does not defend against: whoever may write this process's memory (its own user, the superuser) needs no files.
"""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from ...errors import TrustError, UsageError
from .digest_sets import Hasher, check_set, differences, hashers

IN_MEMORY = 256 * 1024 * 1024
_BLOCK = 1 << 18
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # without O_NONBLOCK a pipe without writer hangs
_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


def open_verified(
    path: str | os.PathLike[str],
    digest: str | Mapping[str, str],
    *,
    size: int | None = None,
    in_memory: int = IN_MEMORY,
    temporary: Path | None = None,
) -> BinaryIO:
    """Open a file only if it has the given digest; what is read from the result are the bytes that were hashed.

    For a reader that wants a path instead of a stream, ``f"/proc/self/fd/{stream.fileno()}"`` is one of the same bytes
    for as long as the stream is open, on Linux.

    Args:
        path: the file; no symlink.
        digest: its SHA-256 in lower-case hexadecimal, or a digest set, all of which must agree.
        size: its size in bytes, where that is known: a file that is larger is then not read to its end.
        in_memory: up to how many bytes the copy is kept in memory; a larger one goes to a file.
        temporary: folder of that file; the system's by default.

    Returns:
        A stream on the copy, for reading; close it, best with ``with``, and the copy is gone.

    Raises:
        TrustError: the file has another content, or the digest is none that can be relied on.
        UsageError: the file cannot be read, or the copy cannot be written.
    """
    wanted = check_set({"sha256": digest} if isinstance(digest, str) else digest, source=str(path))
    try:
        source = os.open(path, _FLAGS)
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        return _opened(source, os.fspath(path), wanted, size, in_memory, temporary)
    except OSError as error:
        raise _unreadable(path, error) from error
    finally:
        os.close(source)


def open_below(folder: int, name: str) -> int:
    """Open a regular file below an open folder, following no symlink in any part of its path.

    Args:
        folder: descriptor of the folder.
        name: path below it, ``/`` separated, without ``.`` and ``..``.

    Returns:
        A descriptor that the caller closes.

    Raises:
        OSError: it is not there, a part of its path is a symlink, or the path leads elsewhere.
    """
    *folders, last = name.split("/")
    if {"", ".", ".."} & {*folders, last} or "\0" in name:
        raise OSError(f"{name!r} is no path below the folder")
    above, opened = folder, []
    try:
        for part in folders:
            above = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
            opened.append(above)
        return os.open(last, _FLAGS, dir_fd=above)
    finally:
        for handle in opened:
            os.close(handle)


def copy_verified(
    source: int, name: str, wanted: Mapping[str, str], size: int | None, *, in_memory: int, temporary: Path | None
) -> BinaryIO:
    """Copy what an open descriptor gives, and open the copy if it has the wanted digests.

    Raises:
        TrustError: it has not.
        OSError: it cannot be read, is no regular file, or the copy cannot be written.
    """
    return _opened(source, name, wanted, size, in_memory, temporary)


def _opened(
    source: int, name: str, wanted: Mapping[str, str], size: int | None, in_memory: int, temporary: Path | None
) -> BinaryIO:
    status = os.fstat(source)
    if not stat.S_ISREG(status.st_mode):
        raise OSError("it is not a regular file")
    if size is not None and status.st_size != size:
        raise _another(name, f"it has {status.st_size} bytes, expected were {size}")
    if status.st_size <= in_memory:
        return _in_memory(source, name, wanted, status.st_size)
    return _on_disk(source, name, wanted, status.st_size, temporary)


def _in_memory(source: int, name: str, wanted: Mapping[str, str], size: int) -> BinaryIO:
    copy = os.memfd_create("verified", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        _copy(source, copy, name, wanted, size)
        fcntl.fcntl(copy, fcntl.F_ADD_SEALS, _SEALS)
        os.lseek(copy, 0, os.SEEK_SET)
        return os.fdopen(copy, "rb")
    except BaseException:
        os.close(copy)
        raise


def _on_disk(source: int, name: str, wanted: Mapping[str, str], size: int, temporary: Path | None) -> BinaryIO:
    """A file without a name: once its only handle for writing is closed, none can be had but by this very user."""
    with tempfile.TemporaryFile(dir=temporary) as copy:
        _copy(source, copy.fileno(), name, wanted, size)
        return os.fdopen(os.open(f"/proc/self/fd/{copy.fileno()}", os.O_RDONLY | os.O_CLOEXEC), "rb")


def _copy(source: int, copy: int, name: str, wanted: Mapping[str, str], size: int) -> None:
    """Copy and hash in one pass, at most one block beyond the size that the file had when it was opened."""
    made: dict[str, Hasher] = hashers(wanted)
    buffer, left = memoryview(bytearray(_BLOCK)), size
    while count := os.readv(source, (buffer,)):
        left -= count
        if left < 0:
            raise _another(name, "it grew while it was read")
        for hasher in made.values():
            hasher.update(buffer[:count])
        _write(copy, buffer[:count])
    found = {algorithm: hasher.hexdigest() for algorithm, hasher in made.items()}
    odd = differences(wanted, found)
    if odd:
        raise _another(name, f"its {odd[0]} is {found[odd[0]]}, expected was {wanted[odd[0]]}")


def _write(handle: int, data: memoryview) -> None:
    while data:
        data = data[os.write(handle, data) :]


def _another(name: str, why: str) -> TrustError:
    return TrustError(
        f"{name} is not the file that was verified", why=why, remedy="get it again from where it was verified"
    )


def _unreadable(path: str | os.PathLike[str], error: OSError) -> UsageError:
    why = error.strerror or str(error)
    return UsageError(
        f"cannot open {os.fspath(path)} verified",
        why=why,
        remedy="give a regular file that you may read, and room for a copy of it",
    )
