"""Where the CycloneDX documents of a pipeline are."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import UsageError
from ..discovery import PASSED_FOLDERS

_JSON = (".cdx.json",)
_XML = (".cdx.xml",)
_NAMES = {"bom.json", "bom.xml"}


@dataclass(frozen=True)
class Candidate:
    """A file that should be a CycloneDX document.

    Args:
        name: path below the pipeline's folder, ``/`` separated.
        path: absolute.
        problem: why it cannot be examined; empty when it can.
        named: the settings name it, or its name says that it is one; else it may be something else.
    """

    name: str
    path: Path
    problem: str = ""
    named: bool = True


def candidates(root: Path, settings: Mapping[str, Any]) -> list[Candidate]:
    """The files named in ``path`` or ``paths``, else every ``*.cdx.json`` and ``bom.json`` (and XML) below the folder.

    Raises:
        UsageError: a setting is wrong; names the field.
    """
    for name in settings:
        if name not in {"path", "paths"}:
            raise _wrong(name, "it is not a setting", "known are path, paths")
    if not settings:
        return sorted(_walk(root), key=lambda item: item.name)
    given = settings.get("paths", [])
    if not isinstance(given, list):
        raise _wrong("paths", f"{given!r} is not a list", "give a list of paths")
    named = [*given, *([settings["path"]] if "path" in settings else [])]
    return [_named(root, name) for name in named]


def _named(root: Path, name: Any) -> Candidate:
    if not isinstance(name, str) or not name or "\0" in name:
        raise _wrong("path", f"{name!r} is not a path", "give the path of a CycloneDX document")
    path = (root / name).resolve()
    if not path.is_relative_to(root.resolve()):
        raise _wrong("path", f"{name!r} lies outside the pipeline", "move the document into the pipeline's folder")
    if not path.is_file():
        raise _wrong("path", f"no file is at {name!r}", "give the path of a CycloneDX document")
    return _candidate(path.relative_to(root.resolve()).as_posix(), path, named=True)


def _walk(root: Path) -> Iterator[Candidate]:
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if name not in PASSED_FOLDERS)
        for file in sorted(files):
            lower = file.lower()
            if lower.endswith(_JSON + _XML) or lower in _NAMES:
                path = Path(folder, file)
                yield _candidate(path.relative_to(root).as_posix(), path, named=lower not in _NAMES)


def _candidate(name: str, path: Path, *, named: bool) -> Candidate:
    problem = ""
    if path.is_symlink():
        problem = "a symlink is not followed"
    elif name.lower().endswith(".xml"):
        problem = "CycloneDX in XML is not supported; write it as JSON"
    return Candidate(name, path, problem, named)


def _wrong(field: object, why: str, remedy: str) -> UsageError:
    return UsageError(f"collectors.ml_bom.{field} is wrong", why=why, remedy=remedy)
