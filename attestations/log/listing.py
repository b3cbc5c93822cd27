"""Finding entries of a log, and what each says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ... import strict_json
from ...errors import EvidenceError
from .store import Log
from .tiles import WIDTH


def listed(log: Log, *, last: int | None = None, containing: str = "") -> Iterator[dict[str, Any]]:
    """Entries of a log, the newest first.

    Args:
        log: whose.
        last: how many at most; None for all.
        containing: only those with this text in them: a digest, a pipeline, a key id.

    Raises:
        TrustError: the log is damaged.
    """
    size = log.checkpoint().size
    reader, wanted = log.reader(size), containing.encode()
    for index in reversed(range((size + WIDTH - 1) // WIDTH)):
        for place, entry in reversed(list(enumerate(reader.entries(index), start=index * WIDTH))):
            if last is not None and last <= 0:
                return
            if wanted in entry:
                last = None if last is None else last - 1
                yield {"index": place, **_said(entry)}


def find(log: Log, entry: bytes) -> int | None:
    """The index of the newest entry with this content; None where there is none.

    Raises:
        TrustError: the log is damaged.
    """
    size = log.checkpoint().size
    reader = log.reader(size)
    for index in reversed(range((size + WIDTH - 1) // WIDTH)):
        entries = reader.entries(index)
        if entry in entries:
            return index * WIDTH + len(entries) - 1 - entries[::-1].index(entry)
    return None


def _said(entry: bytes) -> dict[str, Any]:
    """What an entry says; its beginning, where it is none that Probatum wrote."""
    try:
        document = strict_json.loads(entry, source="the entry")
        return {**document, "document": document["document"]["sha256"]}
    except (EvidenceError, KeyError, TypeError):
        return {"document": entry[:64].decode("ascii", "replace")}
