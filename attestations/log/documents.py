"""What can be logged, where it lies, and where its proof goes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..package.names import LOG_PROOF
from .kept import read_plain, read_verdict


@dataclass(frozen=True)
class Document:
    """A signed statement.

    Args:
        path: of the file.
        data: its bytes.
        proof: where its proof goes: beside it, or the name that a verdict package has for it.
    """

    path: Path
    data: bytes
    proof: Path


def document_at(path: Path) -> Document:
    """The signed statement in a file, or the verdict in a package.

    Raises:
        UsageError: there is none.
        TrustError: the package has two.
    """
    if path.is_dir():
        name, data = read_verdict(path)
        return Document(path / name, data, path / LOG_PROOF)
    return Document(path, read_plain(path), path.with_name(f"{path.name}.tlog-proof"))
