"""Packages that are there already, folders and ZIP files alike: looked into, and files put in beside the verdict."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ...errors import UsageError
from ...files import write_atomic
from .zip_package import is_zip, unzipped, zip_bytes


def is_package(path: Path) -> bool:
    """Whether something may be a verdict package: a folder, or an archive whatever it is called."""
    try:
        return path.is_dir() or (path.is_file() and is_zip(path))
    except OSError:
        return False  # whoever reads it says why it cannot be read


@contextmanager
def as_folder(package: Path) -> Iterator[Path]:
    """A package as a folder; that of a ZIP file is gone afterwards.

    Raises:
        UsageError: it cannot be read.
        TrustError: it is an archive that must not be unpacked.
    """
    if package.is_dir():
        yield package
        return
    with unzipped(package) as folder:
        yield folder


def put(package: Path, files: Mapping[str, bytes]) -> None:
    """Put files into a package, each in one step; a ZIP file is written anew, with its other files as they were.

    Others may do the same at once: one waits for the other. A crash leaves no unfinished file in a package.

    Args:
        package: a folder or a ZIP file.
        files: by paths that the verdict does not name (`names.outside_verdict`); the first is written last, for the
            others mean nothing without it.

    Raises:
        UsageError: it cannot be read or written.
        TrustError: it is an archive that must not be unpacked.
    """
    with alone(package.resolve().parent):
        if package.is_dir():
            for path in reversed(list(files)):
                write_atomic(package / path, files[path], beside=_beside(package.resolve()))
            return
        with unzipped(package) as folder:
            there = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
            data = zip_bytes({**{path: place.read_bytes() for path, place in there.items()}, **files})
        write_atomic(package.resolve(), data)


def _beside(package: Path) -> Path | None:
    """Where unfinished files lie: beside the package, unless that is a mounted folder or nobody may write there."""
    parent = package.parent
    return parent if parent.stat().st_dev == package.stat().st_dev and os.access(parent, os.W_OK) else None


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a folder against others who do the same; the system lets go of it when this process ends.

    Raises:
        UsageError: there is no such folder.
    """
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        why = error.strerror or str(error)
        raise UsageError(f"cannot open {folder}", why=why, remedy="check the path") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
