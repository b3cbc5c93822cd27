"""Reading a file that the pipeline's own documents name, and nothing outside the pipeline's folder."""

from __future__ import annotations

import os
import posixpath
import stat
from pathlib import Path

from ..content import kind_of
from ..errors import EvidenceError


def read_inside(root: Path, location: str, max_bytes: int) -> bytes:
    """Read a regular file below a folder.

    Args:
        root: the folder.
        location: path relative to it, ``/`` separated.
        max_bytes: how large the file may be.

    Raises:
        EvidenceError: the path leads outside the folder, by ``..`` or by a symlink, or the file is missing, no regular
            file, unreadable or too large. No message names the folder, which differs from machine to machine.
    """
    if not is_inside(root, location):
        raise EvidenceError(f"{location} lies outside the pipeline's folder", why="it is not read")
    try:
        handle = os.open(root / location, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as stream:
            mode = os.fstat(handle).st_mode
            if not stat.S_ISREG(mode):
                raise EvidenceError(f"{location} is a {kind_of(mode)}, not a file")
            data = stream.read(max_bytes + 1)
    except OSError as error:
        raise EvidenceError(f"{location} cannot be read", why=error.strerror or str(error)) from error
    if len(data) > max_bytes:
        raise EvidenceError(f"{location} is too large", why=f"the limit is {max_bytes} bytes")
    return data


def is_inside(root: Path, location: str) -> bool:
    """Whether a path, with every symlink followed, lies below a folder."""
    if "\x00" in location or posixpath.isabs(location):
        return False
    try:
        return Path(os.path.realpath(root / location)).is_relative_to(os.path.realpath(root))
    except (OSError, ValueError):
        return False
