"""Raw tool output, kept by digest beside the graph."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator


class ReportStore:
    """Holds each distinct report once, in memory; the verdict package writes it out under its digest."""

    def __init__(self) -> None:
        self._reports: dict[str, bytes] = {}

    def add(self, data: bytes, media_type: str) -> dict[str, str]:
        """Keep a report.

        Args:
            data: the tool's output, byte for byte.
            media_type: IANA media type of the output.

        Returns:
            ``sha256`` and ``media_type``, as an observation's ``report`` has them.
        """
        digest = hashlib.sha256(data).hexdigest()
        self._reports[digest] = data
        return {"sha256": digest, "media_type": media_type}

    def take(self, other: ReportStore) -> None:
        """Keep every report of another store, too."""
        self._reports |= other._reports

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        """Digest and content of every report, sorted by digest."""
        return iter(sorted(self._reports.items()))
