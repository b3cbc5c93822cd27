"""Which files of a folder are a policy set, and how much of them is read."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from ..errors import PolicyError
from .names import odd_characters

MAX_FILE_BYTES = 1024 * 1024
MAX_FILES = 2_000
MAX_TOTAL_BYTES = 32 * 1024 * 1024

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
FOLDERS = ("checklists", "controls", "lib", "mappings", "parameters")


def is_source(path: str) -> bool:
    """True for the path of a module, checklist, mapping or file of parameters; tests decide nothing and are out."""
    parts = path.split("/")
    if parts[0] not in FOLDERS or len(parts) < 2 or not all(_NAME.fullmatch(part) for part in parts):
        return False
    return path.endswith((".rego", ".yaml")) and not path.endswith("_test.rego")


def check_letters(path: str) -> None:
    """Refuse a path of a policy whose letters are not what they seem; leaving it out would be silent.

    Raises:
        PolicyError: it is not ASCII.
    """
    if odd := odd_characters(path):
        raise PolicyError(f"{path!r} is no name for a policy", why=f"it has {odd}", remedy="use ASCII letters only")


def read_folder(folder: Path) -> dict[str, bytes]:
    """Read the policy set in a folder.

    Args:
        folder: holds ``controls/``, and ``lib/``, ``checklists/`` and ``mappings/`` where there are any.

    Returns:
        Path below the folder to content.

    Raises:
        PolicyError: it is no folder, a file of the set is a link, unreadable or too large, or there are too many.
    """
    if not folder.is_dir():
        raise PolicyError(
            f"{folder} is not a folder of policies", remedy="give a folder with controls/ in it, or a bundle"
        )
    return _read_all(folder, is_source)


def read_tests(folder: Path) -> dict[str, bytes]:
    """The tests of policies in a folder, path to content; raises as ``read_folder`` does."""
    return _read_all(folder, lambda name: name.endswith("_test.rego"))


def check_total(files: int, size: int) -> None:
    """Refuse a set of more files or bytes than a policy set can have."""
    if files > MAX_FILES or size > MAX_TOTAL_BYTES:
        raise PolicyError(
            "the policy set is too large", why=f"over {MAX_FILES} files or {MAX_TOTAL_BYTES} bytes in all"
        )


def read_file(path: Path) -> bytes:
    """The content of one file of a policy set.

    Raises:
        PolicyError: it is a link, unreadable or too large.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as stream:
            regular = stat.S_ISREG(os.fstat(handle).st_mode)
            data = stream.read(MAX_FILE_BYTES + 1) if regular else b""
    except OSError as error:
        raise PolicyError(f"cannot read the policy {path}", why=error.strerror or str(error)) from error
    if not regular or len(data) > MAX_FILE_BYTES:
        raise PolicyError(f"{path} cannot be a policy", why=f"not a regular file, or over {MAX_FILE_BYTES} bytes")
    return data


def _read_all(folder: Path, wanted: Callable[[str], bool]) -> dict[str, bytes]:
    sources: dict[str, bytes] = {}
    size = 0
    for name, path in _files(folder):
        if wanted(name):
            sources[name] = read_file(path)
            size += len(sources[name])
            check_total(len(sources), size)
    return sources


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for top in FOLDERS:
        for root, folders, names in os.walk(folder / top):
            folders.sort()
            for linked in (path for path in (Path(root), *(Path(root, name) for name in folders)) if path.is_symlink()):
                raise PolicyError(
                    f"{linked} is a link", why="what it leads to can change unseen", remedy="copy it here"
                )
            for name in sorted(names):
                path = Path(root, name)
                check_letters(path.relative_to(folder).as_posix())
                yield path.relative_to(folder).as_posix(), path
