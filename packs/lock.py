"""The lock file, ``probatum.lock``: what each source of policies held when somebody looked at it.

It is JSON, written by a program for a program and for the eyes of a reviewer: sorted, one value a line, read strictly
(no duplicate keys). See docs/decisions/0007.
"""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from .. import strict_json
from ..errors import EvidenceError, PolicyError
from ..files import read_limited
from .pack import Pack
from .source import Source

FILE_NAME = "probatum.lock"
SCHEMA = "https://probatum.dev/policy-lock/v1"
RENEW = "compare the two; if the new one is right, run 'probatum policy lock' and review the change"
_MAX_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Locked:
    """One entry.

    Args:
        source: as the manifest writes it, without credentials.
        name: of the pack.
        version: that the pack states, or empty.
        pin: commit or digest that fixes a remote source; empty for files of this machine.
        archive: SHA-256 of the bundle's bytes; empty for a folder.
        digest: SHA-256 of the policies.
    """

    source: str
    name: str
    version: str
    pin: str
    archive: str
    digest: str

    @classmethod
    def of(cls, pack: Pack, pin: str) -> Locked:
        """The entry of a pack.

        Args:
            pack: as it was opened.
            pin: that fixes its source.
        """
        return cls(pack.source, pack.name, pack.version, pin, pack.archive, pack.policies.digest)

    def to_document(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "source": self.source,
            "name": self.name,
            "version": self.version,
            "pin": self.pin,
            "archive": {"sha256": self.archive} if self.archive else None,
            "digest": {"sha256": self.digest},
        }


@dataclass(frozen=True)
class Lock:
    """A lock file.

    Args:
        entries: one per source.
        path: where it lies, for errors.
    """

    entries: tuple[Locked, ...]
    path: Path

    @cached_property
    def _by_source(self) -> dict[str, Locked]:
        return {entry.source: entry for entry in self.entries}

    def get(self, source: Source) -> Locked | None:
        """The entry of a source, or None."""
        return self._by_source.get(source.shown)

    def to_bytes(self) -> bytes:
        """The file's one form."""
        entries = sorted(self.entries, key=lambda entry: entry.source)
        document = {"schema": SCHEMA, "packs": [entry.to_document() for entry in entries]}
        return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode("utf-8")


def lock_schema() -> dict[str, Any]:
    """The JSON Schema of a lock file."""
    text = importlib.resources.files(__package__).joinpath("lock.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def read_lock(path: Path) -> Lock | None:
    """Read a lock file; None when there is none.

    Raises:
        UsageError: it cannot be read.
        PolicyError: it is malformed, or names a source twice.
    """
    if not path.exists():
        return None
    try:
        document = strict_json.loads(read_limited(path, _MAX_BYTES), source=str(path))
    except EvidenceError as error:
        raise PolicyError(error.what, why=error.why, remedy="restore it, or run 'probatum policy lock'") from error
    _check(document, path)
    lock = Lock(tuple(map(_entry, document["packs"])), path)
    if len({entry.source for entry in lock.entries}) != len(lock.entries):
        raise PolicyError(f"{path} names a source twice", remedy="restore it, or run 'probatum policy lock'")
    return lock


def _entry(item: Mapping[str, Any]) -> Locked:
    archive = item["archive"]
    return Locked(
        item["source"],
        item["name"],
        item["version"],
        item["pin"],
        archive["sha256"] if archive else "",
        item["digest"]["sha256"],
    )


def _check(document: Any, path: Path) -> None:
    from jsonschema import Draft202012Validator

    from ..evaluator.schema_check import first_problem

    problem = first_problem(Draft202012Validator(lock_schema()), document)
    if problem is not None:
        raise PolicyError(f"{path} is no lock file", why=problem, remedy="restore it, or run 'probatum policy lock'")
