"""One writer at a time, and the mark by which the next one knows whether the one before it came to its end.

The lock is ``flock``: the kernel releases it when its holder ends, however it ends. A file system that does not keep
such locks is refused. Locks of a network file system hold only if its server keeps them for all its clients, which
cannot be seen from here.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ...errors import UsageError
from .disk import not_written

LOCK = ".lock"
WAIT_SECONDS = 60.0
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_PAUSE_SECONDS = 0.002
_MARK_BYTES = 200


class Turn:
    """The right to write to a log, while it is held.

    Args:
        handle: of the lock file.
    """

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._boot = _boot()
        self.clean = os.pread(handle, _MARK_BYTES, 0).decode("ascii", "replace") == self._boot
        """The writer before came to its end, and the machine was not started anew since."""

    def begin(self) -> None:
        """Something is about to be written."""
        os.ftruncate(self._handle, 0)

    def end(self) -> None:
        """All of it is written."""
        os.pwrite(self._handle, self._boot.encode(), 0)
        self.clean = True


@contextmanager
def turn(folder: Path, wait: float = WAIT_SECONDS) -> Iterator[Turn]:
    """Wait for the right to write to a log, and hold it.

    Args:
        folder: of the log.
        wait: seconds.

    Raises:
        UsageError: the folder cannot be written to, its file system keeps no locks, another writer does not end, or the
            disk refuses while the right is held.
    """
    try:
        handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise not_written(folder / LOCK, error) from error
    try:
        _lock(handle, folder, wait)
        _refuse_if_not_kept(folder)
        yield Turn(handle)
    except OSError as error:
        raise not_written(folder, error) from error
    finally:
        os.close(handle)


def is_clean(folder: Path) -> bool:
    """Whether the last writer came to its end, and the machine was not started anew since, as far as can be seen."""
    with suppress(OSError):
        return (folder / LOCK).read_bytes()[:_MARK_BYTES].decode("ascii", "replace") == _boot()
    return False


def _lock(handle: int, folder: Path, wait: float) -> None:
    end = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() < end:
                time.sleep(_PAUSE_SECONDS)
                continue
            why = f"another process held {folder / LOCK} for {wait:g} s"
            raise UsageError(
                f"the log at {folder} is busy", why=why, remedy="see what it does; then run again"
            ) from None
        except OSError as error:
            raise _unkept(folder, error.strerror or str(error)) from error
        return


def _refuse_if_not_kept(folder: Path) -> None:
    """Another handle must not get the lock that this one holds."""
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CLOEXEC)
    try:
        with suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            raise _unkept(folder, "two writers got the same lock")
    finally:
        os.close(handle)


def _boot() -> str:
    """What is different after every start of the machine; the same word where the system does not tell."""
    try:
        return _BOOT.read_text("ascii").strip()
    except OSError:
        return "unknown"


def _unkept(folder: Path, why: str) -> UsageError:
    return UsageError(
        f"the file system of {folder} keeps no locks", why=why, remedy="put the log on a local disk of one machine"
    )
