"""The advisories about Python packages, indexed by package."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ...errors import EvidenceError
from ...strict_json import Limits, loads
from .documents import RawDocument, ReadLimits, documents, open_source
from .record import Record, parse_record
from .yaml_text import load_text

_JSON = Limits(max_bytes=ReadLimits.document_bytes, max_depth=32)


@dataclass(frozen=True)
class Malformed:
    """A file of the database that is not an advisory, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Database:
    """A folder or archive of advisories, read once.

    Args:
        sha256: digest of the files (of the archive), as `content` computes it.
        records: number of well-formed advisories, of any ecosystem.
        newest: when the most recently changed one was changed.
        malformed: files that are not advisories.
        packages: normalised package name to the records that are about it.
    """

    sha256: str
    records: int
    newest: datetime | None
    malformed: Sequence[Malformed]
    packages: Mapping[str, Sequence[Record]]

    def to_document(self) -> dict[str, Any]:
        """What an observation says of it."""
        newest = None if self.newest is None else self.newest.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "digest": self.sha256,
            "advisories": self.records,
            "newest": newest,
            "malformed": len(self.malformed),
        }


def read_database(path: Path, limits: ReadLimits = ReadLimits()) -> Database:  # noqa: B008  # frozen
    """Read all advisories; a malformed one is reported in the database and does not stop the others.

    Args:
        path: a folder, searched to any depth; one advisory; or a zip archive.
        limits: how large it may be.

    Raises:
        EvidenceError: it cannot be read, is over a limit, or holds no advisory.
    """
    source = open_source(path)
    packages: dict[str, list[Record]] = defaultdict(list)
    malformed: list[Malformed] = []
    count, newest = 0, None
    for document in documents(source, limits):
        try:
            record = parse_record(_parsed(document))
        except (EvidenceError, ValueError) as error:
            malformed.append(Malformed(document.name, str(error)[:300]))
            continue
        count += 1
        newest = record.modified if newest is None else max(newest, record.modified)
        for name in {item.package for item in record.affected}:
            packages[name].append(record)
    if not count:
        reason = f"{malformed[0].name}: {malformed[0].reason}" if malformed else "no *.json or *.yaml file is in it"
        raise EvidenceError(
            f"{path.name} holds no OSV advisory", why=reason, remedy="point 'advisories' at OSV advisories"
        )
    return Database(source.sha256, count, newest, tuple(malformed), dict(packages))


def _parsed(document: RawDocument) -> Any:
    if document.data is None:
        raise ValueError(document.problem)
    if document.name.lower().endswith(".json"):
        return loads(document.data, source="the file", limits=_JSON)
    return load_text(document.data)
