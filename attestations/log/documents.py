"""What can be logged, where it lies, and where its proof goes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...files import read_limited, write_atomic
from ..package.names import LOG_PROOF
from ..package.put import as_folder, is_package, put
from .kept import MAX_BYTES, read_verdict


@dataclass(frozen=True)
class Document:
    """A signed statement.

    Args:
        path: of the file.
        data: its bytes.
        package: the verdict package that it lies in, a folder or a ZIP file; None for a file by itself.
    """

    path: Path
    data: bytes
    package: Path | None = None

    def keep(self, proof: bytes) -> Path:
        """Put its proof where it belongs: into its package, or beside it.

        Returns:
            The proof's path.

        Raises:
            UsageError: it cannot be written.
        """
        if self.package is None:
            path = self.path.with_name(f"{self.path.name}.tlog-proof")
            write_atomic(path, proof)
            return path
        put(self.package, {LOG_PROOF: proof})
        return self.package / LOG_PROOF


def document_at(path: Path) -> Document:
    """The signed statement in a file, or the verdict in a package.

    Raises:
        UsageError: there is none.
        TrustError: the package has two, or must not be unpacked.
    """
    if not is_package(path):
        return Document(path, read_limited(path, MAX_BYTES))
    with as_folder(path) as folder:
        name, data = read_verdict(folder, path)
    return Document(path / name, data, path)
