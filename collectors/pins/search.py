"""Every pin that lies in a pipeline's folder."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ...errors import ProbatumError
from ..discovery import discover
from ..locations import read_inside
from .checksums import is_checksums, read_checksums
from .dvc import is_dvc, read_dvc
from .in_toto import read_in_toto
from .pin import Pin, Statement

MAX_BYTES = 16 * 1024 * 1024
"""The largest file that is read for pins."""


@dataclass
class Found:
    """The pins of a pipeline.

    Args:
        statements: with the path of the document that makes each.
        broken: documents that could not be read, with the reason.
        documents: path and SHA-256 of each document that was read.
        replaced: paths and digests that a later step of the same pipeline replaced.
    """

    statements: list[tuple[str, Statement]] = field(default_factory=list)
    broken: list[tuple[str, str]] = field(default_factory=list)
    documents: dict[str, str] = field(default_factory=dict)
    replaced: set[tuple[str, str]] = field(default_factory=set)


def find_pins(root: Path) -> Found:
    """Read every DVC file, checksum file and attestation below a folder, following no symlink."""
    found = Found()
    seen = discover(root)
    for path in seen.of_kind("pin", "attestation"):
        try:
            data = read_inside(root, path, MAX_BYTES)
            found.documents[path] = hashlib.sha256(data).hexdigest()
            found.statements += [(path, statement) for statement in _read(root, data, PurePosixPath(path), found)]
        except ProbatumError as error:
            found.broken.append((path, str(error)))
    found.statements = [item for item in found.statements if not _is_replaced(item[1], found)]
    return found


def _read(root: Path, data: bytes, path: PurePosixPath, found: Found) -> Iterator[Statement]:
    if is_dvc(path):
        yield from read_dvc(data, path, _stages(root, path))
    elif is_checksums(path):
        yield from read_checksums(data, path)
    elif "sha256" not in path.name.lower():  # otherwise the name only speaks of checksums
        claims = read_in_toto(data, path)
        found.replaced |= claims.replaced
        yield from claims.statements


def _stages(root: Path, path: PurePosixPath) -> bytes | None:
    beside = path.with_name("dvc.yaml")
    if path.name != "dvc.lock" or not (root / beside).is_file():
        return None
    return read_inside(root, str(beside), MAX_BYTES)


def _is_replaced(statement: Statement, found: Found) -> bool:
    return isinstance(statement, Pin) and any((name, statement.expected) in found.replaced for name in statement.names)
